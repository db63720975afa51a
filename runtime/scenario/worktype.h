/* worktype.h: the work types: names, parameters with defaults and bounds, and the programs that they are. */
#pragma once
#include "scenario/error.h"
#include "scenario/program.h"
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

enum param_unit { PARAM_COUNT, PARAM_TIME /* ns */, PARAM_KIB, PARAM_BYTES, PARAM_PRIORITY, PARAM_OF /* 0 self, 1 all */ };
enum { WORKTYPE_PARAMS_MAX = 4 };

struct worktype_param {
	const char *name; /* NULL behind the last */
	enum param_unit unit;
	uint64_t usual, min, max;
};

struct worktype {
	const char *name;
	const char *summary;
	struct worktype_param params[WORKTYPE_PARAMS_MAX + 1];
	/* The program of these values; the table of params has made sure that they are within bounds. */
	void (*build)(struct program *p, const uint64_t *values);
};

extern const struct worktype worktypes[];
extern const size_t n_worktypes;

/* NULL: there is none of that name. Aliases: the names of ktstr 0.3.2, "CpuSpin". */
const struct worktype *worktype_find(const char *name, size_t n);

/* What "TYPE[:k=v,…]" or prog:"…" says. */
struct worktype_use {
	const struct worktype *type; /* NULL: prog */
	uint64_t values[WORKTYPE_PARAMS_MAX];
	struct program program;
};

bool worktype_parse(struct worktype_use *u, struct shared_slots *shared, const char *text, struct scenario_error *e);
/* Canonically: parameters that have their usual values are left out. */
void worktype_write(FILE *f, const struct worktype_use *u, const struct shared_slots *shared);
