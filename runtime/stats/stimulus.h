/* stimulus.h: which flags and which stimuli the degradations of a sweep go with. */
#pragma once
#include "stats/group.h"

enum { STIMULUS_METRICS = 4, CPU_BUCKETS = 4 };
extern const enum metric stimulus_deltas[STIMULUS_METRICS]; /* M_IMBALANCE_DELTA, … */
extern const char *const stimulus_names[STIMULUS_METRICS];
extern const char *const cpu_buckets[CPU_BUCKETS]; /* "<=8cpu" … */

/* The stimulus that was worst for a metric, with the flags it happened under; runs 0: none. */
struct worst {
	const char *op, *flags;
	double value; /* mean of the deltas, for stalls their number */
	size_t runs;
};

struct flag_effect {
	char *name;
	size_t runs;                             /* rows with it */
	double against_all[STIMULUS_METRICS];    /* mean of rows with it less the mean of all rows, as 0.3.2 has it */
	double against_others[STIMULUS_METRICS]; /* less that of the rows without it; 0 without such rows */
	double stalls;                           /* mean of rows with it */
	double imbalance[CPU_BUCKETS];           /* mean delta of rows with it on that many CPUs */
};

struct stimulus {
	bool any; /* there were degradations; otherwise the rest is empty */
	struct worst worst[STIMULUS_METRICS], stalls;
	struct flag_effect *flags; /* by name */
	size_t n_flags;
};

void stimulus_find(struct stimulus *s, const struct row *rows, size_t n);
void stimulus_free(struct stimulus *s);
#define auto_stimulus __attribute__((unused, cleanup(stimulus_free)))
