/* group.h: rows that have some of their columns in common. */
#pragma once
#include "stats/sidecar.h"

enum group_key {
	BY_SCENARIO = 1 << 0,
	BY_FLAGS = 1 << 1,
	BY_TOPOLOGY = 1 << 2,
	BY_WORK_TYPE = 1 << 3,
	BY_KERNEL = 1 << 4,
	BY_OP = 1 << 5,
};

struct group {
	const struct row **v; /* in the order of the rows; points into groups.members */
	size_t n;
};

/* Sorted by the columns, in the order of the keys above. */
struct groups {
	const struct row **members;
	struct group *v;
	size_t n;
};

/* Of the rows that take() accepts, whose strings are of one pool; NULL: all of them. keys: of enum group_key, or-ed. */
void groups_make(struct groups *g, const struct row *rows, size_t n, unsigned keys, bool (*take)(const struct row *));
void groups_free(struct groups *g);
#define auto_groups __attribute__((unused, cleanup(groups_free)))

/* How the columns of two groups compare, as strcmp() does; they need not be of the same rows. */
int group_order(const struct group *a, const struct group *b, unsigned keys);
/* Of the rows whose metric is known. */
double group_sum(const struct group *g, enum metric m);
/* NaN when it is known of none. */
double group_mean(const struct group *g, enum metric m);
/* Sample standard deviation; 0 of a single row. */
double group_deviation(const struct group *g, enum metric m);

struct verdicts {
	size_t passed, skipped, inconclusive, failed;
};
struct verdicts group_verdicts(const struct group *g);
