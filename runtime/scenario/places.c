#include "scenario/places.h"

#include <string.h>

/* In parts: all of it is 8 KiB. */
void places_copy(struct places *to, const struct places *p)
{
	memcpy(to, p, offsetof(struct places, at) + p->cpus * sizeof *p->at);
}

static bool llcs_even(struct places *p, unsigned *of_node, unsigned nodes, unsigned llcs, const unsigned *node_llcs)
{
	unsigned sum = 0;

	if (nodes > CPUS_MAX || (!node_llcs && llcs % nodes))
		return false;
	for (unsigned i = 0; i < nodes; i++) {
		of_node[i] = node_llcs ? node_llcs[i] : llcs / nodes;
		if (of_node[i] > llcs)
			return false;
		sum += of_node[i];
	}
	p->nodes = nodes;
	return sum == llcs;
}

bool places_regular(struct places *p, unsigned nodes, unsigned llcs, unsigned cores, unsigned threads,
		    const unsigned *node_llcs)
{
	unsigned of_node[CPUS_MAX], node = 0, before = 0;

	p->cpus = p->nodes = p->llcs = p->cores = p->threads = 0;
	if (!nodes || !llcs || !cores || !threads || llcs > CPUS_MAX || cores > CPUS_MAX || threads > CPUS_MAX ||
	    (uint64_t)llcs * cores * threads > CPUS_MAX || !llcs_even(p, of_node, nodes, llcs, node_llcs))
		return false;
	p->llcs = llcs;
	p->cores = llcs * cores;
	p->threads = threads;
	p->cpus = p->cores * threads;
	for (unsigned i = 0; i < p->cpus; i++) {
		unsigned llc = i / (cores * threads);

		while (llc >= before + of_node[node])
			before += of_node[node++];
		p->at[i] = (struct place){ .node = (unsigned short)node,
					   .llc = (unsigned short)llc,
					   .core = (unsigned short)(i / threads),
					   .thread = (unsigned short)(i % threads) };
	}
	return true;
}

/* "a,b,…" up to n numbers; how many, 0: it is no such list. */
static unsigned numbers(const char **text, unsigned *v, unsigned n)
{
	unsigned found = 0;
	const char *p = *text;

	for (;; p++) {
		unsigned x = 0;

		if (found == n || *p < '0' || *p > '9')
			return 0;
		for (; *p >= '0' && *p <= '9'; p++) {
			x = x * 10 + (unsigned)(*p - '0');
			if (x > CPUS_MAX)
				return 0;
		}
		v[found++] = x;
		if (*p != ',')
			break;
	}
	*text = p;
	return found;
}

bool places_parse(struct places *p, const char *text)
{
	unsigned v[4], node_llcs[64];
	const char *at = text, *llcs = strstr(text, "/llcs=");

	if (numbers(&at, v, 4) != 4 || (*at && *at != '/'))
		return false;
	if (llcs) {
		llcs += strlen("/llcs=");
		if (v[0] > 64 || numbers(&llcs, node_llcs, 64) != v[0] || (*llcs && *llcs != '/'))
			return false;
	}
	return places_regular(p, v[0], v[1], v[2], v[3], llcs ? node_llcs : NULL);
}

/* How many numbers there are up to the highest of v, at *step bytes apart; 0 when one of them is missing. */
static unsigned counted(const unsigned short *v, size_t step, unsigned n)
{
	struct cpus seen = { 0 };
	unsigned most = 0;

	for (unsigned i = 0; i < n; i++) {
		unsigned x = *(const unsigned short *)((const char *)v + i * step);

		if (x >= CPUS_MAX)
			return 0;
		cpus_add(&seen, x);
		most = x > most ? x : most;
	}
	return cpus_count(&seen) == most + 1 ? most + 1 : 0;
}

bool places_count(struct places *p)
{
	size_t step = sizeof p->at[0];

	if (!p->cpus || p->cpus > CPUS_MAX)
		return false;
	p->nodes = counted(&p->at[0].node, step, p->cpus);
	p->llcs = counted(&p->at[0].llc, step, p->cpus);
	p->cores = counted(&p->at[0].core, step, p->cpus);
	p->threads = counted(&p->at[0].thread, step, p->cpus);
	return p->nodes && p->llcs && p->cores && p->threads;
}

void places_all(const struct places *p, struct cpus *out)
{
	*out = (struct cpus){ 0 };
	for (unsigned i = 0; i < p->cpus; i++)
		cpus_add(out, i);
}

void places_usable(const struct places *p, struct cpus *out)
{
	*out = (struct cpus){ 0 };
	for (unsigned i = 0; i < (p->cpus > 2 ? p->cpus - 1 : p->cpus); i++)
		cpus_add(out, i);
}
