/* watch.h: a matrix while it runs, told in cells: how many are done, failed, known before, running, and how long it takes from here; failures
 * as they come. For run.h. */
#pragma once
#include "gen/graph/run.h"
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
struct history;
struct matrix;

struct watch {
	const struct matrix *m;        /* set by the caller, as what follows */
	const struct history *history; /* how long cells took; NULL: not known */
	unsigned jobs;                 /* 0: as many as CPUs we may use */
	/* The rest is watch.c's own. */
	struct run_watch hooks;
	struct watched *by_edge; /* of judges, by the index of their edges; NULL until a step ended */
	size_t n_edges, total, done, failed, cached;
	uint64_t expected_ms; /* of cells that nothing was heard of, one after the other */
	size_t unheard;
};

/* Fills hooks. The matrix has its cells, and gets its edges before the first step ends. */
void watch_init(struct watch *w, const struct matrix *m, const struct history *h, unsigned jobs);
void watch_free(struct watch *w);
#define auto_watch __attribute__((unused, cleanup(watch_free)))
