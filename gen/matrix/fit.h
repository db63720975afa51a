/* fit.h: whether a topology can have a test, and what the test takes there. */
#pragma once
#include <stdint.h>
struct err;
struct test;

/* *skip: why it cannot have it, for the caller to free; NULL: it can, and *ms is what it takes of a guest's time. X_USAGE with file and line
 * when the text is wrong on it. */
int test_fit(const struct test *t, const char *topology, char **skip, uint64_t *ms, struct err *e);
