/* expect.h: failures that are known, so that only others fail a job. docs/verifier.md has the format of the file:
 *
 *   # scheduler  profile  kernels  until       reason
 *   scx_qmap     *        7.0..    2027-03-31  scx_bpf_consume
 *
 * Of scenarios (docs/scenarios.md) a line begins with the test's name.
 */
#pragma once
#include <stdbool.h>
#include <stddef.h>
struct err;

struct expect {
	char *test;                /* the same; NULL: the list is not of tests */
	char *scheduler, *profile; /* with "*" for any text */
	char *kernels;             /* "*", a version, a series, a range with one end or two */
	char until[11];            /* the last day it holds, "2027-03-31"; "" always */
	char *reason;              /* must be part of the cell's; "" any */
	unsigned line;
};

struct expects {
	struct expect *v;
	size_t n;
};

/* What a cell is for this. */
struct expect_cell {
	const char *scheduler;
	const char *profile; /* NULL: "default" */
	const char *kernel;  /* release or version */
	const char *test;    /* NULL: none */
};

enum expects_of { EXPECTS_OF_SWEEP, EXPECTS_OF_TESTS };
/* Hostile text in: at most 1 MiB and 10000 entries. X_USAGE naming the line that is none. */
int expects_parse(struct expects *x, enum expects_of of, const char *text, size_t n, struct err *e);
/* The same of a file; X_NO_INPUT when it cannot be read. */
int expects_load(struct expects *x, enum expects_of of, const char *path, struct err *e);
/* The first entry that is about this cell. reason: of its failure, NULL when it passed. today: "2026-11-25". An entry that
 * holds comes before one that is past its day; NULL: none. */
const struct expect *expects_find(const struct expects *x, const struct expect_cell *c, const char *reason,
				  const char *today);
bool expect_is_over(const struct expect *x, const char *today);
void expects_free(struct expects *x); /* {0} too, and twice */
#define auto_expects __attribute__((unused, cleanup(expects_free)))
