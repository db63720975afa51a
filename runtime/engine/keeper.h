/* keeper.h: whoever has the scheduler under test: started, stopped and exchanged on request of a scenario.
 *
 * The engine's parent is asked through the engine's own standard output, in lines in front of the run's JSON, and answers on its
 * standard input:
 *
 *   ?attach | ?detach | ?restart | ?replace PROFILE    ->
 *                                                      <-   done | no REASON
 *
 * Workers get neither of the two. */
#pragma once
#include "scenario/plan.h"
#include <stdbool.h>
#include <stdint.h>
struct director;

enum { KEEPER_ANSWER = 200 };
/* One that does not answer for so long, of the guest's time, is not asked again; times burn_slower(). */
#define KEEPER_NS 60000000000u

/* What was asked for, and what came of it. Times are since go, 0 before. */
struct favour {
	enum plan_deed deed;
	const char *profile; /* of the plan; NULL: none */
	unsigned line;
	uint64_t ns, took_ns;
	bool done;
	char answer[KEEPER_ANSWER]; /* why not; "" when done */
};

struct keeper {
	bool there;           /* somebody said that they will answer */
	bool lost;            /* and did not */
	uint64_t patience_ns; /* how long that may take */
	struct favour *favours;
	unsigned n;
};

/* 0 also when it is not done, which the favour tells. Without a keeper there is no scheduler to do anything to, and it is done at once. */
int keeper_ask(struct director *d, const struct plan_step *s);
