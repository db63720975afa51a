#include "judge/report/sidecar_monitor.h"
#include "json/write.h"
#include "judge/summary.h"
#include <math.h>
#include <string.h>

static uint64_t whole(double v)
{
	return !(v > 0) ? 0 : v < 1.8e19 ? (uint64_t)v : UINT64_MAX;
}

/* A second. */
static double rate(double n, const struct facts_mark *from, const struct facts_mark *to)
{
	return n * 1e9 / (double)(to->ns - from->ns);
}

/* Behind settle: the mark at which the first phase begins, and the last one. False: there is no such time. */
static bool judged_time(const struct facts *f, const struct facts_mark **from, const struct facts_mark **to)
{
	*from = facts_phase_mark(f, 1);
	*to = f->n_marks ? &f->marks[f->n_marks - 1] : NULL;
	return *from && *from < *to;
}

/* What was counted in between. A scheduler that was attached anew began from 0. */
static double counted(const struct named *from, const struct named *to, const char *name)
{
	const double *a = named_get(from, name), *b = named_get(to, name);

	return !b ? 0 : a && *a <= *b ? *b - *a : *b;
}

static void programs(struct jsonw *w, const struct facts_mark *from, const struct facts_mark *to)
{
	if (!to->runs.n)
		return;
	jsonw_karr(w, "prog_stats_deltas");
	for (size_t i = 0; i < to->runs.n; i++) {
		const char *name = to->runs.v[i].name;
		double n = counted(&from->runs, &to->runs, name), ns = counted(&from->run_ns, &to->run_ns, name);

		jsonw_obj(w);
		jsonw_kstr(w, "name", name);
		jsonw_ku64(w, "cnt", whole(n));
		jsonw_ku64(w, "nsecs", whole(ns));
		jsonw_kdouble(w, "nsecs_per_call", n > 0 ? ns / n : 0);
		jsonw_end_obj(w);
	}
	jsonw_end_arr(w);
}

/* Between two marks that follow each other. */
static double largest(const struct facts_mark *from, const struct facts_mark *to, const char *name)
{
	double most_of_all = 0;

	for (const struct facts_mark *m = from; m < to; m++)
		most_of_all = fmax(most_of_all, counted(&m->events, &m[1].events, name));
	return most_of_all;
}

#define FALLBACK "SCX_EV_SELECT_CPU_FALLBACK"
#define KEEP_LAST "SCX_EV_DISPATCH_KEEP_LAST"

static void events(struct jsonw *w, const struct facts_mark *from, const struct facts_mark *to)
{
	const struct named *a = &from->events, *b = &to->events;

	if (!b->known || to->ns <= from->ns)
		return;
	jsonw_kobj(w, "event_deltas");
	jsonw_ku64(w, "total_fallback", whole(counted(a, b, FALLBACK)));
	jsonw_kdouble(w, "fallback_rate", rate(counted(a, b, FALLBACK), from, to));
	jsonw_ku64(w, "max_fallback_burst", whole(largest(from, to, FALLBACK)));
	jsonw_ku64(w, "total_dispatch_offline", whole(counted(a, b, "SCX_EV_DISPATCH_LOCAL_DSQ_OFFLINE")));
	jsonw_ku64(w, "total_dispatch_keep_last", whole(counted(a, b, KEEP_LAST)));
	jsonw_kdouble(w, "keep_last_rate", rate(counted(a, b, KEEP_LAST), from, to));
	jsonw_ku64(w, "total_enq_skip_exiting", whole(counted(a, b, "SCX_EV_ENQ_SKIP_EXITING")));
	jsonw_ku64(w, "total_enq_skip_migration_disabled", whole(counted(a, b, "SCX_EV_ENQ_SKIP_MIGRATION_DISABLED")));
	jsonw_end_obj(w);
}

static uint64_t grown(const struct facts_mark *from, const struct facts_mark *to, enum facts_schedstat what)
{
	return to->schedstat[what] > from->schedstat[what] ? to->schedstat[what] - from->schedstat[what] : 0;
}

static void schedstat(struct jsonw *w, const struct facts_mark *a, const struct facts_mark *b)
{
	if (!a->schedstat_known || !b->schedstat_known || b->ns <= a->ns)
		return;
	jsonw_kobj(w, "schedstat_deltas");
	jsonw_ku64(w, "total_run_delay", grown(a, b, SCHEDSTAT_RUN_DELAY));
	jsonw_kdouble(w, "run_delay_rate", rate((double)grown(a, b, SCHEDSTAT_RUN_DELAY), a, b));
	jsonw_ku64(w, "total_pcount", grown(a, b, SCHEDSTAT_PCOUNT));
	jsonw_ku64(w, "total_sched_count", grown(a, b, SCHEDSTAT_SCHED));
	jsonw_kdouble(w, "sched_count_rate", rate((double)grown(a, b, SCHEDSTAT_SCHED), a, b));
	jsonw_ku64(w, "total_yld_count", grown(a, b, SCHEDSTAT_YLD));
	jsonw_ku64(w, "total_sched_goidle", grown(a, b, SCHEDSTAT_GOIDLE));
	jsonw_ku64(w, "total_ttwu_count", grown(a, b, SCHEDSTAT_TTWU));
	jsonw_ku64(w, "total_ttwu_local", grown(a, b, SCHEDSTAT_TTWU_LOCAL));
	jsonw_end_obj(w);
}

/* Where nobody looked at run queues, there is what the kernel counted, and whether a task was left waiting. */
void sidecar_monitor(struct jsonw *w, const struct facts *f)
{
	const struct facts_mark *from, *to;
	bool marks = f && judged_time(f, &from, &to), stalled = f && f->outcome == OUTCOME_STALLED;
	struct samples_summary s = { 0 };

	if (f && f->samples.known)
		s = samples_summary(f);
	if (!stalled && !s.n && !(marks && (to->runs.n || to->events.known)))
		return;
	jsonw_kobj(w, "monitor");
	jsonw_ku64(w, "total_samples", s.n);
	jsonw_kdouble(w, "max_imbalance_ratio", s.max_imbalance);
	jsonw_ku64(w, "max_local_dsq_depth", s.max_local);
	jsonw_kbool(w, "stall_detected", stalled || s.stall);
	if (s.n) {
		jsonw_kdouble(w, "avg_imbalance_ratio", s.avg_imbalance);
		jsonw_kdouble(w, "avg_nr_running", s.avg_nr);
		jsonw_kdouble(w, "avg_local_dsq_depth", s.avg_local);
	}
	if (marks) {
		events(w, from, to);
		schedstat(w, from, to);
		programs(w, from, to);
	}
	jsonw_end_obj(w);
}
