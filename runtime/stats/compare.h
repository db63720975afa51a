/* compare.h: two folders of sidecars, one before and one after: what became worse, and what better. */
#pragma once
#include "stats/group.h"
#include "stats/stats.h"

/* How much a mean has to change to be told: by more than both. */
struct gate {
	enum metric metric;
	bool lower_is_worse;
	double absolute, relative; /* in the metric's unit; as a part of the value before */
};
enum { GATES = 10 };
extern const struct gate gates[GATES];

/* Of the rows of one scenario, flags, topology, work type and kernel; row: one of those after. */
struct change {
	const struct row *row;
	const struct gate *gate; /* NULL: of how many passed, before and after are parts of 1 */
	double before, after;
	bool worse;
};

/* Of a program of one scheduler; 0: it was not there. Sidecars of before whole names have what the kernel keeps of one: such a
 * name stands for all programs of the other side that begin so and have no partner of their name, and program is the whole
 * name of the one with the largest count. */
struct count_change {
	const char *program, *scheduler;
	uint32_t before, after;
};

struct comparison {
	struct change *v; /* group by group */
	size_t n;
	struct count_change *counts; /* only those that differ, by program and scheduler */
	size_t n_counts;
	size_t both, added, gone; /* groups */
};

/* Points into both; stats_done() was called for them. */
void compare(struct comparison *c, const struct stats *before, const struct stats *after);
void comparison_free(struct comparison *c);
#define auto_comparison __attribute__((unused, cleanup(comparison_free)))
