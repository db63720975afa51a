/* coverage.h: what the work functions of this program ran in guests, counted as if it had run here: LLVM's profile runtime, in an instrumented
 * program, tells all together when the program ends. */
#pragma once
#include <stdbool.h>
#include <stddef.h>
struct err;

/* Whether this program has counters (engine/worker/counters.h). */
bool coverage_wanted(void);
/* Adds what run.json, n bytes, says that it ran. Hostile: it comes from a guest. X_VM: it says what cannot be of this program. */
int coverage_add(const char *run, size_t n, struct err *e);
