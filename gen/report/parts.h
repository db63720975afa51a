/* parts.h: what the files of the report share. */
#pragma once
#include "gen/report/report.h"
#include "verifier/compare.h"
struct jsonw;

#define INSN_LIMIT 1000000u /* BPF_COMPLEXITY_LIMIT_INSNS of include/linux/bpf.h, all kernels with sched_ext */
#define NEAR_LIMIT 750000u

/* "6.12.117 llc+steal 1,2,4,1": what tells the cell from the others; "" when it is the only one. kernel: that one in any
 * case. Caller frees. */
char *report_label(const struct report *r, const struct report_cell *c, bool kernel);
/* "rejected", "not run": one word or two for the outcome. */
const char *report_outcome(const struct report_cell *c);
/* One line about it; "" when there is nothing to say. */
const char *report_reason(const struct report_cell *c);
/* The command that runs this cell again, or NULL. Caller frees. */
char *report_again(const struct report *r, const struct report_cell *c);
/* "6.12.117, 6.18.2": the known kernels that have the symbol the cell failed for, or (there false) have it not. NULL: none,
 * or it is about no symbol. Caller frees. */
char *report_where(const struct report *r, const struct report_cell *c, bool there);
/* The whole of sched.log, at most 256 MiB; NULL and *n 0 when there is none. Caller frees. */
char *report_log(const struct report_cell *c, size_t *n);

/* A against B, when there is something to compare with. */
void report_diff_text(FILE *f, const struct report *r);
void report_diff_markdown(FILE *f, const struct report *r);
void report_diff_json(struct jsonw *w, const struct report *r); /* member "diff" */
/* Each program of each cell that base has too. False at the end; pass {0} first, and to the end. */
struct diff_walk {
	size_t next;
	const struct report_cell *cell;
	struct compare rows; /* of cell */
	size_t row;
};
bool diff_next(const struct report *r, struct diff_walk *w, const struct compare_row **row);

/* All cells side by side: a row per program, a column per cell; the last row is the outcome. */
struct grid {
	char **rows, **cols; /* rows[n_rows - 1] is "verdict" */
	size_t n_rows, n_cols;
	char **v;           /* row by row */
	bool highest, near; /* "*" and "!" occur in front of numbers */
};
void grid_fill(struct grid *g, const struct report *r);
void grid_free(struct grid *g);
#define auto_grid __attribute__((unused, cleanup(grid_free)))
/* What the marks mean, a line each, with this in front. */
void grid_legend(FILE *f, const struct grid *g, const char *indent);
/* With a heading, fitted to the terminal: turned around or in several parts when it is too wide. */
void report_table(FILE *f, const struct report *r);
