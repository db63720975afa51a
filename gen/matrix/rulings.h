/* rulings.h: what came of each cell of a matrix. */
#pragma once
#include "judge/verdict.h"
#include "gen/matrix/matrix.h"
#include <stddef.h>
#include <stdio.h>
struct err;
struct plan;
struct run;

struct cell_verdict {
	const struct matrix_cell *cell;
	struct ruling v; /* as the judge said it; of a cell that was skipped or came to no run made here */
	int code;        /* … and its exit code */
	char *dir;       /* absolute */
};

struct rulings {
	struct cell_verdict *v; /* as the cells stand */
	size_t n;
	char *dir; /* the build folder */
};

/* After the run of the plan. X_FAIL when a verdict cannot be read. */
int rulings_read(struct rulings *all, const struct matrix *m, const struct run *r, struct err *e);
void rulings_text(FILE *f, const struct rulings *all);
void rulings_json(FILE *f, const struct rulings *all);
/* The worst of it as an exit code and, where a step failed, its error: first what kept a cell from running, then failures, then what is
 * inconclusive; 0 when all is well. */
int rulings_code(const struct rulings *all, const struct verdict_rules *rules, const struct run *r,
		 const struct plan *p, struct err *e);
void rulings_free(struct rulings *all);
#define auto_rulings __attribute__((unused, cleanup(rulings_free)))
