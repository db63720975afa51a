/* kvmstats.h: what KVM counted for each vCPU: exits, halts, preemptions, …
 *
 * Names are those of the host's kernel (KVM_GET_STATS_FD, Linux 5.14 and later), which QEMU hands on since 7.1. Scalars only:
 * histograms are passed over, and a yes or no is 1 or 0. Counters begin with the vCPU, so with QEMU: what a snapshot's boot
 * cost is not in those of a guest made from it. vm_kvm_stats() of vm.h asks a guest. */
#pragma once
#include <stddef.h>
#include <stdint.h>
struct err;
struct json;
struct jsonw;

struct kvm_stat {
	char name[64];
	uint64_t value;
};

struct kvm_vcpu {
	struct kvm_stat *v; /* in the kernel's order, each name once */
	size_t n;
};

struct kvm_stats {
	struct kvm_vcpu *vcpus; /* by CPU number */
	size_t n;               /* 0: none were to be had */
};

/* The answer to query-stats with target vcpu. X_VM when it is none, or beyond TOPO_MAX_CPUS vCPUs of 512 counters. */
int kvm_stats_answer(struct kvm_stats *s, const char *text, size_t n, struct err *e);
/* Member "kvm_stats": {"per_vcpu": [{name: value}]}; nothing when there are none. */
void kvm_stats_write(struct jsonw *w, const struct kvm_stats *s);
/* Member "kvm_stats" of obj, hostile; none there: {0}. X_FAIL when it is not such a value, within the same bounds. */
int kvm_stats_read(struct kvm_stats *s, const struct json *j, int obj, struct err *e);
/* Value of a vCPU's counter; 0 when the kernel has no such one. */
uint64_t kvm_vcpu_stat(const struct kvm_vcpu *c, const char *name);
void kvm_stats_free(struct kvm_stats *s);
#define auto_kvm_stats __attribute__((unused, cleanup(kvm_stats_free)))
