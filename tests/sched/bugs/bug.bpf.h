/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * bug.bpf.h: what the schedulers of this folder share.
 *
 * Each has one bug that a real scheduler had, and is as small as the bug allows. With --fixed it has none. They have no
 * select_cpu callback: the kernel's own one sends a waking task to an idle CPU, and only those that find none come to enqueue.
 */
#pragma once
#include "sched_ext.bpf.h"
#include "scx_ktstr.h"

char _license[] SEC("license") = "GPL";

/* Set by the loader (bug.c) before it loads the program. */
const volatile bool fixed;
const volatile unsigned int nr_cpus = 1;

struct ktstr_exit exit_info;

#define SLICE_NS 5000000ULL
#define PF_KTHREAD 0x00200000

SEC("struct_ops/bug_exit")
int BPF_PROG(bug_exit, struct scx_exit_info *info)
{
	bpf_probe_read_kernel_str(exit_info.reason, sizeof(exit_info.reason), info->reason);
	bpf_probe_read_kernel_str(exit_info.msg, sizeof(exit_info.msg), info->msg);
	/* Last, and as a full barrier: the loader reads the texts once it sees the kind. */
	__sync_lock_test_and_set(&exit_info.kind, info->kind);
	return 0;
}

/* Kernel threads are not what these bugs are about: they run next where they are. */
static __always_inline bool kthread(struct task_struct *p, u64 enq_flags)
{
	if (!(p->flags & PF_KTHREAD))
		return false;
	dsq_insert(p, KERNEL_ENUM(scx_dsq_id_flags, SCX_DSQ_LOCAL), SLICE_NS, enq_flags);
	return true;
}

/* Makes the queues 0 to n - 1. */
static __always_inline int make_queues(u32 n)
{
	int r = 0;

	for (u32 i = 0; !r && i < n && i < KTSTR_MAX_CPUS; i++)
		r = scx_bpf_create_dsq(i, -1);
	return r;
}
