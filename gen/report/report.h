/* report.h: what there is to tell of a verifier sweep: its cells with all that they left. text.h, json.h, csv.h and markdown.h
 * print it; verdict.h says what it comes to. */
#pragma once
#include "verifier/explain.h"
#include "verifier/log.h"
#include "verifier/result.h"
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
struct expect;
struct expects;
struct saved;
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

/* In front of report_cell.failure when it is another step's. */
#define REPORT_NOT_RUN "not run: "

#define NO_GATE UINT64_MAX

struct report {
	const char *scheduler;
	bool raw;
	bool among; /* others follow or came before, of other schedulers */
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
	bool many_kernels; /* the cells have more than one */
};

/* Reads result.json, or failure.json when the step failed, and the log. Never fails: a cell without a result says why. */
void report_add(struct report *r, const struct cell_name *name, const char *dir, const struct step_result *step);
/* The whole of a cell's sched.log, at most 256 MiB; NULL and *n 0 when there is none. Caller frees. */
char *report_log(const struct report_cell *c, size_t *n);
/* The cells of r to compare others with. The caller frees it. */
void report_save(const struct report *r, struct saved *to);
void report_free(struct report *r);
#define auto_report __attribute__((unused, cleanup(report_free)))
