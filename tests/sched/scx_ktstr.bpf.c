// SPDX-License-Identifier: GPL-2.0-only
/*
 * scx_ktstr.bpf.c: a small scheduler to test schedulers' tests with.
 *
 * All tasks wait in one queue and each CPU that runs dry takes the first one. On top of that it
 * can do a few useful things (a queue per last-level cache, shorter slices under load) and can
 * misbehave in known ways (stall, crash, scatter tasks), so that a harness can be shown both.
 *
 * There is no select_cpu callback: the kernel's own one places a waking task on an idle CPU and
 * only the tasks that find none come to ktstr_enqueue.
 */
#include "sched_ext.bpf.h"
#include "scx_ktstr.h"

char _license[] SEC("license") = "GPL";

/*
 * Options. The loader sets them before it loads the program, then they are frozen: to the
 * verifier they are constants, so it follows only the branches that are switched on. That is
 * why each set of flags has its own number of verified instructions. Their types are spelled
 * out, because they come back in the generated header that the loader includes.
 */
const volatile bool llc_aware;
const volatile bool steal;
const volatile bool slice_short;
const volatile bool weighted;
const volatile bool slow;
const volatile bool scattershot;
const volatile bool fail_verify;
const volatile bool verify_loop;
const volatile bool verify_limit;
const volatile unsigned int nr_cpus = 1;
const volatile unsigned int nr_llcs = 1;
const volatile unsigned short cpu_llc[KTSTR_MAX_CPUS];

/* Switches that may be thrown while the scheduler runs, by the loader or by a host that writes
 * into the guest's memory. They live in .bss; volatile, because nobody here ever sets them.
 */
volatile unsigned int stall;
volatile unsigned int crash;
volatile unsigned int degrade_rt;

struct ktstr_exit exit_info;

static u32 dispatches[KTSTR_MAX_CPUS];

#define SHARED_DSQ 0
#define LLC_DSQ(llc) (1 + (u64)(llc))

#define SLICE_NS 20000000ULL
#define SLICE_MIN_NS 1000000ULL
#define SLICE_SHARES 16

static __always_inline u32 llc_of(s32 cpu)
{
	return cpu_llc[cpu & (KTSTR_MAX_CPUS - 1)];
}

static __always_inline u64 queue_of(const struct task_struct *p)
{
	return llc_aware ? LLC_DSQ(llc_of(scx_bpf_task_cpu(p))) : SHARED_DSQ;
}

/* The longer the queue, the shorter the turns, so that the last in line still starts soon. */
static __always_inline u64 slice_of(const struct task_struct *p, u64 dsq)
{
	u64 slice = SLICE_NS;

	if (weighted)
		slice = slice * p->scx.weight / 100;
	if (slice_short) {
		u32 waiting = scx_bpf_dsq_nr_queued(dsq);

		slice /= 1 + (waiting < SLICE_SHARES ? waiting : SLICE_SHARES);
	}
	return slice > SLICE_MIN_NS ? slice : SLICE_MIN_NS;
}

/* Sends p to a CPU picked by lot. False when it may not run there: forcing it would be an error. */
static __always_inline bool scatter(struct task_struct *p, u64 enq_flags)
{
	u32 cpu = bpf_get_prandom_u32() % nr_cpus;

	if (p->migration_disabled || !bpf_cpumask_test_cpu(cpu, p->cpus_ptr))
		return false;
	dsq_insert(p, KERNEL_ENUM(scx_dsq_id_flags, SCX_DSQ_LOCAL_ON) | cpu, SLICE_NS, enq_flags);
	return true;
}

/* The text is not const because the kernel insists on memory it could write to. */
static __always_inline void give_up(void)
{
	static char text[] = "crash requested, seen on CPU %d";
	unsigned long long cpu = bpf_get_smp_processor_id();

	scx_bpf_error_bstr(text, &cpu, sizeof(cpu));
}

SEC("struct_ops/ktstr_enqueue")
int BPF_PROG(ktstr_enqueue, struct task_struct *p, u64 enq_flags)
{
	u64 dsq = queue_of(p);

	if (crash)
		give_up();
	if ((scattershot || degrade_rt) && scatter(p, enq_flags))
		return 0;
	dsq_insert(p, dsq, slice_of(p, dsq), enq_flags);
	return 0;
}

/* A hash, because since 6.15 the verifier knows that an array has an element at a constant index. */
struct {
	__uint(type, BPF_MAP_TYPE_HASH);
	__type(key, u32);
	__type(value, u64);
	__uint(max_entries, 1);
} unchecked SEC(".maps");

/* Uses a pointer that may be null without looking: the verifier must refuse it. */
static __always_inline void fail_the_verifier(void)
{
	u32 key = 0;
	u64 *value = bpf_map_lookup_elem(&unchecked, &key);

	*value = 1;
}

