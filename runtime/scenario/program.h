/* program.h: what a worker does: acts, one after the other, again and again. One pass is an iteration.
 *
 * As text: acts separated by ";", roles of a group by "|":  run 20us; wake a; wait b | wait a; run 20us; wake b
 * "4 * …" makes four workers of a group do this; "policy=P" as the first act gives a role its policy.
 * Workers of one group share the names in it; a name that begins with "@" is shared by all of a scenario. */
#pragma once
#include "scenario/error.h"
#include "scenario/policy.h"
#include <stdbool.h>
#include <stdint.h>

/* Beside each: its text, and what a and b are. "S" is a name of the group or scenario, kept as a slot. */
enum act_kind {
	ACT_RUN,   /* run TIME          computes; a: ns */
	ACT_SLEEP, /* sleep TIME        a: ns */
	ACT_TIMER, /* timer TIME        sleeps until the next multiple of a ns since its start, by an absolute timer */
	ACT_YIELD, /* yield             sched_yield() */
	ACT_WAKE,  /* wake S            all who wait for S go on (futex) */
	ACT_WAIT, /* wait S            until S was woken since this worker's last wait for it; a wake is never lost, two are one */
	ACT_SEND,     /* send S            a byte into the pipe S */
	ACT_RECEIVE,  /* receive S         a byte out of it */
	ACT_LOCK,     /* lock S            a mutex that sleeps in a futex */
	ACT_UNLOCK,   /* unlock S */
	ACT_PILOCK,   /* pilock S          a mutex that lends priority (FUTEX_LOCK_PI) */
	ACT_PIUNLOCK, /* piunlock S */
	ACT_TOUCH,    /* touch KIB STRIDE  reads and writes each b-th byte of a KiB of its own */
	ACT_FAULT,    /* fault KIB         maps a KiB, touches each page, unmaps */
	ACT_WRITE,    /* write KIB         a KiB into a file of its own, from its start */
	ACT_SYNC,     /* sync              fsync of that file */
	ACT_FORK,     /* fork N            a children that end at once, all waited for */
	ACT_EXEC,     /* exec N            the same, by way of execve */
	ACT_THREAD,   /* thread N          a threads that end at once, all joined */
	ACT_NICE,     /* nice A B          a nice value of its own, by its generator, in a…b (as int) */
	ACT_POLICY,   /* policy            normal, batch, idle or ext, by its generator */
	ACT_AFFINITY, /* affinity self|all a random half of its cpuset: for itself (a: 0), for all workers of its work line (1) */
	ACT_SIGNAL,  /* signal R          a signal to role a of its group */
	ACT_SIGWAIT, /* sigwait           until a signal came */
	ACT_MIGRATE, /* migrate N         into the next of a cgroups of its own, which are made beside all others */
	ACT_CHURN, /* churn N           makes a cgroups in each other, enters the innermost, leaves and removes them */
	ACT_KWORK, /* kwork             until a kernel thread of each CPU has run */
	ACT_NODE,  /* node KIB          a KiB of its memory go to the next NUMA node */
	ACT_KINDS,
};

enum slot_kind { SLOT_EVENT, SLOT_PIPE, SLOT_MUTEX, SLOT_PIMUTEX };

enum { PROGRAM_ACTS_MAX = 64, PROGRAM_SLOTS_MAX = 32, PROGRAM_ROLES_MAX = 16, PROGRAM_GROUP_MAX = 256 };
enum { SLOT_NAME_MAX = 31 };

struct act {
	enum act_kind kind;
	bool shared;   /* slot counts in the scenario's slots, not in the group's */
	unsigned slot; /* of acts with a name */
	uint64_t a, b;
};

/* What some workers of a group do. */
struct role {
	unsigned first, n;    /* acts of the program */
	unsigned workers;     /* of a group that do this */
	struct policy policy; /* POLICY_NONE: what the work line says */
};

struct program {
	struct act acts[PROGRAM_ACTS_MAX];
	unsigned n;
	struct role roles[PROGRAM_ROLES_MAX]; /* worker i of a group: roles in order, each with its number of workers */
	unsigned n_roles;
	unsigned group; /* workers of a group: the roles' in all */
	unsigned slots; /* the group's */
	enum slot_kind slot_kinds[PROGRAM_SLOTS_MAX];
};

enum { SLOT_GIVEN = 1, SLOT_TAKEN = 2 }; /* woken or sent to; waited for or received from */

/* Slots by their names: those of a group, or those that "@" makes a scenario's own. */
struct slots {
	char names[PROGRAM_SLOTS_MAX][SLOT_NAME_MAX + 1];
	enum slot_kind kinds[PROGRAM_SLOTS_MAX];
	unsigned char used[PROGRAM_SLOTS_MAX];
	unsigned n;
};

/* From text, with the names that are shared so far. Refused: unknown acts, a name used in two ways, a lock that is not given
 * back, in a group a wait for what nobody wakes. */
bool program_parse(struct program *p, struct slots *shared, const char *text, struct scenario_error *e);
/* The canonical text; names of a group's slots become a, b, c … in order of use, shared ones keep theirs. */
void program_write(FILE *f, const struct program *p, const struct slots *shared);
/* Whether all that is waited for is woken, and all that is received is sent and the other way round. what: to call them by. */
bool slots_check(const struct slots *s, const char *what, struct scenario_error *e);
/* The role of the i-th worker of a group. */
const struct role *program_role(const struct program *p, unsigned i);
