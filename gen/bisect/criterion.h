/* criterion.h: whether a kernel, or a scheduler, is good: a cell of `ktstr run`, or of `ktstr verifier` where no test is named. */
#pragma once
#include "gen/explore/attempt.h"
struct err;
struct tried;

struct criterion {
	const char *test;         /* as `ktstr run` takes it; NULL: whether the scheduler attaches */
	struct attempts attempts; /* options that both verbs are given, and arguments of the scheduler */
	struct argv own;          /* … that `ktstr run` alone is given */
};

/* Fills mark, words, again and code of t: good is what passes, bad what fails, also because the kernel refuses the scheduler or throws it out, and what
 * is broken, skipped or inconclusive is MARK_SKIP. kernel, scheduler: NULL: as the options say. until: now_ms() scale. Negative: nothing
 * that another kernel or commit would change (usage, store, missing tools, a stop). */
int criterion_try(struct criterion *c, const char *kernel, const char *scheduler, long long until, struct tried *t,
		  struct err *e);
void criterion_free(struct criterion *c);
