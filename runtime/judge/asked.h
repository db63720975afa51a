/* asked.h: everything that is expected of a test: defaults, what its text says, what the command line adds. */
#pragma once
#include "judge/expect/expectation.h"
struct err;
struct scenario;

/* scheduler: it has one. file: for messages; NULL: none. lines: of the command line, NULL-ended; may be NULL. x is to be freed in any
 * case. X_USAGE with the place, also for "expect_fail". */
int expectations_asked(struct expectations *x, const struct scenario *s, bool scheduler, const char *file,
		       const char *const *lines, struct err *e);
