/* test_figure.c: every formula on random runs against a second, naive computation of it, from flat lists of what workers counted. */
#include "base/mem.h"
#include "judge/figure.h"
#include <math.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdint.h>

#include <cmocka.h>

static uint64_t seed = 1;

static uint64_t draw(uint64_t below)
{
	seed = seed * 6364136223846793005u + 1442695040888963407u;
	return (seed >> 20) % below;
}

/* Small, large, none, and more than sums can hold. */
static uint64_t draw_count(void)
{
	switch (draw(8)) {
	case 0:
		return 0;
	case 1:
		return draw(40) ? draw(1u << 30) : UINT64_MAX;
	default:
		return draw(1000) * draw(1000000);
	}
}

static struct histogram *draw_histogram(void)
{
	struct histogram *h = xcalloc(1, sizeof(*h));

	for (uint64_t n = draw(30); n > 0; n--)
		histogram_count(h, draw(1u << draw(30)));
	return h;
}

static void draw_phase(struct facts_phase *p, bool sound)
{
	p->there = draw(6) != 0;
	for (size_t i = 0; i < FACTS_COUNTS && p->there; i++) {
		p->has[i] = sound || draw(40) != 0;
		p->v[i] = draw_count();
	}
	p->latency = p->there && draw(2) ? draw_histogram() : NULL;
	p->slack = p->there && draw(4) == 0 ? draw_histogram() : NULL;
}

static const char *const names[] = { "a", "b", "c" };

static struct facts draw_facts(void)
{
	struct facts f = { .n_workers = draw(7), .phases = 1 + draw(4) };
	bool sound = draw(3) != 0;

	f.workers = xcalloc(f.n_workers + 1, sizeof(*f.workers));
	for (size_t i = 0; i < f.n_workers; i++) {
		struct facts_worker *w = &f.workers[i];

		w->id = i;
		w->group = xstrdup(names[draw(countof(names))]);
		w->n = f.phases - draw(2);
		w->phases = xcalloc(w->n + 1, sizeof(*w->phases));
		for (size_t k = 0; k < w->n; k++)
			draw_phase(&w->phases[k], sound);
	}
	return f;
}

/* What one worker counted over the phases, as long double; unknown as negative. The naive side has no other notion of absent. */
struct flat {
	long double v[FACTS_COUNTS];
};

static bool in_phases(size_t k, int phase)
{
	return phase == PHASE_ALL ? k >= 1 : (int)k == phase;
}

static size_t flatten(const struct facts *f, const char *group, int phase, struct flat *out)
{
	size_t n = 0;

	for (size_t i = 0; i < f->n_workers; i++) {
		const struct facts_worker *w = &f->workers[i];
		struct flat x = { 0 };
		bool there = false;

		if (group && strcmp(group, w->group) != 0)
			continue;
		for (size_t k = 0; k < w->n; k++) {
			if (!in_phases(k, phase) || !w->phases[k].there)
				continue;
			there = true;
			for (size_t c = 0; c < FACTS_COUNTS; c++) {
				long double v = (long double)w->phases[k].v[c];

				if (!w->phases[k].has[c])
					x.v[c] = -1;
				else if (x.v[c] >= 0 && (c == FACTS_GAP || c == FACTS_GAP_CPU))
					x.v[c] = fmaxl(x.v[c], v);
				else if (x.v[c] >= 0)
					x.v[c] = fminl(x.v[c] + v, (long double)UINT64_MAX);
			}
		}
		if (there)
			out[n++] = x;
	}
	return n;
}

enum { NONE = -1, NO_VALUE = -2 };

/* The value, or one of the above in *state. */
static long double naive_sum(const struct flat *w, size_t n, int count, int *state)
{
	long double sum = 0;

	for (size_t i = 0; i < n; i++) {
		if (w[i].v[count] < 0)
			*state = NO_VALUE;
		sum += w[i].v[count];
	}
	return sum;
}

