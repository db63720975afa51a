/* topology.h: how many NUMA nodes, LLCs, cores and threads a guest has, and what its nodes are like.
 *
 * "N,L,C,T": nodes, LLCs in total, cores per LLC, threads per core. CPUs = L*C*T; CPU i is thread i%T of core i/T of LLC
 * i/(C*T), and nodes have LLCs in order. Behind it, in any order, what is not alike:
 *
 *   /llcs=3,1            LLCs of each node; without it L is a multiple of N and each has L/N
 *   /mem=768,256         MiB of each node; without it the guest's memory is shared out evenly
 *   /dist=10,21,21,10    distances, row by row ("from" 0 first); without it 10 within a node and 20 between two
 *
 * In place of the four numbers stands, if one likes, "1n2l4c2t" or a preset's name (topology/presets.h). */
#pragma once
#include <stdbool.h>
#include <stdio.h>
struct err;

#define TOPO_MAX_CPUS 252u
#define TOPO_MAX_NODES 8u
#define TOPO_NODE_MB_MIN 32u
#define TOPO_MEMORY_MB_MAX (1u << 20)
#define TOPO_XAPIC_LAST 254u /* highest APIC id without x2APIC */

/* All zero in one of the arrays: not said. What is said but is no different from that is stored as not said. */
struct topology {
	unsigned nodes, llcs, cores, threads;
	unsigned node_llcs[TOPO_MAX_NODES];
	unsigned node_mb[TOPO_MAX_NODES];
	unsigned char distance[TOPO_MAX_NODES][TOPO_MAX_NODES]; /* [from][to] */
};

/* Initialiser of one where all is alike. */
#define TOPOLOGY(n, l, c, t) \
	{ \
		.nodes = (n), .llcs = (l), .cores = (c), .threads = (t) \
	}

/* Refused with X_USAGE, naming what is wrong with it. */
int topology_parse(struct topology *t, const char *text, struct err *e);
/* The text form, with four numbers; topology_parse reads it back. No blanks: it is a word of a graph or a recipe. */
void topology_write(FILE *f, const struct topology *t);
/* "1n2l4c2t", and what is not alike as above: for people. Caller frees. */
char *topology_name(const struct topology *t);

unsigned topology_cpus(const struct topology *t);
unsigned topology_node_llcs(const struct topology *t, unsigned node);
unsigned topology_node_of(const struct topology *t, unsigned llc);
unsigned topology_distance(const struct topology *t, unsigned from, unsigned to);
/* Sum of /mem=, 0 without it. */
unsigned topology_memory_mb(const struct topology *t);
/* MiB of a node of a guest that has memory_mb in all; the last one has what an even division leaves over. */
unsigned topology_node_mb(const struct topology *t, unsigned memory_mb, unsigned node);
/* A socket per node; else nodes have different numbers of LLCs and share one socket. */
bool topology_even(const struct topology *t);
unsigned topology_sockets(const struct topology *t);
unsigned topology_dies(const struct topology *t); /* per socket; one die has one LLC */
/* Each level of a PC has whole bits of the APIC id, so counts that are no powers of two leave gaps. */
unsigned topology_last_apic_id(const struct topology *t);
/* X_USAGE: not /mem= in all, or too little for a node. */
int topology_check_memory(const struct topology *t, unsigned memory_mb, struct err *e);
