// SPDX-License-Identifier: GPL-2.0-only
/*
 * hotplug.bpf.c: a queue for each CPU; who has nothing to do looks into the others' queues, but for those of CPUs that are offline.
 *
 * The bug: a CPU that comes back is still taken for offline. Nobody looks into its queue any more, not even the CPU itself.
 */
#include "bug.bpf.h"

static bool offline[KTSTR_MAX_CPUS];

SEC("struct_ops/bug_enqueue")
int BPF_PROG(bug_enqueue, struct task_struct *p, u64 enq_flags)
{
	if (!kthread(p, enq_flags))
		dsq_insert(p, scx_bpf_task_cpu(p), SLICE_NS, enq_flags);
	return 0;
}

SEC("struct_ops/bug_dispatch")
int BPF_PROG(bug_dispatch, s32 cpu, struct task_struct *prev)
{
	for (u32 i = 0; i < nr_cpus && i < KTSTR_MAX_CPUS; i++) {
		u32 from = (cpu + i) % nr_cpus;

		if (!offline[from & (KTSTR_MAX_CPUS - 1)] && dsq_move_to_local(from))
			break;
	}
	return 0;
}

SEC("struct_ops/bug_cpu_online")
int BPF_PROG(bug_cpu_online, s32 cpu)
{
	if (fixed)
		offline[cpu & (KTSTR_MAX_CPUS - 1)] = false;
	return 0;
}

SEC("struct_ops/bug_cpu_offline")
int BPF_PROG(bug_cpu_offline, s32 cpu)
{
	offline[cpu & (KTSTR_MAX_CPUS - 1)] = true;
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
	.cpu_online = (void *)bug_cpu_online,
	.cpu_offline = (void *)bug_cpu_offline,
	.init = (void *)bug_init,
	.exit = (void *)bug_exit,
	.timeout_ms = KTSTR_TIMEOUT_MS,
	.name = "hotplug",
};
