/* reading.h: what the kernel and a worker's seat say of it at one moment, and what a phase of it was: the difference of two. */
#pragma once
#include "engine/worker/seat.h"
#include "scenario/cpus.h"
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <sys/types.h>

/* Where the kernel's numbers come from; -1: nowhere. */
struct meter {
	int schedstat;  /* /proc/PID/task/TID/schedstat */
	int migrations; /* a performance counter, or else /proc/PID/task/TID/sched */
	bool counter;
};

/* tid: a thread of the process pid. */
void meter_open(struct meter *m, pid_t pid, pid_t tid);
void meter_close(struct meter *m);

struct reading {
	uint64_t now_ns;
	bool stat, migrated; /* what follows is known */
	uint64_t cpu_ns, wait_ns, turns, migrations;
	uint64_t iterations, work;
};

/* The letter that the kernel has for what a thread is doing (proc_pid_stat(5)): 'R', 'S', 'Z' and so on; 'X': there is no such thread,
 * '?': it cannot be read. */
char reading_state(pid_t pid, pid_t tid);

/* What was added to a latency since it was read last. min and max are exact, but for a worker that woke just at a border of phases:
 * then they may be the borders of their steps, 3.1 % away (worker/histogram.h). */
struct spread {
	uint64_t n, min, max, sum;
	double sq;
	struct spread_step {
		uint16_t step;
		uint32_t count;
	} * steps;
	unsigned n_steps;
};

struct record {
	uint64_t wall_ns;
	bool frozen; /* all the while: it is as if it had not been there */
	bool stat, migrated, cpus_known;
	uint64_t cpu_ns, wait_ns, turns, migrations, iterations, work;
	uint64_t gap_ns, gap_at_ns, gap_cpu_ns; /* gap_at_ns: of CLOCK_MONOTONIC */
	unsigned gap_cpu;
	struct cpus cpus, allowed;
	struct spread woken, timed;
};

/* The state between two readings of a worker. */
struct ledger {
	struct reading last;
	struct latency *woken, *timed; /* as read last; NULL: nothing counted yet */
	struct tally woken_tally, timed_tally;
};

void reading_take(struct reading *r, const struct meter *m, const struct seat *s);
struct record_of {
	uint64_t phase, since; /* the stage's */
	uint64_t open_ns;      /* the gap that was going on at its end; 0: none, or it was planned */
};

/* Fills what is between l's last reading and this one, which is l's last then. false: no memory. */
bool record_make(struct record *rec, struct ledger *l, const struct reading *r, const struct seat *s,
		 const struct record_of *of);
void ledger_free(struct ledger *l);
/* A number above 0 that stands behind a word in a text of lines "word : number"; false: it is not there. */
bool reading_number(const char *text, const char *word, uint64_t *value);
