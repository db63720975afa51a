/* rulings.h: what came of each cell of a matrix. */
#pragma once
#include "judge/verdict.h"
#include "gen/matrix/matrix.h"
#include <stddef.h>
#include <stdio.h>
struct err;
struct expect;
struct expects;
struct plan;
struct run;

/* What --expect makes of a cell. */
enum known {
	KNOWN_NOTHING, /* no line is about what came of it */
	KNOWN_FAILURE, /* all its failures are expected */
	KNOWN_IN_PART, /* another failure is there as well */
	KNOWN_OVER,    /* one was expected, until a day that is past */
	KNOWN_TO_FAIL, /* it passed, and a line says that it fails */
};

struct cell_verdict {
	const struct matrix_cell *cell;
	struct ruling v; /* as the judge said it; of a cell that was skipped or came to no run made here */
	int code;        /* … and its exit code */
	char *dir;       /* absolute */
	enum known known;
	const struct expect *entry; /* the line; NULL: KNOWN_NOTHING */
	const char *other;          /* KNOWN_IN_PART: the failure that no line expects, of v */
	enum judgement left;        /* of the verdict, without what was expected */
};

struct rulings {
	struct cell_verdict *v; /* as the cells stand */
	size_t n;
	char *dir; /* the build folder */
};

/* Whether a step that runs a test was killed, and so left the test unjudged: what fails otherwise is judged as broken. */
bool rulings_lost(const struct matrix *m, const struct run *r);
/* Of a run that was interrupted: leaves out the cells that it came to no verdict of. How many are left. */
size_t rulings_finished(struct matrix *m, const struct run *r);
/* Whether every test was judged by runs that are kept. */
bool rulings_kept(const struct matrix *m, const struct run *r);
/* After the run of the plan. X_FAIL when a verdict cannot be read. */
int rulings_read(struct rulings *all, const struct matrix *m, const struct run *r, struct err *e);
/* known.c: looks each up. today: "2026-11-25". */
void rulings_expect(struct rulings *all, const struct expects *x, const char *today);
void rulings_text(FILE *f, const struct rulings *all);
/* For many: what did not pass, a grid of topologies by kernels and profiles per test, how many. r: what says which were known before. */
void rulings_grid(FILE *f, const struct rulings *all, const struct run *r);
void rulings_json(FILE *f, const struct rulings *all);
void rulings_markdown(FILE *f, const struct rulings *all);
void rulings_junit(FILE *f, const struct rulings *all);
/* As files, whole or not at all. */
int rulings_json_file(const char *path, const struct rulings *all, struct err *e);
int rulings_junit_file(const char *path, const struct rulings *all, struct err *e);
/* The worst of it as an exit code and, where a step failed, its error: first what kept a cell from running, then failures, then what passed
 * though --expect says that it fails, then what is inconclusive; 0 when all is well. */
int rulings_code(const struct rulings *all, const struct verdict_rules *rules, const struct run *r,
		 const struct plan *p, struct err *e);
void rulings_free(struct rulings *all);
#define auto_rulings __attribute__((unused, cleanup(rulings_free)))
