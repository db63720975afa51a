/* works.h: the work functions of a test program, as it declared them. */
#pragma once
#include "test/ktstr.h"
#include <stdbool.h>
struct err;
struct scenario;
struct scenario_error;

/* NULL: there is none of that name. */
const struct ktstr_work_function *works_find(const struct ktstr_program *p, const char *name);
/* Their structures and names. X_USAGE with file and line. */
int works_check(const struct ktstr_program *p, struct err *e);
/* That all functions that a scenario uses are there; false: e is filled, with the line. */
bool works_have(const struct ktstr_program *p, const struct scenario *s, struct scenario_error *e);
