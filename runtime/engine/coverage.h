/* coverage.h: what of an instrumented test program its workers ran (worker/counters.h): the file that they count in, and its sum. A worker may
 * write anything there: numbers are all that is read. */
#pragma once
#include "engine/worker/counters.h"
#include <stdio.h>

struct coverage {
	struct counters counters; /* n 0: the program has none, and all else is nothing */
	int file;
};

/* program: NULL, too. For so many workers. Negative with errno. */
int coverage_open(struct coverage *c, const char *program, unsigned workers);
/* The member "coverage" of a run with a comma behind it, or nothing; of workers below n, who have ended. */
void coverage_report(FILE *f, const struct coverage *c, unsigned n);
void coverage_close(struct coverage *c);
