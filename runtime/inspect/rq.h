/* rq.h: the run queue of each CPU of a guest (struct rq of kernel/sched/sched.h), as of one moment.
 *
 * The guest stands still, or changes what is read while it is read: then the clocks tell (rqs_same()). */
#pragma once
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
struct err;
struct kmem;
struct queues;

enum rq_column {
	RQ_NR,     /* runnable tasks, of all classes, with the one that runs */
	RQ_CLOCK,  /* of the run queue, ns: when it was updated last */
	RQ_SCX_NR, /* those of them that sched_ext has */
	RQ_FLAGS,  /* enum scx_rq_flags of that kernel */
	RQ_LOCAL,  /* tasks in its local dispatch queue */
	/* As /proc/schedstat has them, behind "cpuN". */
	RQ_YLD,
	RQ_SCHED,
	RQ_GOIDLE,
	RQ_TTWU,
	RQ_TTWU_LOCAL,
	RQ_CPU_TIME,
	RQ_RUN_DELAY,
	RQ_PCOUNT,
	RQ_COLUMNS
};
extern const char *const rq_column_names[RQ_COLUMNS];

enum { TASK_COMM = 16 };

struct rq_cpu {
	uint64_t at;            /* address of it */
	uint64_t v[RQ_COLUMNS]; /* those that rqs.has */
	uint64_t task;          /* that runs; 0: not known */
	int32_t pid;            /* of that; 0: the idle one's, or not known */
	char comm[TASK_COMM];   /* printable ASCII */
	bool idle, online;      /* idle: the idle task runs */
};

struct rqs {
	bool has[RQ_COLUMNS], curr; /* curr: task, pid, comm and idle are known */
	struct rq_cpu *v;           /* by CPU */
	size_t n;
};

/* X_VM: the guest sent no runqueues, or what it has there cannot be read. */
int rqs_read(struct rqs *r, const struct kmem *m, const struct queues *q, struct err *e);
/* What runs and all clocks are the same in both, so that nothing of it moved between them. */
bool rqs_same(const struct rqs *a, const struct rqs *b);
/* The latest of the clocks; 0: there are none. */
uint64_t rqs_now(const struct rqs *r);
void rqs_free(struct rqs *r);
#define auto_rqs __attribute__((unused, cleanup(rqs_free)))
