#include "judge/summary.h"
#include "base/mem.h"
#include "judge/figure.h"
#include <math.h>
#include <string.h>

enum { DEPTH_MAX = 10000 }; /* nobody has so long a queue: it was read where there is none */

/* What groups might use in the phase of the samples that are looked at. */
struct groups {
	const char **name;
	struct cpus *cpus;
	size_t n;
	int phase;
};

static void groups_open(struct groups *g, const struct facts *f)
{
	*g = (struct groups){ .phase = -1 };
	g->name = xcalloc(f->n_workers + 1, sizeof(*g->name));
	g->cpus = xcalloc(f->n_workers + 1, sizeof(*g->cpus));
	for (size_t i = 0; i < f->n_workers; i++) {
		size_t k = 0;

		while (k < g->n && strcmp(g->name[k], f->workers[i].group) != 0)
			k++;
		if (k == g->n)
			g->name[g->n++] = f->workers[i].group;
	}
}

static void groups_turn(struct groups *g, const struct facts *f, int phase)
{
	if (g->phase == phase)
		return;
	g->phase = phase;
	for (size_t i = 0; i < g->n; i++) {
		const struct selection s = { .facts = f, .group = g->name[i], .phase = phase };

		selection_cpus(&s, phase, &g->cpus[i]);
	}
}

static double worst(const struct groups *g, const struct facts_sample *x)
{
	double most = 1;
	uint64_t ignored;

	for (size_t i = 0; i < g->n; i++)
		most = fmax(most, sample_imbalance(x, &g->cpus[i], &ignored));
	return most;
}

/* Of CPUs that are online. */
static double mean(const struct sample_column *c, const struct facts_sample *x)
{
	double sum = 0, n = 0;

	for (size_t i = 0; i < c->n; i++) {
		if (i < x->curr.n && x->curr.v[i] < 0)
			continue;
		sum += (double)c->v[i];
		n++;
	}
	return n > 0 ? sum / n : 0;
}

static uint64_t longest(const struct sample_column *c)
{
	int64_t most = 0;

	for (size_t i = 0; i < c->n; i++)
		most = c->v[i] > most ? c->v[i] : most;
	return (uint64_t)most;
}

static bool stands(const struct facts_sample *was, const struct facts_sample *x)
{
	for (size_t i = 0; i < x->clock.n && i < was->clock.n && i < x->curr.n && i < was->curr.n; i++)
		if (x->clock.v[i] && x->clock.v[i] == was->clock.v[i] && x->curr.v[i] > 0 && was->curr.v[i] > 0)
			return true;
	return false;
}

struct samples_summary samples_summary(const struct facts *f)
{
	const struct selection all = { .facts = f, .phase = PHASE_ALL };
	auto_free int *phase = samples_meant(&all);
	struct samples_summary s = { 0 };
	size_t last = 0;
	struct groups g;

	groups_open(&g, f);
	for (size_t i = 0; i < f->samples.n; i++) {
		const struct facts_sample *x = &f->samples.v[i];

		if (phase[i] < 0 || !x->nr.n || longest(&x->local) > DEPTH_MAX)
			continue;
		groups_turn(&g, f, phase[i]);
		double ratio = worst(&g, x);

		s.stall |= s.n && last + 1 == i && stands(&f->samples.v[last], x);
		last = i;
		s.n++;
		s.max_imbalance = fmax(s.max_imbalance, ratio);
		s.avg_imbalance += (ratio - s.avg_imbalance) / (double)s.n;
		s.avg_nr += (mean(&x->nr, x) - s.avg_nr) / (double)s.n;
		s.avg_local += (mean(&x->local, x) - s.avg_local) / (double)s.n;
		s.max_local = longest(&x->local) > s.max_local ? longest(&x->local) : s.max_local;
	}
	free(g.name);
	free(g.cpus);
	return s;
}
