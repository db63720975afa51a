/* topology.h: how many NUMA nodes, LLCs, cores and threads a guest has.
 *
 * "N,L,C,T": nodes, LLCs in total, cores per LLC, threads per core. CPUs = L*C*T. L is a multiple of N. */
#pragma once
struct err;

#define TOPO_MAX_CPUS 252u

struct topology {
	unsigned nodes, llcs, cores, threads;
};

/* Messages of spec cli 2.7, plus: llcs not divisible by nodes, more than TOPO_MAX_CPUS CPUs. X_USAGE. */
int topology_parse(struct topology *t, const char *text, struct err *e);
unsigned topology_cpus(const struct topology *t);
