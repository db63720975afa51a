/* work.h: a test program in a guest: a worker that calls one of its work functions (engine/worker/function.h). */
#pragma once
#include "test/ktstr.h"
#include <stdbool.h>

/* Whether these arguments are an engine's. */
bool work_is_asked(int argc, char **argv);
/* Works until it is killed. What it cannot take up it says on stderr. */
void work_live(const struct ktstr_program *p, const char *name) __attribute__((noreturn));
