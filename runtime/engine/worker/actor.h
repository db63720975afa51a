/* actor.h: a worker as it sees itself: its program, its seat, those it works with. Private to its process or thread. */
#pragma once
#include "engine/worker/look.h"
#include "engine/worker/seat.h"
#include "scenario/plan.h"
#include <stddef.h>
#include <stdint.h>

/* Ends of a pipe, -1: none. */
struct duct {
	int in, out;
};

/* Seats of some workers, in order. */
struct row {
	unsigned first, n;
};

struct actor {
	struct stage stage;
	struct seat *seat;
	const struct scenario_plan *plan;
	const struct program *program;
	const struct role *role;
	unsigned id;              /* number of its seat */
	struct row group, line;   /* those of its group, of its work line */
	unsigned slot_base;       /* cell of the group's slot 0; shared ones are the stage's last */
	const struct duct *ducts; /* by slot of the group */
	const struct duct *shared_ducts;
	struct cpus cpuset; /* it was started in */
	uint64_t speed;     /* burn.h */

	uint64_t random; /* its generator */
	uint64_t began_ns;
	unsigned runs;                       /* acts of computing so far */
	uint32_t seen[2][PROGRAM_SLOTS_MAX]; /* events: how often they were woken when it waited last; 1: shared ones */
	char *buffer;                        /* for memory that is touched and written; grows */
	size_t buffer_size;
	int file;           /* it writes to, -1: none yet */
	unsigned moves;     /* between cgroups, and of its memory, so far */
	const char *groups; /* folder of all cgroups of the scenario */
	const char *mount;  /* of cgroups, which that is below */
	const char *folder; /* for that file */
};

/* Over and over until somebody ends it. */
void actor_work(struct actor *a) __attribute__((noreturn));
/* One iteration. For tests. */
void actor_pass(struct actor *a);

/* The worker cannot go on: why, for the report, and the end of its process, or of its thread alone. */
void actor_fail(struct actor *a, const char *what) __attribute__((noreturn));

/* number of an act's cell on the stage */
unsigned actor_cell(const struct actor *a, const struct act *act);

/* Looks around after work; units of work done. */
void actor_look(struct actor *a, uint64_t work);
/* Computes for so long, but each tenth time half to one and a half times as long. */
void actor_run(struct actor *a, uint64_t ns);
/* Its first moments: it sleeps for up to 2 ms, by its generator. */
void actor_begin(struct actor *a);
/* Sleeps until then, and counts how late it got up. */
void actor_sleep_until(struct actor *a, uint64_t due_ns);
/* Memory to work on, of so many KiB at least; it grows, and then its address is another. */
char *actor_buffer(struct actor *a, uint64_t kib);
