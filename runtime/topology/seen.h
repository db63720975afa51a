/* seen.h: the topology a guest sees, from its own words, and how it differs from the one asked for.
 *
 * The words are lines of HELLO (guest/proto.h), hostile like all of it; other lines are passed over. */
#pragma once
#include "topology/topology.h"
#include <stddef.h>
#include <stdio.h>
struct err;

enum seen_level { SEEN_PACKAGE, SEEN_DIE, SEEN_LLC, SEEN_CORE, SEEN_NODE, SEEN_LEVELS };

struct seen {
	bool apic;     /* its CPUs have APIC ids: no "machine" line says that it is no x86_64 */
	unsigned cpus; /* that run */
	bool online[TOPO_MAX_CPUS];
	/* Groups of a level, and which of them a CPU is in, counted from 1. 0: none, or the guest did not say. A node's
	 * group is its number plus 1. */
	unsigned groups[SEEN_LEVELS];
	unsigned char in[SEEN_LEVELS][TOPO_MAX_CPUS];
	unsigned long node_kb[TOPO_MAX_NODES];
	unsigned distance[TOPO_MAX_NODES][TOPO_MAX_NODES];
};

/* X_VM when the lines cannot be meant: CPUs or nodes beyond our limits, a CPU in two groups, groups of CPUs that do not
 * run, anything twice. */
int seen_parse(struct seen *s, const char *text, size_t n, struct err *e);
/* The lines again: what lies with a snapshot as "topology". */
void seen_write(FILE *f, const struct seen *s);
/* X_VM naming the first difference. Of memory a kernel keeps some for itself, so a node's is compared roughly. A guest
 * without NUMA in its kernel sees no node, which is right for one that was to have one. */
int seen_check(const struct seen *s, const struct topology *t, unsigned memory_mb, struct err *e);
/* "8 CPUs: 2 NUMA nodes, 4 LLCs, 8 cores": for people. Caller frees. */
char *seen_summary(const struct seen *s);
