/* fake_queues.h: run queues, dispatch queues and tasks of a guest that is none. */
#pragma once
#include "fake_guest.h"
#include "inspect/dsq.h"
#include "inspect/events.h"
#include "inspect/queues.h"
#include "inspect/rq.h"
#include "inspect/waiting.h"

#define FQ_RUNQUEUES (FG_TEXT_PA + 0x40000)
#define FQ_OFFSETS (FG_TEXT_PA + 0x50000)
#define FQ_ROOT (FG_TEXT_PA + 0x60000)
#define FQ_JIFFIES (FG_TEXT_PA + 0x60008)
enum { FQ_CPUS = 4, FQ_RQ_SIZE = 512, FQ_TASK_SIZE = 256, FQ_NOW = 1000000000, FQ_TICKS = 5000 };

static const struct queues fq_layout = {
	.nr_running = { 0, 4 },
	.curr = { 8, 8 },
	.idle = { 16, 8 },
	.clock = { 24, 8 },
	.online = { 32, 4 },
	.cfs_tasks = { 40, 16 },
	.run_delay = { 56, 8 },
	.pcount = { 64, 8 },
	.cpu_time = { 72, 8 },
	.yld = { 80, 4 },
	.sched = { 84, 4 },
	.goidle = { 88, 4 },
	.ttwu = { 92, 4 },
	.ttwu_local = { 96, 4 },
	.scx_nr = { 100, 4 },
	.scx_flags = { 104, 4 },
	.scx_local = { 112, 96 },
	.scx_runnable = { 208, 16 },
	.dsq_nr = { 0, 4 },
	.dsq_id = { 8, 8 },
	.dsq_first = { 16, 8 },
	.dsq_list = { 24, 16 },
	.dsq_node = { 40, 8 },
	.sch_hash = { 16, 32 },
	.sch_pcpu = { 8, 8 },
	.sch_events = { -1, 0 },
	.pcpu_events = { 16, 16 },
	.table = { 0, 8 },
	.table_size = { 0, 4 },
	.table_nest = { 4, 4 },
	.table_buckets = { 64, 0 },
	.table_next = { 8, 8 },
	.pid = { 0, 4 },
	.comm = { 8, 16 },
	.cpus_ptr = { 24, 8 },
	.last_queued = { 32, 8 },
	.task_runnable = { 40, 16 },
	.task_runnable_at = { 56, 8 },
	.task_dsq = { 64, 8 },
	.task_dsq_node = { 72, 16 },
	.task_dsq_flags = { 88, 4 },
	.task_group_node = { 96, 16 },
	.task_delayed = { 112, 1 },
	.task_cfs = { 120, 8 },
	.cfs_throttled = { 0, 4 },
	.events = { { "SCX_EV_A", { 0, 8 } }, { "SCX_EV_B", { 8, 8 } } },
	.n_events = 2,
};

struct fake_queues {
	struct fake_guest g;
	uint64_t rq[FQ_CPUS], idle[FQ_CPUS], pcpu, cfs, sched, table; /* physical */
};

static inline void fq_list(struct fake_guest *g, uint64_t head)
{
	fg_u64(g, head, g->base + head);
	fg_u64(g, head + 8, g->base + head);
}

static inline void fq_append(struct fake_guest *g, uint64_t head, uint64_t node)
{
	uint64_t last;

	memcpy(&last, g->ram + head + 8, sizeof(last));
	fg_u64(g, node, g->base + head);
	fg_u64(g, node + 8, last);
	fg_u64(g, last - g->base, g->base + node);
	fg_u64(g, head + 8, g->base + node);
}

/* May run on the CPUs of mask; began to wait ns (and ticks) before now. */
static inline uint64_t fq_task(struct fake_queues *q, uint32_t pid, const char *comm, uint64_t mask, uint64_t ns,
			       uint64_t ticks)
{
	uint64_t task = fg_alloc(&q->g, FQ_TASK_SIZE + 64);

	fg_u32(&q->g, task, pid);
	memcpy(q->g.ram + task + 8, comm, strlen(comm) < 16 ? strlen(comm) : 16);
	fg_u64(&q->g, task + 24, q->g.base + task + FQ_TASK_SIZE);
	fg_u64(&q->g, task + FQ_TASK_SIZE, mask);
	fg_u64(&q->g, task + 32, FQ_NOW - ns);
	fg_u64(&q->g, task + 56, FQ_TICKS - ticks);
	fg_u64(&q->g, task + 120, q->g.base + q->cfs);
	return task;
}

