/* scx_mine: all tasks wait in one queue, and each CPU that runs dry takes the first of them.
 *
 * The kernel's types that are used are declared here, no more of them than is used: libbpf looks each member up by name in the kernel that
 * the scheduler is loaded into. So one file serves kernels from 6.13 on, and no vmlinux.h is needed to begin with. */
#include <linux/bpf.h>
#include <bpf/bpf_helpers.h>
#include <bpf/bpf_tracing.h>

#define SLICE_NS 20000000ULL

#pragma clang attribute push(__attribute__((preserve_access_index)), apply_to = record)
struct sched_ext_entity {
	__u32 weight; /* 100 is that of nice 0 */
};

struct task_struct {
	struct sched_ext_entity scx;
};

enum scx_exit_kind { SCX_EXIT_NONE };

struct scx_exit_info {
	enum scx_exit_kind kind;
	char *msg;
};
#pragma clang attribute pop

struct sched_ext_ops {
	void (*enqueue)(struct task_struct *p, __u64 enq_flags);
	void (*exit)(struct scx_exit_info *info);
	char name[128];
};

enum { SCX_DSQ_GLOBAL = 0x8000000000000001ULL };

extern void scx_bpf_dsq_insert(struct task_struct *p, __u64 dsq, __u64 slice, __u64 enq_flags) __ksym;

char _license[] SEC("license") = "GPL";

/* Why the kernel let go of it: the loader waits for kind. */
struct {
	unsigned int kind;
	char msg[256];
} ended;

SEC("struct_ops/sched_enqueue")
int BPF_PROG(sched_enqueue, struct task_struct *p, __u64 enq_flags)
{
	scx_bpf_dsq_insert(p, SCX_DSQ_GLOBAL, SLICE_NS, enq_flags);
	return 0;
}

SEC("struct_ops/sched_exit")
int BPF_PROG(sched_exit, struct scx_exit_info *info)
{
	bpf_probe_read_kernel_str(ended.msg, sizeof(ended.msg), info->msg);
	__sync_lock_test_and_set(&ended.kind, info->kind);
	return 0;
}

SEC(OPS_SECTION)
struct sched_ext_ops sched_ops = {
	.enqueue = (void *)sched_enqueue,
	.exit = (void *)sched_exit,
	.name = "scx_mine",
};
