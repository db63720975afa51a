/* declared.h: the tests of a program as it declared them, with what was left unsaid filled in. */
#pragma once
#include "test/ktstr.h"
#include "topology/presets.h"
#include "verifier/flags.h"
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
struct err;

/* Which presets a test has variants on. */
struct bounds {
	uint32_t min_numa, max_numa, min_llcs, max_llcs, min_cpus, max_cpus;
	bool smt;
};

struct declared {
	struct ktstr_test t; /* what an older program does not know is 0 */
	struct ktstr_scheduler s;
	bool under;       /* it has a scheduler: s */
	const char *name; /* of the test */
	const struct ktstr_program *program;
	const char *topology; /* of the base test */
	struct bounds bounds;
	struct flags flags; /* of the scheduler, for profiles */
	bool unasked;       /* nothing is declared of them, and the scheduler was not asked yet (ask.h) */
	struct ktstr_map_write *writes;
	size_t n_writes;
};

struct declarations {
	struct declared *v; /* by file and line */
	size_t n;
};

/* The program's tests, and that its work functions are in order. X_USAGE: a structure, or the program as a whole, is of another ABI. d is to
 * be freed in any case. */
int declared_read(struct declarations *d, const struct ktstr_program *p, struct err *e);
/* What can be told without a topology: names, bounds, flags, which of the members stand together. X_USAGE with file and line. */
int declared_check(const struct declared *d, struct err *e);
/* That no two have one name. X_USAGE naming both. */
int declared_names(const struct declarations *d, struct err *e);
/* What its scheduler is called: "eevdf" is the kernel's own. */
const char *declared_scheduler(const struct declared *d);
/* NULL: there is none. */
const struct declared *declared_find(const struct declarations *d, const char *name, size_t n);
/* Puts "FILE:LINE: test NAME" before an error. Returns -1. */
int declared_in(const struct declared *d, struct err *e);
/* It runs when it is asked for alone. */
bool declared_ignored(const struct declared *d);
void declarations_free(struct declarations *d);
