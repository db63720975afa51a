// SPDX-License-Identifier: GPL-2.0-only
/*
 * mask_race.bpf.c: a queue for each CPU, and each task has a home, the first CPU that it waited for.
 *
 * The bug: a home stays when the task's mask changes. A task that waits in the queue of a CPU it may not run on waits for ever.
 */
#include "bug.bpf.h"

struct home {
	s32 cpu;
	bool known;
};

struct {
	__uint(type, BPF_MAP_TYPE_TASK_STORAGE);
	__uint(map_flags, BPF_F_NO_PREALLOC);
	__type(key, int);
	__type(value, struct home);
} homes SEC(".maps");

SEC("struct_ops/bug_enqueue")
int BPF_PROG(bug_enqueue, struct task_struct *p, u64 enq_flags)
{
	s32 cpu = scx_bpf_task_cpu(p);
	struct home *home;

	if (kthread(p, enq_flags))
		return 0;
	home = bpf_task_storage_get(&homes, p, NULL, BPF_LOCAL_STORAGE_GET_F_CREATE);
	if (home && home->known && (!fixed || bpf_cpumask_test_cpu(home->cpu, p->cpus_ptr))) {
		cpu = home->cpu;
	} else if (home) {
		home->cpu = cpu;
		home->known = true;
	}
	dsq_insert(p, cpu, SLICE_NS, enq_flags);
	scx_bpf_kick_cpu(cpu, KERNEL_ENUM(scx_kick_flags, SCX_KICK_IDLE));
	return 0;
}

SEC("struct_ops/bug_dispatch")
int BPF_PROG(bug_dispatch, s32 cpu, struct task_struct *prev)
{
	dsq_move_to_local(cpu);
	return 0;
}

SEC("struct_ops.s/bug_init")
int BPF_PROG(bug_init)
{
	return make_queues(nr_cpus);
}

SEC(".struct_ops.link")
struct sched_ext_ops bug_ops = {
	.enqueue = (void *)bug_enqueue,
	.dispatch = (void *)bug_dispatch,
	.init = (void *)bug_init,
	.exit = (void *)bug_exit,
	.timeout_ms = KTSTR_TIMEOUT_MS,
	.name = "mask_race",
};