/*
 * The same few instructions eight times in a row, then a loop without an end: the verifier walks
 * all of it, writes it down, and refuses. Good for trying what makes long logs short.
 */
static __always_inline void loop_the_verifier(void)
{
	u64 x = bpf_get_prandom_u32();

#pragma clang loop unroll(full)
	for (int i = 0; i < 8; i++)
		asm volatile("%0 += 1\n"
			     "%0 ^= 5\n"
			     "%0 <<= 1\n"
			     "%0 |= 3\n"
			     "%0 &= 255\n"
			     "if %0 == 77 goto +0\n"
			     : "+r"(x));
	for (;;)
		asm volatile("%0 &= 255" : "+r"(x));
}

/*
 * A loop that ends, and late: the verifier follows every iteration, and gives up when it has seen a
 * million instructions.
 */
static __always_inline void exhaust_the_verifier(void)
{
	u64 x = bpf_get_prandom_u32();

#pragma clang loop unroll(disable)
	for (u32 i = 0; i < 1000000; i++)
		asm volatile("%0 += %1\n"
			     "%0 &= 255"
			     : "+r"(x)
			     : "r"(i));
}

/* Whether this CPU goes without a task this time. */
static __always_inline bool skips(s32 cpu)
{
	u32 turn = dispatches[cpu & (KTSTR_MAX_CPUS - 1)]++;

	return (slow && turn % 4) || (degrade_rt && turn % 2);
}

static __always_inline void dispatch_llc(s32 cpu)
{
	u32 own = llc_of(cpu);

	if (dsq_move_to_local(LLC_DSQ(own)) || !steal)
		return;
	for (u32 i = 1; i < nr_llcs && i < KTSTR_MAX_LLCS; i++)
		if (dsq_move_to_local(LLC_DSQ((own + i) % nr_llcs)))
			return;
}

SEC("struct_ops/ktstr_dispatch")
int BPF_PROG(ktstr_dispatch, s32 cpu, struct task_struct *prev)
{
	if (fail_verify)
		fail_the_verifier();
	if (verify_loop)
		loop_the_verifier();
	if (verify_limit)
		exhaust_the_verifier();
	if (crash)
		give_up();
	if (stall)
		return 0;
	if (skips(cpu)) {
		/* Ask to be called again: late is what we want to be, not stuck. */
		scx_bpf_kick_cpu(cpu, 0);
		return 0;
	}
	if (llc_aware)
		dispatch_llc(cpu);
	else
		dsq_move_to_local(SHARED_DSQ);
	return 0;
}

/* Sleepable (".s"), because making a queue allocates memory. */
SEC("struct_ops.s/ktstr_init")
int BPF_PROG(ktstr_init)
{
	int r = scx_bpf_create_dsq(SHARED_DSQ, -1);

	if (!llc_aware)
		return r;
	for (u32 i = 0; !r && i < nr_llcs && i < KTSTR_MAX_LLCS; i++)
		r = scx_bpf_create_dsq(LLC_DSQ(i), -1);
	return r;
}

SEC("struct_ops/ktstr_exit")
int BPF_PROG(ktstr_exit, struct scx_exit_info *info)
{
	bpf_probe_read_kernel_str(exit_info.reason, sizeof(exit_info.reason), info->reason);
	bpf_probe_read_kernel_str(exit_info.msg, sizeof(exit_info.msg), info->msg);
	/* Last, and as a full barrier: the loader reads the texts once it sees the kind. */
	__sync_lock_test_and_set(&exit_info.kind, info->kind);
	return 0;
}

/* Two that the kernel, which keeps 15 characters, calls the same. With them CPUs may come and go. */
SEC("struct_ops/ktstr_hotplug_cpu_online")
int BPF_PROG(ktstr_hotplug_cpu_online, s32 cpu)
{
	return 0;
}

SEC("struct_ops/ktstr_hotplug_cpu_offline")
int BPF_PROG(ktstr_hotplug_cpu_offline, s32 cpu)
{
	dispatches[cpu & (KTSTR_MAX_CPUS - 1)] = 0;
	return 0;
}

SEC(".struct_ops.link")
struct sched_ext_ops ktstr_ops = {
	.enqueue = (void *)ktstr_enqueue,
	.dispatch = (void *)ktstr_dispatch,
	.init = (void *)ktstr_init,
	.exit = (void *)ktstr_exit,
	.cpu_online = (void *)ktstr_hotplug_cpu_online,
	.cpu_offline = (void *)ktstr_hotplug_cpu_offline,
	.timeout_ms = KTSTR_TIMEOUT_MS,
	.name = "ktstr",
};
