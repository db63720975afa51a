/* grid.h: all cells side by side: a row per program, a column per cell; the last row is the outcome. */
#pragma once
#include <stdbool.h>
#include <stddef.h>
#include <stdio.h>
struct report;
struct table;

struct grid {
	char **rows, **cols; /* rows[n_rows - 1] is "verdict" */
	size_t n_rows, n_cols;
	char **v;           /* row by row */
	bool highest, near; /* "*" and "!" occur in front of numbers */
};
void grid_fill(struct grid *g, const struct report *r);
void grid_free(struct grid *g);
#define auto_grid __attribute__((unused, cleanup(grid_free)))
/* Programs down, cells from..to across; or cells down, and programs across. */
void grid_upright(struct table *t, const struct grid *g, size_t from, size_t to);
void grid_turned(struct table *t, const struct grid *g);
/* What the marks mean, a line each, with this in front. */
void grid_legend(FILE *f, const struct grid *g, const char *indent);
