#include "host/pin.h"

#include <limits.h>
#include <string.h>

#include "base/err.h"
#include "base/mem.h"
#include "host/hostcpu.h"

struct plan {
	struct pin *p;
	const struct topology *t;
	const struct host_cpus *h;
	bool *taken;                 /* by index into h->v */
	unsigned *users;             /* LLCs of the guest on each host LLC */
	int node_of[TOPO_MAX_NODES]; /* host node of each guest node; -1: not chosen yet */
	unsigned on[TOPO_MAX_CPUS];  /* host LLC of each LLC of the guest */
};

static bool is_free(const struct plan *x, unsigned i)
{
	return x->h->v[i].allowed && !x->taken[i];
}

static unsigned room(const struct plan *x, unsigned llc)
{
	unsigned n = 0;

	for (unsigned i = 0; i < x->h->n; i++)
		n += x->h->v[i].llc == llc && is_free(x, i);
	return n;
}

static unsigned node_of_llc(const struct plan *x, unsigned llc)
{
	for (unsigned i = 0; i < x->h->n; i++)
		if (x->h->v[i].llc == llc)
			return x->h->v[i].node;
	return 0;
}

static bool node_is_wrong(const struct plan *x, unsigned host_node, unsigned node)
{
	if (x->node_of[node] >= 0)
		return x->node_of[node] != (int)host_node;
	for (unsigned n = 0; n < x->t->nodes; n++)
		if (x->node_of[n] == (int)host_node)
			return true;
	return false;
}

/* The host LLC for one of the guest's, or llcs when none has room: one nobody uses, in the right node, as small as can be. */
static unsigned best_llc(const struct plan *x, unsigned node, unsigned cpus)
{
	unsigned best = x->h->llcs, least = UINT_MAX;

	for (unsigned l = 0; l < x->h->llcs; l++) {
		unsigned has = room(x, l);
		unsigned cost = (x->users[l] ? 2 * HOST_MAX_CPUS : 0) +
				(node_is_wrong(x, node_of_llc(x, l), node) ? HOST_MAX_CPUS : 0) + has;

		if (has >= cpus && cost < least) {
			best = l;
			least = cost;
		}
	}
	return best;
}

/* How many CPUs of a core of this LLC (llcs: of any) are free, and how many are in use. */
static unsigned core_room(const struct plan *x, unsigned core, unsigned llc, unsigned *used)
{
	unsigned n = 0;

	*used = 0;
	for (unsigned i = 0; i < x->h->n; i++) {
		if (x->h->v[i].core != core || (llc < x->h->llcs && x->h->v[i].llc != llc))
			continue;
		n += is_free(x, i);
		*used += x->taken[i];
	}
	return n;
}

/* The CPU for the first thread of a guest core: of a host core with room for all its threads, untouched if there is one, and
 * with no more threads than it takes. n: none is free. */
static unsigned best_cpu(const struct plan *x, unsigned llc, unsigned threads)
{
	unsigned best = x->h->n, least = UINT_MAX;

	for (unsigned i = 0; i < x->h->n; i++) {
		unsigned used, has;

		if (!is_free(x, i) || (llc < x->h->llcs && x->h->v[i].llc != llc))
			continue;
		has = core_room(x, x->h->v[i].core, llc, &used);
		unsigned cost = (has < threads ? 4 * HOST_MAX_CPUS : 0) + (used ? 2 * HOST_MAX_CPUS : 0) + has;

		if (cost < least) {
			best = i;
			least = cost;
		}
	}
	return best;
}

/* Another CPU of the same core, or the best one there is. */
static unsigned sibling(const struct plan *x, unsigned of, unsigned llc)
{
	for (unsigned i = 0; i < x->h->n; i++)
		if (is_free(x, i) && x->h->v[i].core == x->h->v[of].core)
			return i;
	return best_cpu(x, llc, 1);
}

