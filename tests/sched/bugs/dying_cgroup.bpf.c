// SPDX-License-Identifier: GPL-2.0-only
/*
 * dying_cgroup.bpf.c: cgroups are held to their quotas. Each that has one has a slot with what is left of it, and a queue in which its
 * tasks are parked when nothing is. A timer fills the slots again.
 *
 * The bug: a slot is given back when the first task of its cgroup ends, and not with the cgroup. Who is parked there, killed like the
 * first, never runs again, and so cannot die.
 */
#include "bug.bpf.h"

#define CLOCK_MONOTONIC 1
#define PERIOD_NS 100000000ULL
#define MAX_SLOTS 16 /* queues 0 to 15 are theirs */
#define SHARED MAX_SLOTS

struct slot {
	u64 cgroup;      /* 0: free */
	u64 quota, left; /* ns by period */
};

static struct slot slots[MAX_SLOTS];

struct ticker {
	struct bpf_timer timer;
};

struct {
	__uint(type, BPF_MAP_TYPE_ARRAY);
	__uint(max_entries, 1);
	__type(key, u32);
	__type(value, struct ticker);
} tickers SEC(".maps");

/* MAX_SLOTS: it has none. */
static __always_inline u32 slot_of(u64 cgroup)
{
	u32 i = 0;

	while (i < MAX_SLOTS && slots[i].cgroup != cgroup)
		i++;
	return i;
}

static __always_inline u32 task_slot(const struct task_struct *p)
{
	return slot_of(p->sched_task_group->css.cgroup->kn->id);
}

static __always_inline void give_back(u64 cgroup)
{
	u32 i = slot_of(cgroup);

	if (i < MAX_SLOTS)
		slots[i].cgroup = 0;
}

SEC("struct_ops/bug_enqueue")
int BPF_PROG(bug_enqueue, struct task_struct *p, u64 enq_flags)
{
	u32 i = task_slot(p);

	if (!kthread(p, enq_flags))
		dsq_insert(p, i < MAX_SLOTS && !slots[i].left ? i : SHARED, SLICE_NS, enq_flags);
	return 0;
}

SEC("struct_ops/bug_dispatch")
int BPF_PROG(bug_dispatch, s32 cpu, struct task_struct *prev)
{
	for (u32 i = 0; i < MAX_SLOTS; i++)
		if (slots[i].cgroup && slots[i].left && dsq_move_to_local(i))
			return 0;
	dsq_move_to_local(SHARED);
	return 0;
}

SEC("struct_ops/bug_stopping")
int BPF_PROG(bug_stopping, struct task_struct *p, bool runnable)
{
	u64 ran = p->scx.slice < SLICE_NS ? SLICE_NS - p->scx.slice : 0;
	u32 i = task_slot(p);

	if (i < MAX_SLOTS)
		slots[i].left -= ran < slots[i].left ? ran : slots[i].left;
	return 0;
}

static int refill(void *map, u32 *key, struct ticker *ticker)
{
	for (u32 i = 0; i < MAX_SLOTS; i++)
		slots[i].left = slots[i].quota;
	for (u32 cpu = 0; cpu < nr_cpus && cpu < KTSTR_MAX_CPUS; cpu++)
		scx_bpf_kick_cpu(cpu, KERNEL_ENUM(scx_kick_flags, SCX_KICK_IDLE));
	bpf_timer_start(&ticker->timer, PERIOD_NS, 0);
	return 0;
}

SEC("struct_ops/bug_cgroup_set_bandwidth")
int BPF_PROG(bug_cgroup_set_bandwidth, struct cgroup *cgrp, u64 period_us, u64 quota_us, u64 burst_us)
{
	u64 cgroup = cgrp->kn->id;
	u32 i;

	give_back(cgroup);
	i = slot_of(0);
	/* A quota of more than this is none. */
	if (i < MAX_SLOTS && period_us && quota_us < KTSTR_MAX_CPUS * period_us) {
		slots[i].quota = slots[i].left = quota_us * (PERIOD_NS / period_us);
		slots[i].cgroup = cgroup;
	}
	return 0;
}

SEC("struct_ops/bug_cgroup_exit")
int BPF_PROG(bug_cgroup_exit, struct cgroup *cgrp)
{
	give_back(cgrp->kn->id);
	return 0;
}

SEC("struct_ops/bug_exit_task")
int BPF_PROG(bug_exit_task, struct task_struct *p, struct scx_exit_task_args *args)
{
	if (!fixed)
		give_back(p->sched_task_group->css.cgroup->kn->id);
	return 0;
}

SEC("struct_ops.s/bug_init")
int BPF_PROG(bug_init)
{
	u32 key = 0;
	struct ticker *ticker = bpf_map_lookup_elem(&tickers, &key);

	if (!ticker)
		return -1;
	bpf_timer_init(&ticker->timer, &tickers, CLOCK_MONOTONIC);
	bpf_timer_set_callback(&ticker->timer, refill);
	bpf_timer_start(&ticker->timer, PERIOD_NS, 0);
	return make_queues(SHARED + 1);
}

SEC(".struct_ops.link")
struct sched_ext_ops bug_ops = {
	.enqueue = (void *)bug_enqueue,
	.dispatch = (void *)bug_dispatch,
	.stopping = (void *)bug_stopping,
	.exit_task = (void *)bug_exit_task,
	.cgroup_exit = (void *)bug_cgroup_exit,
	.cgroup_set_bandwidth = (void *)bug_cgroup_set_bandwidth,
	.init = (void *)bug_init,
	.exit = (void *)bug_exit,
	.timeout_ms = KTSTR_TIMEOUT_MS,
	.name = "dying_cgroup",
};
