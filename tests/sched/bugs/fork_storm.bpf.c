// SPDX-License-Identifier: GPL-2.0-only
/*
 * fork_storm.bpf.c: who began or woke a moment ago is taken for interactive, and waits in a queue of its own.
 *
 * The bug: that queue always comes first. Short-lived tasks without end, and who makes them, leave nothing to those that compute.
 */
#include "bug.bpf.h"

enum { INTERACTIVE, REST, QUEUES };

#define MOMENT_NS 50000000ULL
/* One turn in so many is the rest's. */
#define REST_TURNS 3

struct {
	__uint(type, BPF_MAP_TYPE_TASK_STORAGE);
	__uint(map_flags, BPF_F_NO_PREALLOC);
	__type(key, int);
	__type(value, u64);
} woke_at SEC(".maps");

static u32 turns[KTSTR_MAX_CPUS];

SEC("struct_ops/bug_runnable")
int BPF_PROG(bug_runnable, struct task_struct *p, u64 enq_flags)
{
	u64 *at = bpf_task_storage_get(&woke_at, p, NULL, BPF_LOCAL_STORAGE_GET_F_CREATE);

	if (at)
		*at = bpf_ktime_get_ns();
	return 0;
}

SEC("struct_ops/bug_enqueue")
int BPF_PROG(bug_enqueue, struct task_struct *p, u64 enq_flags)
{
	u64 *at;

	if (kthread(p, enq_flags))
		return 0;
	at = bpf_task_storage_get(&woke_at, p, NULL, 0);
	dsq_insert(p, at && bpf_ktime_get_ns() - *at < MOMENT_NS ? INTERACTIVE : REST, SLICE_NS, enq_flags);
	return 0;
}

SEC("struct_ops/bug_dispatch")
int BPF_PROG(bug_dispatch, s32 cpu, struct task_struct *prev)
{
	if (fixed && turns[cpu & (KTSTR_MAX_CPUS - 1)]++ % REST_TURNS == 0 && dsq_move_to_local(REST))
		return 0;
	if (!dsq_move_to_local(INTERACTIVE))
		dsq_move_to_local(REST);
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
	.runnable = (void *)bug_runnable,
	.init = (void *)bug_init,
	.exit = (void *)bug_exit,
	.timeout_ms = KTSTR_TIMEOUT_MS,
	.name = "fork_storm",
};
