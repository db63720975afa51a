/* report.h: the cells of a verifier sweep as text or JSON. Formats: docs/verifier.md, after upstream 0.3.2. */
#pragma once
#include "verifier/result.h"
#include <stdbool.h>
#include <stdio.h>
struct err;
struct plan;
struct run;
struct step_result;

/* Which cell of the sweep. */
struct cell_name {
	const char *kernel;   /* label */
	const char *profile;  /* NULL: the sweep has none */
	const char *topology; /* NULL: all cells have the same */
};

struct report_cell {
	char *kernel, *profile, *topology; /* as in cell_name */
	char *dir;                         /* of the cell's files */
	bool have;                         /* result is there */
	struct result result;
	char *failure; /* why there is none */
	int code;
};

struct report {
	const char *scheduler;
	bool raw;
	struct report_cell *cells;
	size_t n;
};

/* Reads result.json, or failure.json when the step failed. Never fails: a cell without a result says why. */
void report_add(struct report *r, const struct cell_name *name, const char *dir, const struct step_result *step);
void report_text(FILE *f, const struct report *r);
void report_json(FILE *f, const struct report *r);
/* In place of a report, when there is none. */
void report_json_error(FILE *f, const char *scheduler, const struct err *e);
/* The worst cell as an error (0: all attached): rejected, died, timeout, VM, then other failures, first one first. */
int report_verdict(const struct report *r, const struct run *run, const struct plan *p, struct err *e);
void report_free(struct report *r);
#define auto_report __attribute__((unused, cleanup(report_free)))
