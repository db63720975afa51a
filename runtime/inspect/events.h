/* events.h: what sched_ext of a guest has counted since the scheduler was attached, all CPUs together: what
 * /sys/kernel/sched_ext/root/events says there. */
#pragma once
#include "inspect/queues.h"
#include <stdbool.h>
#include <stdint.h>
struct err;
struct kmem;

struct events {
	bool known;               /* a scheduler is attached, and this kernel counts them (6.15 and later) */
	int64_t v[QUEUES_EVENTS]; /* in the order of queues.events */
};

int events_read(struct events *v, const struct kmem *m, const struct queues *q, struct err *e);
