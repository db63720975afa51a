/* parsing.h: the state of scenario_parse(), for the files that share the work. */
#pragma once
#include "scenario/scenario.h"
#include "scenario/text/words.h"
#include <stdbool.h>

enum { BLOCKS_MAX = 2 };

struct parsing {
	struct scenario *s;
	struct scenario_error *e;
	struct statement st;
	unsigned given;            /* bits of attributes, by their place in the table */
	size_t blocks[BLOCKS_MAX]; /* lines that opened a block which is not closed */
	unsigned depth;
	unsigned used; /* line of the "use" whose lines are read; 0: none */
};

/* The statement's words from the first on; false and e filled, with a line of the text. */
bool attribute_parse(struct parsing *p);
bool attribute_known(const struct word *w);
bool line_parse(struct parsing *p);
/* Words that begin a line or are attributes, for a guess. */
struct fault_guess;
void attribute_guess(struct fault_guess *g);
