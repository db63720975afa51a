/* trail.h: seeds of one cell until one fails: what is known of them so far. Seeds are tried in rounds, in which they come to their end in any
 * order. */
#pragma once
#include "gen/explore/smaller.h"
#include "judge/verdict.h"
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* A seed of the round that is at work. */
struct trail_heard {
	uint64_t seed;
	enum judgement verdict;
	struct failure failure; /* JUDGED_FAIL */
};

struct trail {
	uint64_t first, last; /* seeds to try */
	bool until_fail;      /* what comes behind the first failure is not told of */
	/* What came of it. */
	uint64_t next; /* the first that was not tried */
	size_t passed, inconclusive, broken;
	struct failure *failures; /* by seed */
	size_t n_failures;
	char *kernel;     /* that it ran on; NULL: none ran */
	bool interrupted; /* by the end of the time, or a signal */
	struct trail_heard *heard;
	size_t n_heard;
};

void trail_begin(struct trail *s);
/* v: what that one seed came to; NULL: to no run. One that was heard of in this round is no news. The failure, to be told at once, or NULL. */
const struct failure *trail_hear(struct trail *s, uint64_t seed, const struct ruling *v);
/* Whether the rest of the round can say nothing new: with until_fail, each seed in front of a failure was heard of. */
bool trail_enough(const struct trail *s);
/* The round is over, or was ended: what was heard counts from next on without a gap, and failures behind a gap are kept. */
void trail_settle(struct trail *s);
/* No seed is left to be tried. */
bool trail_over(const struct trail *s);
/* Seeds were tried, and none came to a run: others will say no more. */
bool trail_mute(const struct trail *s);
void trail_free(struct trail *s);
