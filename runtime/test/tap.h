/* tap.h: many tests, one after the other, as TAP (version 13): what prove and meson read. */
#pragma once
#include "test/arguments.h"
#include "test/declared.h"
struct err;

/* The tests that a names, else all that are not ignored, each in a process of its own. The worst exit code, or negative: X_USAGE, there is no
 * such test. */
int tap_run(const struct declarations *d, const struct arguments *a, struct err *e);
