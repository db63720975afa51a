/* shrink.h: a scenario made smaller step by step: what to try next, and the smaller scenario. Nothing is run here.
 *
 *   shrink_begin(&k);
 *   while (shrink_next(&k, s, &m)) {
 *           copy = s parsed anew; shrink_apply(copy, &m); does it still fail as s did?
 *           shrink_took(&k, yes);   and then s is the copy
 *   }
 *
 * Tried are, in that order: cgroups with all lines that name them; lines, first half of them at once, then fewer; blocks around lines;
 * half of the workers of a line; half of a time; half of the CPUs; expectations. What was taken is tried again from where it was, and as long
 * as a pass over all of it took anything there is another. A scenario of which something is left out need not be one any more:
 * who has it parsed and planned finds out. */
#pragma once
#include <stdbool.h>
#include <stddef.h>
#include <stdio.h>
struct scenario;

enum shrink_stage {
	SHRINK_GROUPS,
	SHRINK_LINES,
	SHRINK_BLOCKS,
	SHRINK_WORKERS,
	SHRINK_TIMES,
	SHRINK_CPUS,
	SHRINK_EXPECTATIONS,
	SHRINK_STAGES,
};

/* The at-th thing of its kind; of lines so many from there on. */
struct shrink_move {
	enum shrink_stage stage;
	size_t at, n;
};

struct shrink {
	struct shrink_move next;
	bool fresh; /* next.n of lines is still to be set */
	bool taken; /* in this pass */
};

void shrink_begin(struct shrink *k);
/* False: there is nothing more to try. */
bool shrink_next(struct shrink *k, const struct scenario *s, struct shrink_move *m);
/* Whether what shrink_next() said was done. */
void shrink_took(struct shrink *k, bool took);
/* m is of shrink_next() on an equal scenario. False: that leaves all as it was, or takes the last line. The topology counts as its four
 * numbers; one that says more stays. */
bool shrink_apply(struct scenario *s, const struct shrink_move *m);
/* "without cgroup b and what names it", in front of shrink_apply(). */
void shrink_words(FILE *f, const struct scenario *s, const struct shrink_move *m);
