#include "judge/figure.h"
#include <math.h>
#include <string.h>

struct figure figure_without(const char *why)
{
	return (struct figure){ .why = why };
}

static struct figure nothing(const char *why)
{
	return (struct figure){ .none = true, .why = why };
}

struct figure figure_value(double v)
{
	return isfinite(v) ? (struct figure){ .has = true, .v = v }
			   : figure_without("it is beyond what can be counted");
}

static const char not_there[] = "no worker was there";
static const char not_recorded[] = "this run did not record it";

/* All over the selected workers. */
struct sums {
	size_t workers;
	bool has[FACTS_COUNTS];
	double v[FACTS_COUNTS], longest_wall;
};

static struct sums sums_of(const struct selection *s)
{
	struct sums out = { 0 };

	memset(out.has, true, sizeof(out.has));
	for (size_t i = 0; i < s->facts->n_workers; i++) {
		const struct facts_worker *w = &s->facts->workers[i];
		struct totals t = { 0 };

		if (selection_has(s, w))
			t = totals_of(w, s);
		if (!t.there)
			continue;
		out.workers++;
		for (size_t k = 0; k < FACTS_COUNTS; k++) {
			out.has[k] &= t.has[k];
			out.v[k] += (double)t.v[k];
		}
		out.longest_wall = fmax(out.longest_wall, (double)t.v[FACTS_WALL]);
	}
	return out;
}

static struct figure counted(const struct selection *s, enum facts_count what)
{
	struct sums x = sums_of(s);

	if (!x.workers)
		return nothing(not_there);
	return x.has[what] ? figure_value(x.v[what]) : figure_without(not_recorded);
}

/* scale * a / b */
static struct figure ratio(const struct selection *s, enum facts_count a, enum facts_count b, double scale,
			   const char *zero)
{
	struct sums x = sums_of(s);
	double under = b == FACTS_WALL ? x.longest_wall : x.v[b];

	if (!x.workers)
		return nothing(not_there);
	if (!x.has[a] || !x.has[b])
		return figure_without(not_recorded);
	return under > 0 ? figure_value(scale * x.v[a] / under) : figure_without(zero);
}

/* scale * a / b of one worker; not: why it has none, or that it was not there. */
static bool worker_ratio(const struct facts_worker *w, const struct selection *s, enum facts_count a,
			 enum facts_count b, double scale, double *v, bool *there, bool *known)
{
	struct totals t = totals_of(w, s);

	*there = t.there;
	*known = t.has[a] && t.has[b];
	if (!t.there || !*known || !t.v[b])
		return false;
	*v = scale * (double)t.v[a] / (double)t.v[b];
	return true;
}

/* How such a ratio differs from worker to worker. */
struct range {
	size_t there, n; /* workers; those of them that have a value */
	bool known;
	double min, max, sum, squares; /* squares: of the distances from the mean */
	const struct facts_worker *least, *most;
};

static struct range range_of(const struct selection *s, enum facts_count a, enum facts_count b, double scale)
{
	struct range r = { .known = true };
	bool there, known;
	double v;

	for (size_t i = 0; i < s->facts->n_workers; i++) {
		const struct facts_worker *w = &s->facts->workers[i];

		if (!selection_has(s, w))
			continue;
		bool has = worker_ratio(w, s, a, b, scale, &v, &there, &known);

		r.there += there;
		r.known &= known || !there;
		if (!has)
			continue;
		/* Welford: a sum of squares alone loses what little they differ by. */
		double off = r.n ? v - r.sum / (double)r.n : 0;

		if (!r.n || v < r.min) {
			r.min = v;
			r.least = w;
		}
		if (!r.n || v > r.max) {
			r.max = v;
			r.most = w;
		}
		r.n++;
		r.sum += v;
		r.squares += off * (v - r.sum / (double)r.n);
	}
	return r;
}

static struct figure spread(const struct selection *s)
{
	struct range r = range_of(s, FACTS_CPU, FACTS_WALL, 100);

