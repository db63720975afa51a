/* waiting.h: tasks of a guest that could run and do not: those in the lists that run queues keep of what is runnable, for sched_ext and
 * for the kernel's own class. */
#pragma once
#include "inspect/rq.h"
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
struct err;
struct kmem;
struct queues;

enum { WAITING_TASKS = 4096, WAITING_CPUS = 512 };

struct waiter {
	int32_t pid;
	char comm[TASK_COMM];
	uint32_t cpu;                     /* whose run queue it is on */
	uint64_t ns;                      /* for how long, by the latest clock of all run queues */
	bool ticks_known;                 /* of sched_ext alone: */
	uint64_t ticks;                   /* of the kernel, since when its watchdog counts */
	bool dsq_known;                   /* it is in a dispatch queue */
	uint64_t dsq;                     /* the id of that */
	uint64_t cpus[WAITING_CPUS / 64]; /* where it may run */
};

struct waiters {
	bool known, more; /* known: this kernel has what tells; more: than WAITING_TASKS */
	struct waiter *v; /* the longest first */
	size_t n;
};

/* r: of the same moment. */
int waiters_read(struct waiters *w, const struct kmem *m, const struct queues *q, const struct rqs *r, struct err *e);
bool waiter_may_run(const struct waiter *w, unsigned cpu);
void waiters_free(struct waiters *w);
#define auto_waiters __attribute__((unused, cleanup(waiters_free)))
