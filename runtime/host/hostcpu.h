/* hostcpu.h: the host's processors: which of them share a last level of cache, a core, a NUMA node.
 *
 * Read from sysfs below a root, so that tests can show any machine. CPUs of one last level of cache are known by the list of
 * them, because the caches' ids may repeat from one socket to the next. A host that tells nothing of its caches (many virtual
 * machines) has one per socket. */
#pragma once
#include <stdbool.h>
struct err;

#define HOST_MAX_CPUS 4096u

struct host_cpu {
	unsigned id;   /* as the kernel numbers them */
	unsigned llc;  /* 0 … llcs - 1, in the order of their lowest CPU */
	unsigned core; /* lowest CPU of it */
	unsigned node; /* number of the NUMA node, 0 where there are none */
	bool allowed;  /* we may run on it */
};

struct host_cpus {
	struct host_cpu *v; /* those that run, by id */
	unsigned n, llcs, nodes;
};

/* root: "" for this host. All are allowed; host_cpus_ours() then asks for our affinity. X_FAIL when sysfs cannot be meant. */
int host_cpus_read(struct host_cpus *h, const char *root, struct err *e);
/* Allowed are the CPUs of our affinity mask only. */
int host_cpus_ours(struct host_cpus *h, struct err *e);
unsigned host_cpus_allowed(const struct host_cpus *h);
void host_cpus_free(struct host_cpus *h);
#define auto_host_cpus __attribute__((unused, cleanup(host_cpus_free)))

/* 2 MiB pages nobody uses or has reserved; of one node when node >= 0, which counts reserved ones as free. */
unsigned long host_huge_free(const char *root, int node);
/* Processes that run or want to, of the whole machine; 0 when it does not say. */
unsigned host_running(const char *root);
/* Name of the clock the kernel keeps time by: "tsc", "kvm-clock", …. Caller frees. NULL: it does not say. */
char *host_clock(const char *root);
