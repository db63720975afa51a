/* export.h: all that is known of a program's tests, as JSON: docs/formats.md, "Tests of a program". */
#pragma once
#include "test/arguments.h"
#include "test/declared.h"
#include <stdio.h>
struct err;

/* The tests are checked first: X_USAGE for the first that is wrong, and nothing is printed. */
int export_tests(FILE *f, const struct declarations *d, struct err *e);
/* --cells: which cells `ktstr matrix` may ask for, with their texts as files (docs/formats.md). X_USAGE: a test, preset or profile is wrong. */
int export_cells(FILE *f, const struct declarations *d, const struct arguments *a, struct err *e);