static long double naive_each(const struct flat *w, size_t n, int a, int b, long double *out, size_t *n_out, int *state)
{
	long double sum = 0;

	*n_out = 0;
	for (size_t i = 0; i < n; i++) {
		if (w[i].v[a] < 0 || w[i].v[b] < 0)
			*state = NO_VALUE;
		else if (w[i].v[b] > 0)
			sum += out[(*n_out)++] = w[i].v[a] / w[i].v[b];
	}
	return sum;
}

static long double naive_cv(const long double *v, size_t n, long double sum, int *state)
{
	long double squares = 0;

	if (n < 2 || sum <= 0) {
		*state = NO_VALUE;
		return 0;
	}
	for (size_t i = 0; i < n; i++)
		squares += (v[i] - sum / n) * (v[i] - sum / n);
	return sqrtl(squares / n) / (sum / n);
}

static long double naive_extreme(const long double *v, size_t n, bool least, int *state)
{
	long double best = n ? v[0] : 0;

	if (!n)
		*state = NO_VALUE;
	for (size_t i = 1; i < n; i++)
		best = least ? fminl(best, v[i]) : fmaxl(best, v[i]);
	return best;
}

static long double over(long double a, long double b, int *state)
{
	if (b <= 0 || *state < 0) {
		*state = *state < 0 ? *state : NO_VALUE;
		return 0;
	}
	return a / b;
}

static long double naive_gap(const struct flat *w, size_t n, int count, int *state)
{
	long double each[8];

	for (size_t i = 0; i < n; i++) {
		each[i] = w[i].v[count];
		*state = each[i] < 0 ? NO_VALUE : *state;
	}
	return naive_extreme(each, n, false, state);
}

static long double naive(enum metric_id id, const struct flat *w, size_t n, int *state)
{
	long double each[8], sum, squares = 0, wall = 0;
	size_t k;

	*state = n ? 0 : NONE;
	if (!n)
		return 0;
	switch (id) {
	case METRIC_ITERATIONS:
		return naive_sum(w, n, FACTS_ITERATIONS, state);
	case METRIC_MIGRATIONS:
		return naive_sum(w, n, FACTS_MIGRATIONS, state);
	case METRIC_MIGRATION_RATIO:
		return over(naive_sum(w, n, FACTS_MIGRATIONS, state), naive_sum(w, n, FACTS_ITERATIONS, state), state);
	case METRIC_DELAY_MEAN:
		return over(naive_sum(w, n, FACTS_WAIT, state), naive_sum(w, n, FACTS_TURNS, state), state);
	case METRIC_EFFICIENCY:
		return 1e9L * over(naive_sum(w, n, FACTS_WORK, state), naive_sum(w, n, FACTS_CPU, state), state);
	case METRIC_RATE:
		sum = naive_sum(w, n, FACTS_ITERATIONS, state);
		for (size_t i = 0; i < n; i++) {
			*state = w[i].v[FACTS_WALL] < 0 ? NO_VALUE : *state;
			wall = fmaxl(wall, w[i].v[FACTS_WALL]);
		}
		return 1e9L * over(sum, wall, state);
	case METRIC_FAIRNESS:
		sum = naive_sum(w, n, FACTS_WORK, state);
		for (size_t i = 0; i < n; i++)
			squares += w[i].v[FACTS_WORK] * w[i].v[FACTS_WORK];
		return over(sum * sum, n * squares, state);
	case METRIC_RATE_CV:
		sum = naive_each(w, n, FACTS_ITERATIONS, FACTS_WALL, each, &k, state);
		return naive_cv(each, k, sum, state);
	case METRIC_EFFICIENCY_CV:
		sum = naive_each(w, n, FACTS_WORK, FACTS_CPU, each, &k, state);
		return naive_cv(each, k, sum, state);
	case METRIC_SPREAD: /* of the time off the CPU, as it is defined; not of the time on it */
		naive_each(w, n, FACTS_CPU, FACTS_WALL, each, &k, state);
		*state = k < 2 ? NO_VALUE : *state;
		for (size_t i = 0; i < k; i++)
			each[i] = 100 * (1 - each[i]);
		return k ? naive_extreme(each, k, false, state) - naive_extreme(each, k, true, state) : 0;
	case METRIC_SHARE_MIN:
		naive_each(w, n, FACTS_CPU, FACTS_WALL, each, &k, state);
		return 100 * naive_extreme(each, k, true, state);
	case METRIC_DELAY_MAX:
		naive_each(w, n, FACTS_WAIT, FACTS_TURNS, each, &k, state);
		return naive_extreme(each, k, false, state);
	default:
		return naive_gap(w, n, id == METRIC_GAP_MAX ? FACTS_GAP : FACTS_GAP_CPU, state);
	}
}

