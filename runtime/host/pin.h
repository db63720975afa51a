/* pin.h: which host CPU each vCPU of a guest gets, and one more for the rest of QEMU.
 *
 * An LLC of the guest is one of the host where one has room, of its own if there are enough; LLCs of one node lie in one host
 * node, and those of another in another; threads of a core are threads of a host core, and cores without threads are cores
 * first and threads of one last. */
#pragma once
#include "topology/topology.h"
struct err;
struct host_cpus;

struct pin {
	unsigned cpu[TOPO_MAX_CPUS];   /* the host's, by number of the guest's */
	unsigned service;              /* the host CPU for all that is not a vCPU */
	int host_node[TOPO_MAX_NODES]; /* the one all CPUs of a guest node are in; -1: they are in several */
	unsigned shared;               /* LLCs of the guest that have no host LLC to themselves */
	unsigned spread;               /* … that lie on more than one */
};

/* From the CPUs that h allows. X_HOST with the numbers when they are too few. */
int pin_plan(struct pin *p, const struct topology *t, const struct host_cpus *h, struct err *e);
