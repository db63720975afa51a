/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * sched_ext.bpf.h: the little of the kernel that a small scheduler needs, declared by hand.
 *
 * The usual way is to include a vmlinux.h generated from one kernel. Then the program is built
 * for that kernel, and a function this kernel has renamed since is a compile error. Here only
 * the members we touch are declared: the BPF loader looks each of them up by name in the types
 * of the kernel it loads on ("CO-RE"), so one object file serves 6.12 and everything after it.
 */
#pragma once

/* <linux/bpf.h> first: bpf_helpers.h takes the fixed-width types from it. */
#include <linux/bpf.h>
#include <bpf/bpf_core_read.h>
#include <bpf/bpf_helpers.h>
#include <bpf/bpf_tracing.h>
#include <stdbool.h>

typedef __u16 u16;
typedef __u32 u32;
typedef __u64 u64;
typedef __s32 s32;

/* Offsets are taken from the running kernel, not from this file. */
#pragma clang attribute push(__attribute__((preserve_access_index)), apply_to = record)

/* Only passed on, but a bare "struct cpumask;" would not count as the kernel's type. */
struct cpumask {
	unsigned long bits[1];
};

struct sched_ext_entity {
	u32 weight; /* 100 is a nice-0 task */
	u64 slice;  /* ns that are left of its turn */
};

struct kernfs_node {
	u64 id;
};

struct cgroup {
	struct kernfs_node *kn;
};

struct cgroup_subsys_state {
	struct cgroup *cgroup;
};

struct task_group {
	struct cgroup_subsys_state css;
};

struct task_struct {
	unsigned int flags; /* PF_KTHREAD */
	int nr_cpus_allowed;
	const struct cpumask *cpus_ptr;
	unsigned short migration_disabled;
	struct sched_ext_entity scx;
	struct task_group *sched_task_group;
};

struct scx_exit_task_args {
	bool cancelled;
};

enum scx_exit_kind {
	SCX_EXIT_NONE,
};

struct scx_exit_info {
	enum scx_exit_kind kind;
	const char *reason;
	char *msg;
};

#pragma clang attribute pop

/*
 * The scheduler's table of callbacks. libbpf copies it member by member, by name, into the
 * kernel's struct of the same name; what is not declared here stays zero there.
 */
struct sched_ext_ops {
	void (*enqueue)(struct task_struct *p, u64 enq_flags);
	void (*dispatch)(s32 cpu, struct task_struct *prev);
	void (*runnable)(struct task_struct *p, u64 enq_flags);
	void (*stopping)(struct task_struct *p, bool runnable);
	void (*exit_task)(struct task_struct *p, struct scx_exit_task_args *args);
	void (*cgroup_exit)(struct cgroup *cgrp);
	void (*cgroup_set_bandwidth)(struct cgroup *cgrp, u64 period_us, u64 quota_us, u64 burst_us);
	s32 (*init)(void);
	void (*exit)(struct scx_exit_info *info);
	void (*cpu_online)(s32 cpu);
	void (*cpu_offline)(s32 cpu);
	u32 timeout_ms;
	char name[128];
};

/*
 * Names of the built-in queues. The values are the kernel's business, so they are read from its
 * types at load time by KERNEL_ENUM; the ones below are only what the compiler needs to see.
 */
enum scx_dsq_id_flags {
	SCX_DSQ_LOCAL = 0x8000000000000002ULL,
	SCX_DSQ_LOCAL_ON = 0xC000000000000000ULL,
};

enum scx_kick_flags {
	SCX_KICK_IDLE = 1,
};

#define KERNEL_ENUM(type, name) bpf_core_enum_value(enum type, name)

/*
 * Kernel functions. "__weak" lets the program load on a kernel that lacks one of them: the
 * loader turns the missing address into 0, the verifier sees that bpf_ksym_exists() is false and
 * drops the branch behind it unread. The suffix after the last "___" is ours and ignored when
 * the name is looked up.
 */
extern s32 scx_bpf_create_dsq(u64 dsq, s32 node) __ksym;
extern s32 scx_bpf_dsq_nr_queued(u64 dsq) __ksym;
extern void scx_bpf_kick_cpu(s32 cpu, u64 flags) __ksym;
extern s32 scx_bpf_pick_idle_cpu(const struct cpumask *allowed, u64 flags) __ksym;
extern s32 scx_bpf_task_cpu(const struct task_struct *p) __ksym;
extern void scx_bpf_error_bstr(char *fmt, unsigned long long *data, u32 data_size) __ksym;
extern bool bpf_cpumask_test_cpu(u32 cpu, const struct cpumask *mask) __ksym;

extern void scx_bpf_dispatch___v6_12(struct task_struct *p, u64 dsq, u64 slice, u64 enq_flags) __ksym __weak;
extern void scx_bpf_dsq_insert___v6_13(struct task_struct *p, u64 dsq, u64 slice, u64 enq_flags) __ksym __weak;
extern bool scx_bpf_dsq_insert___v2___v6_19(struct task_struct *p, u64 dsq, u64 slice, u64 enq_flags) __ksym __weak;

extern bool scx_bpf_consume___v6_12(u64 dsq) __ksym __weak;
extern bool scx_bpf_dsq_move_to_local___v6_13(u64 dsq) __ksym __weak;
extern bool scx_bpf_dsq_move_to_local___v2___v7_1(u64 dsq, u64 enq_flags) __ksym __weak;

/* Puts p into a queue, to run for slice nanoseconds when its turn comes. */
static __always_inline void dsq_insert(struct task_struct *p, u64 dsq, u64 slice, u64 enq_flags)
{
	if (bpf_ksym_exists(scx_bpf_dsq_insert___v2___v6_19))
		scx_bpf_dsq_insert___v2___v6_19(p, dsq, slice, enq_flags);
	else if (bpf_ksym_exists(scx_bpf_dsq_insert___v6_13))
		scx_bpf_dsq_insert___v6_13(p, dsq, slice, enq_flags);
	else
		scx_bpf_dispatch___v6_12(p, dsq, slice, enq_flags);
}

/* Takes the first task of a queue that may run here onto this CPU; false: there is none. */
static __always_inline bool dsq_move_to_local(u64 dsq)
{
	if (bpf_ksym_exists(scx_bpf_dsq_move_to_local___v2___v7_1))
		return scx_bpf_dsq_move_to_local___v2___v7_1(dsq, 0);
	if (bpf_ksym_exists(scx_bpf_dsq_move_to_local___v6_13))
		return scx_bpf_dsq_move_to_local___v6_13(dsq);
	return scx_bpf_consume___v6_12(dsq);
}
