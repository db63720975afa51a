/* figure.h: the formulas: what a metric comes to over workers and phases of a run. What has no value has none: never NaN, never 0
 * in its place. */
#pragma once
#include "judge/expect/expectation.h"
#include "judge/facts/facts.h"
#include "judge/expect/metric.h"

/* Whose figure: one worker's, a group's, or (neither) the whole run's. */
struct selection {
	const struct facts *facts;
	const struct facts_worker *worker;
	const char *group;
	int phase;          /* or PHASE_ALL */
	const bool *except; /* FACTS_PHASES: of PHASE_ALL these are not meant; NULL: all are */
};

struct figure {
	bool has, none;  /* none: nothing that is meant was there, so that there is nothing to ask */
	double v;        /* in the metric's base unit */
	const char *why; /* without a value: why not, for people */
	/* Of a largest or smallest one: whose it is, else NULL; and of a gap where it was. */
	const struct facts_worker *worker;
	bool located;
	uint64_t from_ns, cpu;
	size_t phase;
	/* Of one that samples show: the last that does, and who waited in it. NULL: nothing was to be seen. */
	const struct facts_sample *sample;
	const struct sample_task *task;
};

/* For metrics that are no findings. name: of a named metric, * in it stands for any text. */
struct figure figure(const struct metric *m, const char *name, const struct selection *s);

/* Worker's counts over the selected phases. Without "has" a count is not known in one of them. */
struct totals {
	bool there; /* in any of them */
	bool has[FACTS_COUNTS];
	uint64_t v[FACTS_COUNTS]; /* sums, which stay at UINT64_MAX; gaps: the longest, with where it was */
	size_t gap_phase, gap_cpu_phase;
};
struct totals totals_of(const struct facts_worker *w, const struct selection *s);
/* The first phase that is meant after *k (begin with -1), of so many; false: there is none. */
bool selection_next(const struct selection *s, size_t phases, int *k);
/* The histogram of all workers selected; recorded: any had one. Caller frees. */
struct histogram latency_of(const struct selection *s, bool slack, bool *recorded);
bool selection_has(const struct selection *s, const struct facts_worker *w);
/* What is not finite has no value. */
struct figure figure_value(double v);
struct figure figure_without(const char *why);
/* What samples of run queues show (metric_sampled()). METRIC_RQ_STUCK, a finding: for how many samples in a row a clock stood still. */
struct figure figure_of_samples(const struct metric *m, const struct selection *s);
bool figure_is_stuck(const struct figure *f);
/* The phase of each sample that is meant and can be used, else -1. Caller frees. */
int *samples_meant(const struct selection *s);
/* What the selected workers might use in a phase; false: none of them was there. */
bool selection_cpus(const struct selection *s, int phase, struct cpus *all);
/* max / max(1, min) of runnable tasks of these CPUs, 0 when nobody runs, NAN when nothing is known; *most_on: where the most are. */
double sample_imbalance(const struct facts_sample *x, const struct cpus *all, uint64_t *most_on);
/* What is recorded at marks: events, variables, programs. */
struct figure figure_of_marks(const struct metric *m, const char *name, const struct facts *f, int phase);
