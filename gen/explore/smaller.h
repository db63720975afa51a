/* smaller.h: a test that fails made smaller, as long as it fails the same way. */
#pragma once
#include "gen/explore/attempt.h"
#include "gen/explore/whole.h"
#include <stddef.h>
#include <stdint.h>
struct err;

/* One seed that fails, and how: the metric of its first finding. */
struct failure {
	uint64_t seed;
	char *metric, *words;
};

/* The first seed of v that fails; with a metric, that fails by that one. False: none does. f is the caller's to free. */
bool failure_find(struct failure *f, const struct ruling *v, const char *metric);
void failure_free(struct failure *f);

struct smaller {
	char *text; /* the smallest that was found */
	struct failure failure;
	struct extent from, to;
	size_t tries;     /* that ran */
	bool interrupted; /* by the end of the time, or a signal: smaller ones may be there */
};

/* text fails as f says. file: its name below a->dir. n_seeds: so many are tried of each smaller one, first the one that failed. A stop is
 * no error. Negative: even the text itself cannot be read. s is to be freed in any case. */
int smaller_find(struct smaller *s, const struct attempts *a, const char *file, const char *text,
		 const struct failure *f, size_t n_seeds, struct err *e);
void smaller_free(struct smaller *s);
