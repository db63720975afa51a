/* queues.h: where the members are that run queues, dispatch queues and their tasks are read from (members.h), and the events that
 * sched_ext of this kernel counts.
 *
 * Everything is optional: what a kernel lacks leaves out what would be read by it and nothing else. */
#pragma once
#include "inspect/members.h"
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
struct err;

enum { QUEUES_EVENTS = 64, QUEUES_NAME = 48 };

struct queues {
	struct member nr_running, curr, idle, clock, online, cfs_tasks;                  /* struct rq */
	struct member run_delay, pcount, cpu_time, yld, sched, goidle, ttwu, ttwu_local; /* schedstat's of it */
	struct member scx_nr, scx_flags, scx_local, scx_runnable;                        /* struct rq, below scx */
	struct member dsq_nr, dsq_id, dsq_first, dsq_list, dsq_node;                     /* struct scx_dispatch_q */
	struct member sch_hash, sch_pcpu, sch_events;                                    /* struct scx_sched */
	struct member pcpu_events;                                                       /* struct scx_sched_pcpu */
	struct member table, table_size, table_nest, table_buckets, table_next; /* struct rhashtable, bucket_table */
	struct member pid, comm, cpus_ptr, last_queued;                         /* struct task_struct */
	struct member task_runnable, task_runnable_at, task_dsq, task_dsq_node, task_dsq_flags; /* … below scx */
	struct member task_group_node, task_delayed, task_cfs;                                  /* … below se */
	struct member cfs_throttled;                                                            /* struct cfs_rq */
	struct {
		char name[QUEUES_NAME];
		struct member at; /* in struct scx_event_stats */
	} events[QUEUES_EVENTS];
	size_t n_events;
};

/* X_BAD_KERNEL as members_open(). */
int queues_from_btf(struct queues *q, const void *btf, size_t n, struct err *e);
/* -1 when f has failed. */
int queues_write(FILE *f, const struct queues *q);
/* X_FAIL, naming the line. */
int queues_parse(struct queues *q, const char *text, size_t n, struct err *e);
