/* compare.h: the same scheduler twice, A before B: what became of each program's count. */
#pragma once
#include "inspect/progs.h"
#include <stdbool.h>

struct compare_row {
	const char *name; /* points into the programs compared */
	bool in_a, in_b;
	uint32_t a, b; /* verified_insns; 0 where it is not in */
};

struct compare {
	struct compare_row *v; /* as in B, then what only A has */
	size_t n;
};

/* Programs go by name; of several with one name the first with the first. Where one side has the short name only, as reports of
 * before whole names do, it goes with the first of the other side that is left and begins so. */
void compare_progs(struct compare *c, const struct progs *a, const struct progs *b);
bool compare_differs(const struct compare_row *r);
/* B - A. */
int64_t compare_delta(const struct compare_row *r);
/* (B - A) / A in percent. False when there is none: not in both, or A is 0. */
bool compare_percent(const struct compare_row *r, double *percent);
/* It grew by more than that many percent of A, exactly. A new program did not grow. */
bool compare_exceeds(const struct compare_row *r, uint64_t percent);
void compare_free(struct compare *c);
#define auto_compare __attribute__((unused, cleanup(compare_free)))
