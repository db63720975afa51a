/* live.h: which cgroups there are while a plan is made, and on which CPUs they may run. */
#pragma once
#include "scenario/plan.h"

struct live {
	bool there;
	bool was_there; /* when the "every" that is open began */
	bool started;   /* workers were started in the block that is open, and nobody stopped them */
	bool own;       /* has a cpuset of its own */
	bool frozen;
	bool threaded; /* in the kernel's sense: one of those that threads of one process may be spread over */
	bool threads;  /* workers in it are threads of one process */
	bool split;    /* and others of that process are in other cgroups */
	struct cpus cpus;
	unsigned below; /* cgroups that are there */
};

struct making {
	struct scenario_plan *plan;
	const struct scenario *s;
	struct scenario_error *e;
	struct live *live;   /* of the plan's groups; it may move when a group is made */
	struct live outside; /* "-" */
	struct cpus offline, offline_before;
	bool detached, detached_before; /* no scheduler, because a line said so */
	uint32_t each;                  /* what "$" is */
	bool in_every;
	size_t every; /* its step */
	size_t room;
};

/* The index of a name that a line gives, with "$" replaced; NULL: PLAN_NO_GROUP. fresh: it is to be made now, else it must be
 * there. False: a fault without a place. */
bool live_group(struct making *m, const char *name, bool fresh, int *group);
/* All of these: false with a fault when the kernel does not let it be so. */

/* It was made. */
bool live_made(struct making *m, int group, bool threaded);
/* Workers start in it that are threads of one process. */
bool live_threads(struct making *m, int group);
/* Workers go elsewhere. t->apart is filled. */
bool live_move(struct making *m, struct plan_step *t);
/* Its workers end, and those of the cgroups in it. */
bool live_stop(struct making *m, int group);

/* Steps from first on, which are a block's that has ended, happen once more: threads are then where the pass before left them. */
bool live_again(struct making *m, size_t first);

void live_remove(struct making *m, int group);
struct live *live_of(struct making *m, int group);
/* What it may use, by its own cpuset and those above. */
struct cpus live_cpus(struct making *m, int group);
