/* places.h: a topology as scenarios see it: where each CPU is. */
#pragma once
#include "scenario/cpus.h"

/* Numbers count from 0 without gaps: nodes and LLCs over the machine, cores too, threads within their core. */
struct place {
	unsigned short node, llc, core, thread;
};

struct places {
	unsigned cpus, nodes, llcs, cores, threads; /* how many; threads: of the core that has most */
	struct place at[CPUS_MAX];                  /* behind the last CPU there is anything */
};

void places_copy(struct places *to, const struct places *p);

/* "N,L,C,T" as in topology/topology.h: CPU i is thread i%T of core i/T of LLC i/(C*T), and nodes have LLCs in order: node_llcs
 * of each, or L/N when NULL. False when a number is 0, CPUs are too many, or the LLCs do not come out even. */
bool places_regular(struct places *p, unsigned nodes, unsigned llcs, unsigned cores, unsigned threads,
		    const unsigned *node_llcs);
/* The same from text, "1,2,4,1", with "/llcs=3,1" where nodes differ; other "/…" parts are passed over. False: it is none. */
bool places_parse(struct places *p, const char *text);
/* Counts again from p->cpus and p->at, which somebody filled from what a machine says; false when there is a gap. */
bool places_count(struct places *p);

void places_all(const struct places *p, struct cpus *out);
/* All but the last when there are more than two: that one is left to the harness. */
void places_usable(const struct places *p, struct cpus *out);
