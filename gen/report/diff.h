/* diff.h: A against B, when there is something to compare with. */
#pragma once
#include "verifier/compare.h"
#include <stdbool.h>
#include <stddef.h>
#include <stdio.h>
struct jsonw;
struct report;
struct report_cell;
struct saved_cell;

void report_diff_text(FILE *f, const struct report *r);
void report_diff_markdown(FILE *f, const struct report *r);
void report_diff_json(struct jsonw *w, const struct report *r); /* member "diff" */

/* Each program of each cell that base has too. False at the end; pass {0} first, and to the end. */
struct diff_walk {
	const struct saved_cell **partners; /* of the cells; ours */
	size_t next;
	const struct report_cell *cell;
	struct compare rows; /* of cell */
	size_t row;
};
bool diff_next(const struct report *r, struct diff_walk *w, const struct compare_row **row);
