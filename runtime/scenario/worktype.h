/* worktype.h: the work types: names, parameters with defaults and bounds, and the programs that they are. */
#pragma once
#include "scenario/error.h"
#include "scenario/program.h"
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

enum param_unit {
	PARAM_COUNT,
	PARAM_TIME /* ns */,
	PARAM_US /* ns, written as a number of us */,
	PARAM_OF /* 0 self, 1 all */
};
enum { WORKTYPE_PARAMS_MAX = 4, WORKTYPE_FUNCTION_MAX = 63 };

struct worktype_param {
	const char *name; /* NULL behind the last */
	enum param_unit unit;
	uint64_t usual, min, max;
};

struct worktype {
	const char *name;
	const char *aim; /* what of a scheduler it is aimed at */
	/* Of scenario/program.h, with "$NAME" for a parameter. NULL: of chain, a ring of as many roles as its first parameter says,
	 * each of which computes for its second, and wakes the next; of schbench, pairs of roles. */
	const char *text;
	struct worktype_param params[WORKTYPE_PARAMS_MAX + 1];
};

extern const struct worktype worktypes[];
extern const size_t n_worktypes;

/* A work type by another name, those of ktstr 0.3.2: "CpuSpin". */
struct worktype_alias {
	const char *name, *means; /* what worktype_parse() reads */
};
extern const struct worktype_alias worktype_aliases[];
extern const size_t n_worktype_aliases;

/* What "TYPE[:k=v,…]", "prog:ACTS" or "fn:NAME" says. */
struct worktype_use {
	const struct worktype *type; /* NULL: prog, or fn */
	/* "": none. A work function of a test program (test/ktstr.h), which stands for all acts: then the program is a group of one
	 * without acts. Whether there is such a function is not known here. */
	char function[WORKTYPE_FUNCTION_MAX + 1];
	uint64_t values[WORKTYPE_PARAMS_MAX];
	struct program program;
};

/* Letters, digits and "_", the first no digit, and not too many. */
bool worktype_function_name(const char *text, size_t n);
bool worktype_parse(struct worktype_use *u, struct slots *shared, const char *text, struct scenario_error *e);
/* It is a type, and all its parameters have their usual values: its name says all. */
bool worktype_usual(const struct worktype_use *u);
/* Canonically: parameters that have their usual values are left out. */
void worktype_write(FILE *f, const struct worktype_use *u, const struct slots *shared);
/* The program's text of these values into room for n bytes; false: it does not fit. */
bool worktype_text(const struct worktype *t, const uint64_t *values, char *to, size_t n);