	if (!r.there)
		return nothing(not_there);
	if (!r.known)
		return figure_without(not_recorded);
	return r.n < 2 ? figure_without("fewer than two workers were there") : figure_value(r.max - r.min);
}

static struct figure variation(const struct selection *s, enum facts_count a, enum facts_count b)
{
	struct range r = range_of(s, a, b, 1e9);

	if (!r.there)
		return nothing(not_there);
	if (!r.known)
		return figure_without(not_recorded);
	if (r.n < 2)
		return figure_without("fewer than two workers have a value");
	if (r.sum <= 0)
		return figure_without("the mean is 0");
	return figure_value(sqrt(fmax(r.squares, 0) / (double)r.n) / (r.sum / (double)r.n));
}

static struct figure fairness(const struct selection *s)
{
	double sum = 0, squares = 0;
	size_t n = 0;

	for (size_t i = 0; i < s->facts->n_workers; i++) {
		const struct facts_worker *w = &s->facts->workers[i];
		struct totals t = { 0 };

		if (selection_has(s, w))
			t = totals_of(w, s);
		if (!t.there)
			continue;
		if (!t.has[FACTS_WORK])
			return figure_without(not_recorded);
		n++;
		sum += (double)t.v[FACTS_WORK];
		squares += (double)t.v[FACTS_WORK] * (double)t.v[FACTS_WORK];
	}
	if (!n)
		return nothing(not_there);
	return squares > 0 ? figure_value(sum * sum / ((double)n * squares)) : figure_without("no worker did any work");
}

/* The smallest or the largest of workers. */
static struct figure extreme(const struct selection *s, enum facts_count a, enum facts_count b, double scale,
			     bool smallest, const char *zero)
{
	struct range r = range_of(s, a, b, scale);
	struct figure f;

	if (!r.there)
		return nothing(not_there);
	if (!r.known)
		return figure_without(not_recorded);
	if (!r.n || (s->worker && r.n < r.there))
		return figure_without(zero);
	f = figure_value(smallest ? r.min : r.max);
	f.worker = smallest ? r.least : r.most;
	return f;
}

static struct figure longest_gap(const struct selection *s, enum facts_count what)
{
	struct figure best = nothing(not_there);

	for (size_t i = 0; i < s->facts->n_workers; i++) {
		const struct facts_worker *w = &s->facts->workers[i];
		struct totals t = { 0 };

		if (selection_has(s, w))
			t = totals_of(w, s);
		if (!t.there)
			continue;
		if (!t.has[what])
			return figure_without(not_recorded);
		if (best.has && (double)t.v[what] <= best.v)
			continue;
		best = figure_value((double)t.v[what]);
		best.worker = w;
		best.phase = what == FACTS_GAP ? t.gap_phase : t.gap_cpu_phase;
		best.located = what == FACTS_GAP && t.has[FACTS_GAP_AT] && t.has[FACTS_GAP_ON];
		best.from_ns = t.v[FACTS_GAP_AT];
		best.cpu = t.v[FACTS_GAP_ON];
	}
	return best;
}

static struct figure latency(const struct metric *m, const struct selection *s)
{
	bool recorded;
	struct histogram h = latency_of(s, m->id == METRIC_SLACK_P99, &recorded);
	struct figure f = figure_without("nothing was measured");
	uint64_t ns = h.max_ns;
	double cv;

	if (!recorded)
		f = nothing("no wake-up was timed there");
	else if (m->id == METRIC_LATENCY_CV)
		f = histogram_cv(&h, &cv) ? figure_value(cv) : f;
	else if (m->id == METRIC_LATENCY_MAX ? h.n > 0
					     : histogram_percentile(&h, m->id == METRIC_LATENCY_P50 ? 0.5 : 0.99, &ns))
		f = figure_value((double)ns);
	histogram_free(&h);
	return f;
}

/* What several programs printed adds up. */
static struct figure of_programs(const struct facts *f, const char *name)
{
	double sum = 0;
	bool any = false;