static const enum metric_id of_counts[] = {
	METRIC_GAP_MAX,    METRIC_GAP_CPU,   METRIC_SPREAD,     METRIC_FAIRNESS,        METRIC_SHARE_MIN,
	METRIC_ITERATIONS, METRIC_RATE,      METRIC_EFFICIENCY, METRIC_RATE_CV,         METRIC_EFFICIENCY_CV,
	METRIC_DELAY_MEAN, METRIC_DELAY_MAX, METRIC_MIGRATIONS, METRIC_MIGRATION_RATIO,
};

static void compare(const struct facts *f, const char *group, int phase, size_t *with, size_t *without)
{
	struct flat w[8];
	size_t n = flatten(f, group, phase, w);
	const struct selection s = { .facts = f, .group = group, .phase = phase };

	for (size_t i = 0; i < countof(of_counts); i++) {
		const struct metric *m = metric_get(of_counts[i]);
		struct figure got = figure(m, NULL, &s);
		int state;
		long double want = naive(of_counts[i], w, n, &state);

		if (got.has != (state == 0))
			fail_msg("%s of %zu, phase %d: %s", m->name, n, phase, got.has ? "a value" : got.why);
		assert_int_equal(got.none, state == NONE);
		assert_true(got.has || got.why);
		if (got.has && fabsl(got.v - want) > 1e-6L * fmaxl(1, fabsl(want)))
			fail_msg("%s: %.17g, not %.17Lg", m->name, got.v, want);
		*(got.has ? with : without) += 1;
	}
}

static void counts(void **state)
{
	size_t with = 0, without = 0;

	(void)state;
	for (unsigned round = 0; round < 3000; round++) {
		auto_facts struct facts f = draw_facts();

		for (int phase = PHASE_ALL; phase < (int)f.phases; phase++) {
			compare(&f, NULL, phase, &with, &without);
			for (size_t i = 0; i < countof(names); i++)
				compare(&f, names[i], phase, &with, &without);
		}
	}
	assert_true(with > 100000 && without > 100000);
}

/* Groups and phases of histograms: all their steps poured into one long list, and the rank counted off. */
static void latencies(void **state)
{
	(void)state;
	for (unsigned round = 0; round < 500; round++) {
		auto_facts struct facts f = draw_facts();
		const struct selection s = { .facts = &f, .group = draw(2) ? "a" : NULL, .phase = (int)draw(3) - 1 };
		static uint64_t count[HISTOGRAM_STEPS];
		uint64_t n = 0, max = 0, below = 0;
		bool recorded = false;
		size_t step = 0;

		memset(count, 0, sizeof(count));
		for (size_t i = 0; i < f.n_workers; i++) {
			for (size_t k = 0; k < f.workers[i].n; k++) {
				const struct histogram *h = f.workers[i].phases[k].latency;

				if (!h || !in_phases(k, s.phase) ||
				    (s.group && strcmp(s.group, f.workers[i].group) != 0))
					continue;
				recorded = true;
				for (size_t x = 0; x < h->steps; x++)
					count[h->v[x].step] += h->v[x].count;
				n += h->n;
				max = h->max_ns > max ? h->max_ns : max;
			}
		}
		struct figure p50 = figure(metric_get(METRIC_LATENCY_P50), NULL, &s);
		struct figure most = figure(metric_get(METRIC_LATENCY_MAX), NULL, &s);

		assert_int_equal(p50.has, n > 0);
		assert_int_equal(p50.none, !recorded);
		assert_int_equal(most.has, n > 0);
		if (!n)
			continue;
		for (step = 0; below + count[step] < (n + 1) / 2; step++)
			below += count[step];
		assert_true(p50.v >= (double)step_first((unsigned)step) && p50.v <= (double)step_last((unsigned)step));
		assert_true(most.v == (double)max);
	}
}

