/* rounds.h: all cells of a request with one seed after the other. Each round is one graph: some seeds of each cell that goes on, so that cells take
 * turns; it is twice as large as the one before, and the same each time, so that what is known is up to date for ninja. */
#pragma once
#include "gen/explore/trail.h"
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
struct err;
struct matrix_cell;
struct request;

enum { ROUND_EDGES = 512 }; /* runs of one round */

struct quarry {
	struct matrix_cell *cell;
	struct trail trail;
};

struct rounds {
	struct quarry *v; /* cells that can be explored */
	size_t n;
	bool interrupted; /* by the end of the time, or a signal */
};

/* The request has its cells, with room for ROUND_EDGES seeds each, judged apart (matrix.h). Those that cannot be explored are left out, and
 * said to be. X_USAGE: all of them. h is to be freed in any case. */
int rounds_begin(struct rounds *h, struct request *q, uint64_t first, uint64_t last, bool until_fail, struct err *e);
/* Failures are told as they come. until: now_ms() at which it ends; -1: never. jobs: guests side by side. The end of the time and a signal are
 * no errors. X_VM and the like: no cell came to a run, for the reason of the first. */
int rounds_run(struct rounds *h, struct request *q, unsigned jobs, long long until, struct err *e);
void rounds_free(struct rounds *h);
#define auto_rounds __attribute__((unused, cleanup(rounds_free)))
