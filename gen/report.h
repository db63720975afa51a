/* report.h: the cells of a verifier sweep as text, JSON, CSV or Markdown. Formats: docs/verifier.md, the text after
 * upstream 0.3.2. */
#pragma once
#include "verifier/explain.h"
#include "verifier/log.h"
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
	const char *id;       /* what --kernel takes to name this one alone; NULL: the label */
	const char *profile;  /* NULL: the sweep has none */
	const char *topology; /* NULL: all cells have the same */
};

/* What the verifier's log says of one program, of those that were not taken or that a scheduler prints by itself. */
struct cell_log {
	char *program; /* whole name; NULL: a log without markers */
	struct log_stats s;
	char *stack; /* as s.stack; NULL: unknown */
};

struct report_cell {
	char *kernel, *id, *profile, *topology; /* as in cell_name */
	char *dir;                              /* of the cell's files */
	bool have;                              /* result is there */
	struct result result;
	struct cell_log *logs;
	size_t n_logs;
	struct explanation why;
	char *failure; /* why there is no result */
	bool not_run;  /* that is because a step before it failed */
	int code;
};

struct report {
	const char *scheduler;
	bool raw;
	const char *command,
		*args; /* both quoted: what runs a cell again, without kernel, profile, topology; what follows
	                             * these ("-- --steal"). NULL: cells do not tell */
	struct report_cell *cells;
	size_t n;
};

/* Reads result.json, or failure.json when the step failed, and the log. Never fails: a cell without a result says why. */
void report_add(struct report *r, const struct cell_name *name, const char *dir, const struct step_result *step);
void report_text(FILE *f, const struct report *r);
void report_json(FILE *f, const struct report *r);
/* A line per program, and one for a cell without any; the first line names the columns. RFC 4180 but for its line ends. */
void report_csv(FILE *f, const struct report *r);
/* Tables and folded explanations, for the summary of a CI job. */
void report_markdown(FILE *f, const struct report *r);
/* In place of a report, when there is none. */
void report_json_error(FILE *f, const char *scheduler, const struct err *e);
/* The worst cell as an error (0: all attached): rejected, died, timeout, VM, then other failures, first one first. */
int report_verdict(const struct report *r, const struct run *run, const struct plan *p, struct err *e);
void report_free(struct report *r);
#define auto_report __attribute__((unused, cleanup(report_free)))