static void place_llc(struct plan *x, unsigned v)
{
	unsigned node = topology_node_of(x->t, v), per = x->t->cores * x->t->threads, first = v * per, last = 0;
	unsigned llc = best_llc(x, node, per);
	bool spread = llc == x->h->llcs;

	for (unsigned i = 0; i < per; i++) {
		unsigned at = i % x->t->threads ? sibling(x, last, llc) : best_cpu(x, llc, x->t->threads);

		x->taken[at] = true;
		x->p->cpu[first + i] = x->h->v[at].id;
		last = at;
	}
	x->p->spread += spread;
	x->on[v] = llc;
	if (spread)
		return;
	x->users[llc]++;
	if (x->node_of[node] < 0)
		x->node_of[node] = (int)node_of_llc(x, llc);
}

static unsigned count_shared(const struct plan *x)
{
	unsigned n = 0;

	for (unsigned v = 0; v < x->t->llcs; v++)
		n += x->on[v] < x->h->llcs && x->users[x->on[v]] > 1;
	return n;
}

static unsigned host_node_of(const struct host_cpus *h, unsigned id)
{
	for (unsigned i = 0; i < h->n; i++)
		if (h->v[i].id == id)
			return h->v[i].node;
	return 0;
}

static void find_nodes(const struct plan *x)
{
	unsigned per = x->t->cores * x->t->threads;

	for (unsigned n = 0; n < TOPO_MAX_NODES; n++)
		x->p->host_node[n] = -1;
	for (unsigned c = 0; c < topology_cpus(x->t); c++) {
		unsigned node = topology_node_of(x->t, c / per);
		int is = (int)host_node_of(x->h, x->p->cpu[c]);
		bool first = c == 0 || topology_node_of(x->t, (c - 1) / per) != node;

		if (first)
			x->p->host_node[node] = is;
		else if (x->p->host_node[node] != is)
			x->p->host_node[node] = -1;
	}
}

static bool has_vcpus(const struct plan *x, unsigned llc)
{
	for (unsigned i = 0; i < x->h->n; i++)
		if (x->taken[i] && x->h->v[i].llc == llc)
			return true;
	return false;
}

/* Where it disturbs least: a core without vCPUs in an LLC without vCPUs, if there is one. */
static unsigned service_cpu(const struct plan *x)
{
	unsigned best = 0, least = UINT_MAX;

	for (unsigned i = 0; i < x->h->n; i++) {
		unsigned used, cost;

		if (!is_free(x, i))
			continue;
		(void)core_room(x, x->h->v[i].core, x->h->llcs, &used);
		cost = (has_vcpus(x, x->h->v[i].llc) ? 1 : 0) + (used ? 2 : 0);
		if (cost < least) {
			best = x->h->v[i].id;
			least = cost;
		}
	}
	return best;
}

int pin_plan(struct pin *p, const struct topology *t, const struct host_cpus *h, struct err *e)
{
	unsigned cpus = topology_cpus(t), have = host_cpus_allowed(h);
	auto_free bool *taken = xcalloc(h->n + 1, sizeof(*taken));
	auto_free unsigned *users = xcalloc(h->llcs + 1, sizeof(*users));
	struct pin out = { 0 };
	struct plan x = { .p = &out, .t = t, .h = h, .taken = taken, .users = users };

	if (have < cpus + 1)
		return err_set(
			e, X_HOST,
			"performance_mode: need %u CPUs (%u across %u LLC%s + 1 service) but only %u host CPUs available",
			cpus + 1, cpus, t->llcs, t->llcs > 1 ? "s" : "", have);
	for (unsigned n = 0; n < TOPO_MAX_NODES; n++)
		x.node_of[n] = -1;
	for (unsigned v = 0; v < t->llcs; v++)
		place_llc(&x, v);
	out.shared = count_shared(&x);
	out.service = service_cpu(&x);
	find_nodes(&x);
	*p = out;
	return 0;
}
