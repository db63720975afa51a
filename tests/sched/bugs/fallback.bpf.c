// SPDX-License-Identifier: GPL-2.0-only
/*
 * fallback.bpf.c: a queue that all CPUs share, and one to fall back on, with what may run on one CPU only.
 *
 * The bug: a CPU falls back when the shared queue is empty, which it never is on a machine that has too much to do. Pinned tasks starve.
 */
#include "bug.bpf.h"

enum { SHARED, FALLBACK, QUEUES };

/* One turn in so many is the fallback's. */
#define FALLBACK_TURNS 4

static u32 turns[KTSTR_MAX_CPUS];

SEC("struct_ops/bug_enqueue")
int BPF_PROG(bug_enqueue, struct task_struct *p, u64 enq_flags)
{
	if (!kthread(p, enq_flags))
		dsq_insert(p, p->nr_cpus_allowed == 1 ? FALLBACK : SHARED, SLICE_NS, enq_flags);
	return 0;
}

SEC("struct_ops/bug_dispatch")
int BPF_PROG(bug_dispatch, s32 cpu, struct task_struct *prev)
{
	if (fixed && turns[cpu & (KTSTR_MAX_CPUS - 1)]++ % FALLBACK_TURNS == 0 && dsq_move_to_local(FALLBACK))
		return 0;
	if (!dsq_move_to_local(SHARED))
		dsq_move_to_local(FALLBACK);
	return 0;
}

SEC("struct_ops.s/bug_init")
int BPF_PROG(bug_init)
{
	return make_queues(QUEUES);
}

SEC(".struct_ops.link")
struct sched_ext_ops bug_ops = {
	.enqueue = (void *)bug_enqueue,
	.dispatch = (void *)bug_dispatch,
	.init = (void *)bug_init,
	.exit = (void *)bug_exit,
	.timeout_ms = KTSTR_TIMEOUT_MS,
	.name = "fallback",
};
