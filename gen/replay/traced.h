/* traced.h: a cell with its kernel's own trace. A tracer takes time, so it is another schedule: whether it fails is judged anew, and other seeds may
 * be looked at. */
#pragma once
#include "judge/verdict.h"
#include <stdbool.h>
#include <stdint.h>
struct err;
struct replay_cell;

struct traced {
	uint64_t seed; /* whose trace was taken: the first that fails, else that of the cell */
	bool fails;
	enum judgement verdict;
	char *words; /* what failed; NULL */
};

/* n seeds, from that of the cell on. path: absolute; the file is there whole, or not at all. X_USAGE: the cell is none of `ktstr run`. out is to be freed in any
 * case. */
int traced_run(struct traced *out, const struct replay_cell *c, uint64_t n, const char *path, struct err *e);
void traced_free(struct traced *t);
#define auto_traced __attribute__((unused, cleanup(traced_free)))
