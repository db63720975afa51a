/* set.h: CPUs by what they are: "llc:0+llc:1-cpu:3". docs/scenarios.md, "CPU sets". */
#pragma once
#include "scenario/error.h"
#include "scenario/places.h"
#include <stdint.h>

enum set_kind {
	SET_ALL,
	SET_USABLE,
	SET_CPU,
	SET_LLC,
	SET_NODE,
	SET_CORE,
	SET_SMT,
	SET_RANGE,
	SET_PART,
	SET_OVERLAP,
	SET_FIRST
};
enum { SET_TERMS_MAX = 16 };

#define SET_EACH UINT32_MAX /* an index that the block around it counts: "$" */

struct set_term {
	enum set_kind kind;
	bool minus;
	bool of;              /* of the next term's CPUs, "@": that one adds nothing itself. Else of the usable ones */
	uint32_t index, of_n; /* LLC … SMT; PART, OVERLAP: which, of how many; FIRST: how many */
	uint64_t from, to;    /* RANGE: shares in millionths; OVERLAP: to */
	struct cpus list;     /* CPU, where index is not SET_EACH */
};

struct set {
	struct set_term terms[SET_TERMS_MAX];
	unsigned n;
};

/* each: whether "$" may stand for an index. */
bool set_parse(struct set *s, const char *text, size_t n, bool each, struct scenario_error *e);
void set_write(FILE *f, const struct set *s);
/* SKIP for what the topology lacks, BAD for an empty set. */
bool set_resolve(const struct set *s, const struct places *p, uint32_t each, struct cpus *out,
		 struct scenario_error *e);
