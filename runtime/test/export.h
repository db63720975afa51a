/* export.h: all that is known of a program's tests, as JSON: docs/formats.md, "Tests of a program". */
#pragma once
#include "test/declared.h"
#include <stdio.h>
struct err;

/* The tests are checked first: X_USAGE for the first that is wrong, and nothing is printed. */
int export_tests(FILE *f, const struct declarations *d, struct err *e);
