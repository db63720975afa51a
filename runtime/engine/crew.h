/* crew.h: all workers of a scenario as the director sees them: started, let go, found again, reaped, with what became of each. */
#pragma once
#include "engine/worker/actor.h"
#include "engine/cgroup.h"
#include "engine/coverage.h"
#include "engine/reading.h"
#include "engine/trouble.h"
#include "scenario/plan.h"
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

enum worker_state {
	WORKER_WAITS, /* for its go */
	WORKER_WORKS,
	WORKER_STOPPED, /* by us; gone when gone */
	WORKER_CRASHED, /* ended by a signal that was not ours */
	WORKER_EXITED,
};

struct worker {
	enum worker_state state;
	const struct plan_step *step; /* its work line */
	unsigned id;                  /* of its seat */
	unsigned index;               /* in its line */
	uint32_t turn;                /* of the stage's go: when it begins */
	int group;                    /* where it is now, PLAN_NO_GROUP too */
	pid_t pid;                    /* of its process */
	pid_t tid;                    /* the same, unless it is one of several threads */
	bool gone;                    /* and waited for */
	int exited;                   /* exit code, or the signal; -1: of a thread, not known */
	bool astray;                  /* functions.h */
	char fault[96];               /* what went wrong with it, in our words; "": nothing */
	uint64_t stopped_ns, gone_ns;

	struct cpus cpuset; /* of its group now */
	bool masked;        /* it has a mask of its own beside that */
	struct cpus mask;
	uint64_t random; /* what is drawn for it by us */

	struct meter meter;
	struct ledger ledger;
	unsigned first_phase;
	struct record *records; /* of phases from first_phase on */
	size_t n_records;
};

struct programs;

struct crew {
	const struct scenario_plan *plan;
	const struct cgroups *cgroups;
	struct stage stage;
	struct worker *workers; /* in the order of their seats */
	unsigned n, max;
	uint32_t turn;        /* of those who are let go next; 1 at first */
	uint64_t seed, speed; /* speed: burn.h */
	const char *folder;   /* for files that workers write */
	struct duct shared_ducts[PROGRAM_SLOTS_MAX];
	struct programs *programs; /* the other children; NULL: there are none */
	const char *functions;     /* program of the work functions; NULL: there is none */
	struct coverage coverage;  /* of that */
	uint64_t phase, since;     /* what the stage's head should say; a worker can write there */
	bool holding;              /* the phase's hold began: who is stopped before that was not in the phase */
};

/* Room for this many, and what they share. */
int crew_open(struct crew *c, unsigned max, struct trouble *t);
void crew_close(struct crew *c);

/* Starts the workers of a work line, which wait for their go; cpuset: what their group may use. Fewer than asked for when the kernel
 * refuses more tasks: *refused is errno then, else 0. */
int crew_start(struct crew *c, const struct plan_step *step, const struct cpus *cpuset, int *refused,
	       struct trouble *t);
/* Lets go all that wait; the time. */
uint64_t crew_go(struct crew *c);
/* Waits for whoever ended, without waiting. Whether any worker did. */
bool crew_reap(struct crew *c);
/* Those workers are read a last time, and what ends them from now on is us. group: PLAN_NO_GROUP too; CREW_ALL: all. */
enum { CREW_ALL = -2 };
void crew_stop(struct crew *c, int group);
/* Kills stopped workers of that group, or all, wherever they went by themselves. */
void crew_kill(struct crew *c, int group);
/* Kills those that are in no group of ours, with what they forked. */
void crew_kill_loose(struct crew *c);

/* The phase ends for all, and the next one begins. frost: of a group. false: no memory. */
enum frost {
	FROST_NONE,
	FROST_NOW, /* it is frozen, and was not all the while */
	FROST_ALL, /* it was frozen for all of the phase's hold */
};
bool crew_turn_page(struct crew *c, enum frost (*frost)(void *arg, int group), void *arg);
/* CPUs used are counted anew. */
void crew_count_anew(struct crew *c);

bool worker_lives(const struct worker *w);
/* Where it may run. */
struct cpus worker_allowed(const struct worker *w);
/* Asks the kernel for what its work line says. */
void crew_ask(const struct crew *c, struct worker *w);
