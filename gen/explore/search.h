/* search.h: seeds until one fails. */
#pragma once
#include "gen/explore/attempt.h"
#include "gen/explore/smaller.h"
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
struct err;

struct search {
	uint64_t first, last; /* seeds to try */
	unsigned jobs;        /* guests side by side */
	bool until_fail;      /* the batch with the first failure is the last */
	/* What came of it. */
	uint64_t next; /* the first that was not tried */
	size_t passed, inconclusive, broken;
	struct failure *failures; /* by seed */
	size_t n_failures;
	char *kernel;     /* that it ran on */
	bool interrupted; /* by the end of the time, or a signal */
};

/* Tells the first failure as soon as it is known. file, text: as attempt_run(). A stop is no error. X_USAGE and the like: the text can not
 * be run at all. s is to be freed in any case. */
int search_seeds(struct search *s, const struct attempts *a, const char *file, const char *text, struct err *e);
void search_free(struct search *s);
