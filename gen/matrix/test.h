/* test.h: a scenario that a request names, with what is expected of it and the scheduler it is for. */
#pragma once
#include "judge/expect/expectation.h"
#include "scenario/scenario.h"
#include "text/argv.h"
#include <stddef.h>
#include <stdint.h>
struct err;

struct test {
	char *name; /* of its "test" line, else of its file without ".ktstr" */
	char *slug; /* the same as a folder's name */
	char *word; /* as the request names it */
	char *file; /* absolute; NULL: of the catalogue, by its name */
	struct scenario scenario;
	struct expectations expect;
	char *scheduler;  /* absolute; NULL: the kernel's own */
	struct argv args; /* of it, by the text */
};

/* What a request says of all its tests. */
struct test_opts {
	const char *scheduler;           /* absolute, in place of what a text says; NULL: as it says */
	const char *const *args;         /* of that, NULL-ended */
	const char *const *expect_lines; /* NULL-ended */
	uint64_t duration, workers;      /* seconds; 0: as the text says */
};

/* word: a scenario of the catalogue, or a file. X_NO_INPUT with near names when it is neither, X_USAGE with file, line and column for what
 * is wrong in it. t is to be freed in any case. */
int test_load(struct test *t, const char *word, const struct test_opts *o, struct err *e);
/* Where a program that the text names is: absolute, for the caller to free; NULL: nowhere. */
char *test_program(const struct test *t, const char *name);
void test_drop(struct test *t);
