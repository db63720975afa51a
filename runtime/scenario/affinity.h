/* affinity.h: on which CPUs a worker is let. */
#pragma once
#include "scenario/places.h"
#include <stdbool.h>
#include <stdint.h>

enum affinity_kind {
	AFFINITY_INHERIT, /* nothing is set */
	AFFINITY_SET,     /* the CPUs named that the cpuset has */
	AFFINITY_RANDOM,  /* half of the cpuset, at least one, for each worker anew */
	AFFINITY_LLC,     /* what the cpuset has of the LLC of which it has most; the first of equals */
	AFFINITY_ONE,     /* each worker a CPU of the cpuset, in turn */
	AFFINITY_SAME,    /* all workers the cpuset's first CPU */
};

struct affinity {
	enum affinity_kind kind;
	struct cpus cpus; /* of AFFINITY_SET */
};

/* The mask for the index-th worker of a work line whose cgroup may use these CPUs; state is the worker's own generator
 * (scenario/random.h). False: nothing is to be set, because of INHERIT or because the set and the cpuset do not meet. */
bool affinity_mask(const struct affinity *a, const struct places *p, const struct cpus *cpuset, unsigned index,
		   uint64_t *state, struct cpus *out);
