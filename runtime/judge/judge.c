#include "judge/judge.h"
#include "base/err.h"
#include "base/mem.h"
#include "judge/check.h"
#include "judge/expect_fail.h"
#include <inttypes.h>

static char *copy(const char *s)
{
	return s ? xstrdup(s) : NULL;
}

static void add_check(struct ruling *v, struct verdict_check c)
{
	if (!(v->n_checks & (v->n_checks - 1)))
		v->checks = xreallocarray(v->checks, v->n_checks ? v->n_checks * 2 : 1, sizeof(*v->checks));
	v->checks[v->n_checks++] = c;
}

static enum judgement judge_run(struct ruling *v, const struct judge_request *r, const struct judge_run *run)
{
	enum judgement worst = JUDGED_PASS;
	size_t from = v->n_checks;

	for (size_t i = 0; i < r->expectations->n; i++) {
		const struct expectation *x = &r->expectations->v[i];

		if (x->op == OP_OFF)
			continue;
		add_check(v, check_run(r, run, x));
		worst = judgement_worse(worst, v->checks[v->n_checks - 1].verdict);
	}
	if (!r->expect_fail)
		return worst;
	add_check(v, expect_fail_judge(r->expect_fail, run->facts, v->checks + from, v->n_checks - from, run->seed));
	return v->checks[v->n_checks - 1].verdict;
}

static struct verdict_seed judge_seed(struct ruling *v, const struct judge_request *r, const struct judge_run *run)
{
	if (run->facts)
		return (struct verdict_seed){ run->seed, judge_run(v, r, run), NULL };
	return (struct verdict_seed){ run->seed, run->skipped ? JUDGED_SKIP : JUDGED_BROKEN, copy(run->why) };
}

/* What every report has, when it has a value. */
static const enum metric_id always[] = {
	METRIC_GAP_MAX,    METRIC_SPREAD,      METRIC_FAIRNESS,    METRIC_SHARE_MIN,
	METRIC_ITERATIONS, METRIC_RATE,        METRIC_EFFICIENCY,  METRIC_DELAY_MEAN,
	METRIC_MIGRATIONS, METRIC_LATENCY_P50, METRIC_LATENCY_P99, METRIC_LATENCY_MAX,
};

static int by_value(const void *a, const void *b)
{
	double x = *(const double *)a, y = *(const double *)b;

	return x < y ? -1 : x > y;
}

static void add_figure(struct ruling *v, const struct judge_request *r, const struct metric *m, const char *group)
{
	auto_free double *values = xcalloc(r->n_runs + 1, sizeof(*values));
	size_t n = 0;

	for (size_t i = 0; i < r->n_runs; i++) {
		struct selection s = { .facts = r->runs[i].facts, .group = group, .phase = PHASE_ALL };
		struct figure f = { 0 };

		if (s.facts)
			f = figure(m, NULL, &s);
		if (f.has)
			values[n++] = f.v;
	}
	if (!n)
		return;
	qsort(values, n, sizeof(*values), by_value);
	if (!(v->n_figures & (v->n_figures - 1)))
		v->figures = xreallocarray(v->figures, v->n_figures ? v->n_figures * 2 : 1, sizeof(*v->figures));
	v->figures[v->n_figures++] = (struct verdict_figure){
		.metric = xstrdup(m->name),
		.group = xstrdup(group),
		.n = n,
		.min = values[0],
		.median = values[(n - 1) / 2],
		.max = values[n - 1],
	};
}

static bool listed(const char *const *v, size_t n, const char *word)
{
	for (size_t i = 0; i < n; i++) {
		if (!strcmp(v[i], word))
			return true;
	}
	return false;
}

/* Of each group that any run had. */
static void add_figures(struct ruling *v, const struct judge_request *r)
{
	auto_free const char **groups = NULL;
	size_t n = 0;

	for (size_t i = 0; i < r->n_runs; i++) {
		const struct facts *f = r->runs[i].facts;

		for (size_t k = 0; f && k < f->n_workers; k++) {
			if (listed(groups, n, f->workers[k].group))
				continue;
			groups = xreallocarray(groups, n + 1, sizeof(*groups));
			groups[n++] = f->workers[k].group;
		}
	}
	for (size_t i = 0; i < n; i++) {
		for (size_t m = 0; m < countof(always); m++)
			add_figure(v, r, metric_get(always[m]), groups[i]);
	}
}

int judge(struct ruling *v, const struct judge_request *r, struct err *e)
{
	if (r->expect_fail && expect_fail_check(r->expect_fail, e) < 0)
		return -1;
	*v = (struct ruling){
		.test = copy(r->test),
		.kernel = copy(r->kernel),
		.topology = copy(r->topology),
		.preset = copy(r->preset),
		.profile = copy(r->profile),
		.scheduler = copy(r->scheduler),
		.verdict = JUDGED_SKIP,
		.seeds = xcalloc(r->n_runs + 1, sizeof(*v->seeds)),
	};
	for (size_t i = 0; i < r->n_runs; i++) {
		v->seeds[v->n_seeds++] = judge_seed(v, r, &r->runs[i]);
		v->verdict = judgement_worse(v->verdict, v->seeds[i].verdict);
	}
	add_figures(v, r);
	const struct verdict_seed *worst = verdict_worst_seed(v);

	if (worst && r->again && v->verdict <= JUDGED_INCONCLUSIVE)
		v->again = xasprintf("%s --seed %" PRIu64 "%s%s", r->again, worst->seed, r->again_rest ? " " : "",
				     r->again_rest ? r->again_rest : "");
	return 0;
}
