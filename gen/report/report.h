/* report.h: the cells of a verifier sweep as text, JSON, CSV or Markdown. Formats: docs/verifier.md, the text after
 * upstream 0.3.2. */
#pragma once
#include "verifier/explain.h"
#include "verifier/log.h"
#include "verifier/result.h"
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
struct err;
struct expect;
struct expects;
struct plan;
struct saved;
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

/* What --expect makes of a cell. */
enum met {
	MET_NOT_ASKED,
	MET_EXPECTED, /* it failed, and that is known */
	MET_PASSED,   /* it attached, and an entry says that it fails */
	MET_OVER,     /* it failed, and the entry about that is past its last day */
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
	enum met met;
	const struct expect *entry; /* the one that met is about */
};

/* A kernel we know the symbols of. */
struct report_kernel {
	char *label;
	char *symbols; /* a line each; NULL: not known */
};

#define NO_GATE UINT64_MAX

struct report {
	const char *scheduler;
	bool raw;
	const char *command,
		*args; /* both quoted: what runs a cell again, without kernel, profile, topology; what follows
	                             * these ("-- --steal"). NULL: cells do not tell */
	const struct saved *base; /* A of a comparison; NULL: none. B is this report */
	const char *base_name;
	uint64_t fail_over;   /* instructions of one program, NO_GATE */
	uint64_t fail_growth; /* percent against base, NO_GATE */
	const struct expects *expects;
	struct report_kernel *kernels;
	size_t n_kernels;
	struct report_cell *cells;
	size_t n;
};

/* Reads result.json, or failure.json when the step failed, and the log. Never fails: a cell without a result says why. */
void report_add(struct report *r, const struct cell_name *name, const char *dir, const struct step_result *step);
/* Whether a cell failed for a symbol, so that it is worth to tell which kernels have it. */
bool report_needs_symbols(const struct report *r);
/* One of these kernels; dir: where "bootable" left its files. */
void report_kernel(struct report *r, const char *label, const char *dir);
/* Once all cells are there: looks each up in expects. today: "2026-11-25". */
void report_expect(struct report *r, const char *today);
/* The cells of r to compare others with. The caller frees it. */
void report_save(const struct report *r, struct saved *to);
void report_text(FILE *f, const struct report *r);
void report_json(FILE *f, const struct report *r);
/* A line per program, and one for a cell without any; the first line names the columns. RFC 4180 but for its line ends. */
void report_csv(FILE *f, const struct report *r);
/* Tables and folded explanations, for the summary of a CI job. */
void report_markdown(FILE *f, const struct report *r);
/* In place of a report, when there is none. */
void report_json_error(FILE *f, const char *scheduler, const struct err *e);
/* The worst of it as an error, 0 when all is well: what kept a cell from running, then VM, timeout, died, rejected, other
 * failures; then a gate (X_OVER), then a pass that was not expected (X_PASSED). Expected failures are well. */
int report_verdict(const struct report *r, const struct run *run, const struct plan *p, struct err *e);
void report_free(struct report *r);
#define auto_report __attribute__((unused, cleanup(report_free)))
