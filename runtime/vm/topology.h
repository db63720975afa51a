/* topology.h: how many NUMA nodes, LLCs, cores and threads a guest has.
 *
 * "N,L,C,T": nodes, LLCs in total, cores per LLC, threads per core. CPUs = L*C*T. L is a multiple of N. */
#pragma once
struct err;

#define TOPO_MAX_CPUS 252u
#define TOPO_MAX_NODES 8u

struct topology {
	unsigned nodes, llcs, cores, threads;
};

/* Refused with X_USAGE: not four numbers, a zero, llcs not divisible by nodes, more than TOPO_MAX_CPUS CPUs or
 * TOPO_MAX_NODES nodes, APIC ids over 254 (counts that are no powers of two leave gaps). */
int topology_parse(struct topology *t, const char *text, struct err *e);
unsigned topology_cpus(const struct topology *t);
