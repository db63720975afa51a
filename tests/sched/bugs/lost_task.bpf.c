// SPDX-License-Identifier: GPL-2.0-only
/*
 * lost_task.bpf.c: who becomes runnable in a period waits in the queue of that period. When the period is over and its queue is empty,
 * the next one begins.
 *
 * The bug: enqueue asks which period it is, and inserts a little later. When another CPU begins the next one in between, the task lies in
 * a queue that nobody looks into until the numbers have come round. Whether that happens is a matter of a microsecond.
 */
#include "bug.bpf.h"

#define PERIOD_NS 20000000ULL
#define PERIODS 1000 /* they come round in 20 seconds */

static volatile u32 period;
static volatile u64 since;

/* One of all CPUs begins the next one. */
static __always_inline void next_period(u32 was)
{
	u64 now = bpf_ktime_get_ns();

	if (now - since >= PERIOD_NS && __sync_bool_compare_and_swap(&period, was, was + 1))
		since = now;
}

SEC("struct_ops/bug_enqueue")
int BPF_PROG(bug_enqueue, struct task_struct *p, u64 enq_flags)
{
	u32 now = period;
	s32 idle;

	if (kthread(p, enq_flags))
		return 0;
	idle = scx_bpf_pick_idle_cpu(p->cpus_ptr, 0);
	dsq_insert(p, now % PERIODS, SLICE_NS, enq_flags);
	if (idle >= 0)
		scx_bpf_kick_cpu(idle, 0);
	return 0;
}

SEC("struct_ops/bug_dispatch")
int BPF_PROG(bug_dispatch, s32 cpu, struct task_struct *prev)
{
	u32 now = period;

	/* Who came too late for the last period is not left behind. */
	if (fixed && dsq_move_to_local((now + PERIODS - 1) % PERIODS))
		return 0;
	if (dsq_move_to_local(now % PERIODS))
		return 0;
	next_period(now);
	dsq_move_to_local(period % PERIODS);
	return 0;
}

SEC("struct_ops.s/bug_init")
int BPF_PROG(bug_init)
{
	return make_queues(PERIODS);
}

SEC(".struct_ops.link")
struct sched_ext_ops bug_ops = {
	.enqueue = (void *)bug_enqueue,
	.dispatch = (void *)bug_dispatch,
	.init = (void *)bug_init,
	.exit = (void *)bug_exit,
	.timeout_ms = KTSTR_TIMEOUT_MS,
	.name = "lost_task",
};
