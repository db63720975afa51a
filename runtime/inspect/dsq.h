/* dsq.h: the dispatch queues that a scheduler of a guest has made: the hash table of its struct scx_sched (before 6.15 a
 * table of all). */
#pragma once
#include "inspect/rq.h"
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
struct err;
struct kmem;
struct queues;

enum { DSQS_MAX = 4096 };

struct dsq {
	uint64_t id;
	uint32_t nr;
	int32_t pid; /* of its first task; 0: there is none, or it is not known */
	char comm[TASK_COMM];
};

struct dsqs {
	bool known, more; /* known: this kernel tells, and a scheduler is attached; more: than DSQS_MAX */
	struct dsq *v;    /* by id */
	size_t n;
};

int dsqs_read(struct dsqs *d, const struct kmem *m, const struct queues *q, struct err *e);
void dsqs_free(struct dsqs *d);
#define auto_dsqs __attribute__((unused, cleanup(dsqs_free)))