	for (size_t i = 0; i < f->n_programs; i++) {
		const double *v = named_get(&f->programs[i].values, name);

		if (v)
			sum += *v;
		any |= v != NULL;
	}
	if (!any)
		return figure_without(f->n_programs ? "no program of this run printed such a figure"
						    : "this run ran no program");
	return figure_value(sum);
}

/* Of all lines that had it attached, by themselves or again. */
static struct figure longest_attach(const struct facts *f)
{
	double most = -1;

	for (size_t i = 0; i < f->n_favours; i++) {
		const struct facts_favour *v = &f->favours[i];

		if (strcmp(v->what, "detach") != 0 && (double)v->took_ns > most)
			most = (double)v->took_ns;
	}
	return most < 0 ? figure_without("no line of this run had the scheduler attached") : figure_value(most);
}

static struct figure reaped(const struct selection *s)
{
	struct figure last = nothing(not_there);

	for (size_t i = 0; i < s->facts->n_workers; i++) {
		const struct facts_worker *w = &s->facts->workers[i];
		bool known = w->reaped_known || s->facts->reaped_known;
		uint64_t ns = w->reaped_known ? w->reaped_ns : s->facts->reaped_ns;

		if (!selection_has(s, w))
			continue;
		if (!known)
			return figure_without(not_recorded);
		if (last.has && (double)ns <= last.v)
			continue;
		last = figure_value((double)ns);
		last.worker = w;
	}
	return last;
}

static struct figure of_workers(const struct metric *m, const struct selection *s)
{
	static const char no_time[] = "no time passed", no_cpu[] = "no CPU time was used",
			  no_turn[] = "it never waited for a CPU", no_iteration[] = "there was no iteration";

	switch (m->id) {
	case METRIC_SPREAD:
		return spread(s);
	case METRIC_FAIRNESS:
		return fairness(s);
	case METRIC_SHARE_MIN:
		return extreme(s, FACTS_CPU, FACTS_WALL, 100, true, no_time);
	case METRIC_ITERATIONS:
		return counted(s, FACTS_ITERATIONS);
	case METRIC_MIGRATIONS:
		return counted(s, FACTS_MIGRATIONS);
	case METRIC_RATE:
		return ratio(s, FACTS_ITERATIONS, FACTS_WALL, 1e9, no_time);
	case METRIC_EFFICIENCY:
		return ratio(s, FACTS_WORK, FACTS_CPU, 1e9, no_cpu);
	case METRIC_RATE_CV:
		return variation(s, FACTS_ITERATIONS, FACTS_WALL);
	case METRIC_EFFICIENCY_CV:
		return variation(s, FACTS_WORK, FACTS_CPU);
	case METRIC_DELAY_MEAN:
		return ratio(s, FACTS_WAIT, FACTS_TURNS, 1, no_turn);
	case METRIC_DELAY_MAX:
		return extreme(s, FACTS_WAIT, FACTS_TURNS, 1, false, no_turn);
	case METRIC_MIGRATION_RATIO:
		return ratio(s, FACTS_MIGRATIONS, FACTS_ITERATIONS, 1, no_iteration);
	default:
		return figure_of_samples(m, s);
	}
}

struct figure figure(const struct metric *m, const char *name, const struct selection *s)
{
	switch (m->id) {
	case METRIC_GAP_MAX:
		return longest_gap(s, FACTS_GAP);
	case METRIC_GAP_CPU:
		return longest_gap(s, FACTS_GAP_CPU);
	case METRIC_ATTACH_MAX:
		return longest_attach(s->facts);
	case METRIC_PROGRAM:
		return of_programs(s->facts, name);
	case METRIC_REAPED:
		return reaped(s);
	case METRIC_LATENCY_P50:
	case METRIC_LATENCY_P99:
	case METRIC_LATENCY_MAX:
	case METRIC_LATENCY_CV:
	case METRIC_SLACK_P99:
		return latency(m, s);
	case METRIC_EVENT:
	case METRIC_EVENT_RATE:
	case METRIC_PROG_NS:
	case METRIC_PROG_RUNS:
	case METRIC_VAR:
		return figure_of_marks(m, name, s->facts, s->phase);
	default:
		return of_workers(m, s);
	}
}
