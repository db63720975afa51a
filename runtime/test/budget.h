/* budget.h: which tests fit into some seconds, so that they cover most: KTSTR_BUDGET_SECS, as 0.3.2 chose them.
 *
 * A test has features: bits for its scheduler, its flags, how large its machine is, and so on. The one with most new bits by second is taken,
 * then the next, until none that is left fits and has new ones. All tests stand for selection, ignored or not, so that both lists that nextest
 * asks for come from one choice. */
#pragma once
#include "test/variant.h"
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>

struct budget_test {
	char *name;
	uint64_t features;
	double seconds; /* estimated */
	bool ignored, chosen;
};

struct budget {
	struct budget_test *v;
	size_t n, room;
};

/* Seconds; 0: none is set, or what is set is no number above 0, which is told on errors. */
double budget_seconds(FILE *errors);
void budget_add(struct budget *b, const struct variant *v);
/* Chooses, and says on errors what came of it. */
void budget_choose(struct budget *b, double seconds, FILE *errors);
void budget_free(struct budget *b);
