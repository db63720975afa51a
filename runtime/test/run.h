/* run.h: one test, or one variant, from its name to an exit code. */
#pragma once
#include "test/arguments.h"
#include "test/variant.h"
struct err;

/* The worse of two exit codes: what kept a test from running, then failures, then what nothing can be said about. */
int run_worse(int a, int b);
/* 0, or the exit code of what came of it (docs/exit-codes.md), after what there is to say was printed; negative: e tells. It may not return:
 * ktstr takes this process's place where nothing is left to be done after it. */
int run_variant(const struct variant *v, const struct arguments *a, struct err *e);
/* --judge NAME --runs DIR --to FILE SEED…: what a test's own function says of these runs below DIR, or without them what a test of
 * the host says, as JSON (docs/formats.md). What the function
 * prints goes to stderr. X_USAGE: there is no such test, or it has no such function. */
int run_judge(const struct declarations *d, const struct arguments *a, struct err *e);