/* What is excepted is not looked at. */
static void exceptions(void **state)
{
	(void)state;
	for (unsigned round = 0; round < 300; round++) {
		auto_facts struct facts f = draw_facts();
		bool except[FACTS_PHASES] = { [2] = true };
		const struct selection with = { .facts = &f, .phase = PHASE_ALL, .except = except };
		struct figure got = figure(metric_get(METRIC_ITERATIONS), NULL, &with);

		for (size_t i = 0; i < f.n_workers; i++) {
			if (f.workers[i].n > 2)
				f.workers[i].phases[2].there = false;
		}
		const struct selection without = { .facts = &f, .phase = PHASE_ALL };
		struct figure want = figure(metric_get(METRIC_ITERATIONS), NULL, &without);

		assert_int_equal(got.has, want.has);
		assert_true(!got.has || got.v == want.v);
	}
}

static struct named one(const char *name, double value)
{
	struct named x = { .known = true };

	named_put(&x, xstrdup(name), value);
	return x;
}

static void marks(void **state)
{
	auto_facts struct facts f = { .n_marks = 4 };
	static const char *const at[] = { "settle", "phase 1", "phase 2", "end" };

	(void)state;
	f.marks = xcalloc(4, sizeof(*f.marks));
	for (size_t i = 0; i < 4; i++) {
		f.marks[i] = (struct facts_mark){ .name = xstrdup(at[i]), .ns = i * 500000000 };
		f.marks[i].events = one("E", (double)(i * i));
		f.marks[i].runs = one("x_dispatch", (double)(10 * i));
		f.marks[i].run_ns = one("x_dispatch", (double)(100 * i * i));
	}
	f.marks[3].vars = one("v", -2);
	const struct {
		const char *metric;
		int phase;
		double v;
	} cases[] = {
		{ "event.E", PHASE_ALL, 8 },
		{ "event.E", 0, 1 },
		{ "event.E", 2, 5 },
		{ "event.E.rate", 2, 10 },
		{ "prog.*dispatch.runs", 1, 10 },
		{ "prog.*dispatch.ns", 2, 50 },
		{ "var.v", PHASE_ALL, -2 },
	};

	for (size_t i = 0; i < countof(cases); i++) {
		auto_free char *name = NULL;
		const struct metric *m = metric_find(cases[i].metric, &name);
		const struct selection s = { .facts = &f, .phase = cases[i].phase };
		struct figure x = figure(m, name, &s);

		if (!x.has || x.v != cases[i].v)
			fail_msg("%s: %g %s", cases[i].metric, x.v, x.has ? "" : x.why);
	}
	const struct selection s = { .facts = &f, .phase = 1 };

	assert_string_equal(figure(metric_get(METRIC_VAR), "v", &s).why,
			    "this run did not record the scheduler's variables");
	assert_string_equal(figure(metric_get(METRIC_EVENT), "F", &s).why, "no event of that name was counted");
	assert_string_equal(figure(metric_get(METRIC_DSQ_DEPTH), NULL, &s).why,
			    "this run did not look at run queues; --monitor has it do so");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(counts),
		cmocka_unit_test(latencies),
		cmocka_unit_test(exceptions),
		cmocka_unit_test(marks),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
