/* summary.h: all samples of a run in a few numbers, as ktstr 0.3.2 has them in its sidecars. */
#pragma once
#include "judge/facts/facts.h"
#include <stdbool.h>
#include <stdint.h>

/* Of samples that figures are made of (figure_samples.c), behind settle, in which no dispatch queue is longer than can be. */
struct samples_summary {
	uint64_t n;
	double max_imbalance,
		avg_imbalance;    /* max / max(1, min) of runnable tasks within what each group may use; at least 1 */
	double avg_nr, avg_local; /* of a CPU */
	uint64_t max_local;
	bool stall; /* the clock of a run queue stood still from one sample to the next, while a task ran there */
};

struct samples_summary samples_summary(const struct facts *f);
