/* looks.h: what was seen in several runs of one seed (trial/spy.h), laid on one time line. */
#pragma once
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
struct err;
struct facts;

enum { LOOKS_CPUS = 512 };

struct look_task {
	uint64_t pid, cpu, ns, dsq;
	bool dsq_known;
	char *comm, *cpus; /* cpus: where it may run */
};

struct look_queue {
	uint64_t id, nr, pid; /* pid: of the first task; 0: not known */
};

struct look {
	uint64_t now;   /* by the guest's clock, ns */
	uint64_t turns; /* that tasks had so far, on all CPUs */
	bool director;  /* runs on one of them */
	int64_t *curr;  /* by CPU: pid; 0: idle; -1: offline */
	uint64_t *nr;   /* runnable tasks, the one that runs among them */
	size_t cpus;
	bool queues_known, tasks_known;
	struct look_queue *queues;
	size_t n_queues;
	struct look_task *tasks; /* that wait, the longest first */
	size_t n_tasks;
	uint64_t waiting; /* of which these are some */
};

struct looks {
	struct look *v; /* by time, no two of the same moment */
	size_t n, thrown, runs;
	int64_t go; /* what the guest's clock was when the scenario began; looks_lay() */
	bool go_known;
};

/* Adds those of one run. Hostile text in: X_FAIL, naming what is wrong with it. */
int looks_add(struct looks *l, const char *text, size_t n, struct err *e);
/* Sorts, and finds go: at each mark the director is on a CPU; where too few of that were seen, the last worker runs until the end. */
void looks_lay(struct looks *l, const struct facts *f);
/* Since go; what was before it is negative. */
int64_t look_at(const struct looks *l, const struct look *x);
void looks_free(struct looks *l);
#define auto_looks __attribute__((unused, cleanup(looks_free)))