static inline void fq_open(struct fake_queues *q)
{
	struct fake_guest *g = &q->g;

	fg_open(g, 4);
	q->cfs = fg_alloc(g, 64);
	q->pcpu = fg_alloc(g, 64 * FQ_CPUS);
	q->sched = fg_alloc(g, 64);
	for (unsigned i = 0; i < FQ_CPUS; i++) {
		q->rq[i] = fg_alloc(g, FQ_RQ_SIZE);
		q->idle[i] = fq_task(q, 0, "swapper", 0, 0, 0);
		fg_u64(g, FQ_OFFSETS + 8 * i, g->base + q->rq[i] - fg_symbol(FQ_RUNQUEUES));
		fg_u64(g, q->rq[i] + 8, g->base + q->idle[i]);
		fg_u64(g, q->rq[i] + 16, g->base + q->idle[i]);
		fg_u64(g, q->rq[i] + 24, FQ_NOW - i);
		fg_u32(g, q->rq[i] + 32, 1);
		fq_list(g, q->rq[i] + 40);
		fq_list(g, q->rq[i] + 208);
	}
	fg_u64(g, FQ_JIFFIES, FQ_TICKS);
}

/* Per-CPU memory is as far from that of the first CPU as run queues are. */
static inline void fq_attach(struct fake_queues *q, uint32_t buckets)
{
	struct fake_guest *g = &q->g;

	q->table = fg_alloc(g, 64 + 8 * buckets);
	fg_u32(g, q->table, buckets);
	for (uint32_t i = 0; i < buckets; i++)
		fg_u64(g, q->table + 64 + 8 * i, 0);
	fg_u64(g, q->sched + 16, g->base + q->table);
	/* The events of a CPU lie behind its run queue. */
	fg_u64(g, q->sched + 8, fg_symbol(FQ_RUNQUEUES) + 256);
	fg_u64(g, FQ_ROOT, g->base + q->sched);
}

static inline uint64_t fq_dsq(struct fake_queues *q, uint32_t bucket, uint64_t id, uint32_t nr, uint64_t first)
{
	struct fake_guest *g = &q->g;
	uint64_t dsq = fg_alloc(g, 64), head = q->table + 64 + 8 * bucket, was;

	memcpy(&was, g->ram + head, sizeof(was));
	fg_u32(g, dsq, nr);
	fg_u64(g, dsq + 8, id);
	fg_u64(g, dsq + 16, first ? g->base + first : 0);
	fq_list(g, dsq + 24);
	fg_u64(g, dsq + 40, was ? was : head | 1);
	fg_u64(g, head, g->base + dsq + 40);
	return dsq;
}

static inline void fq_runs(struct fake_queues *q, unsigned cpu, uint64_t task)
{
	fg_u64(&q->g, q->rq[cpu] + 8, q->g.base + task);
}

static inline void fq_waits(struct fake_queues *q, unsigned cpu, uint64_t task, bool scx)
{
	fq_append(&q->g, q->rq[cpu] + (scx ? 208 : 40), task + (scx ? 40 : 96));
}

static inline char *fq_hello(void)
{
	auto_free char *plain = fg_hello();

	return xasprintf("%snr_cpus %d\nsym runqueues %" PRIx64 "\nsym __per_cpu_offset %" PRIx64
			 "\nsym scx_root %" PRIx64 "\nsym jiffies_64 %" PRIx64 "\n",
			 plain, FQ_CPUS, fg_symbol(FQ_RUNQUEUES), fg_symbol(FQ_OFFSETS), fg_symbol(FQ_ROOT),
			 fg_symbol(FQ_JIFFIES));
}
