/* watch.h: what is looked at in a guest that runs a scenario, at one moment: run queues, dispatch queues, tasks that wait, events of
 * sched_ext, runs of its BPF programs. */
#pragma once
#include "inspect/dsq.h"
#include "inspect/events.h"
#include "inspect/kmem.h"
#include "inspect/layout.h"
#include "inspect/progs.h"
#include "inspect/queues.h"
#include "inspect/rq.h"
#include "inspect/waiting.h"
#include <stdbool.h>
#include <stddef.h>
struct err;

struct watch {
	struct layout layout;
	struct queues queues;
	struct phys phys; /* of the guest */
	bool moves;       /* it goes on while it is read: real time */
	bool open;
	struct kmem kmem;
};

/* The files "layout" and "queues" of a bootable step's folder. */
int watch_load(struct watch *w, const char *boot, struct err *e);
/* hello: what the guest said of itself. X_VM: nothing can be read in it, and each try is refused. */
int watch_open(struct watch *w, const struct phys *p, const char *hello, bool moves, struct err *e);
void watch_close(struct watch *w);

struct view_queues {
	struct rqs rqs;
	struct dsqs dsqs;
	struct waiters waiters;
};

struct view_counts {
	struct rqs rqs;
	struct events events;
	struct progs progs;
};

/* X_VM: it cannot be read, or moves too much. To be freed in either case. */
int watch_queues(struct view_queues *v, const struct watch *w, struct err *e);
int watch_counts(struct view_counts *v, const struct watch *w, struct err *e);
void view_queues_free(struct view_queues *v);
void view_counts_free(struct view_counts *v);
#define auto_view_queues __attribute__((unused, cleanup(view_queues_free)))
#define auto_view_counts __attribute__((unused, cleanup(view_counts_free)))
