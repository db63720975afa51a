#include "stats/outlier.h"
#include "base/mem.h"
#include <float.h>
#include <math.h>

/* Room for one more in an array that is full at the powers of two. */
#define ROOM(v, n) ((n) & ((n)-1) ? (v) : xreallocarray((v), (n) ? (n)*2 : 1, sizeof(*(v))))

static void topologies_beyond(struct outlier *o, const struct group *g, double threshold)
{
	for (size_t i = 0; i < g->n; i++) {
		if (!(g->v[i]->m[o->metric] > threshold)) /* also when it is not known */
			continue;
		o->topologies = ROOM(o->topologies, o->n_topologies);
		o->topologies[o->n_topologies++] = g->v[i]->topology;
	}
}

static void find_in(struct outliers *o, const struct groups *g, const struct group *all, enum metric m)
{
	double mean = group_mean(all, m), sigma = group_deviation(all, m);
	double threshold = mean + 2.0 * sigma;

	if (sigma < DBL_EPSILON)
		return;
	for (size_t i = 0; i < g->n; i++) {
		struct outlier found = { .metric = m, .overall = mean, .mean = group_mean(&g->v[i], m) };

		if (!(found.mean > threshold))
			continue;
		found.scenario = g->v[i].v[0]->scenario;
		found.flags = g->v[i].v[0]->flags;
		found.z = (found.mean - mean) / sigma;
		topologies_beyond(&found, &g->v[i], threshold);
		o->v = ROOM(o->v, o->n);
		o->v[o->n++] = found;
	}
}

/* Of equal ones the order of the metrics, then the names decide. */
static int outlier_order(const void *va, const void *vb)
{
	const struct outlier *a = va, *b = vb;
	int r;

	if (a->z != b->z)
		return a->z > b->z ? -1 : 1;
	if (a->metric != b->metric)
		return a->metric < b->metric ? -1 : 1;
	r = strcmp(a->scenario, b->scenario);
	return r ? r : strcmp(a->flags, b->flags);
}

void outliers_find(struct outliers *o, const struct row *rows, size_t n)
{
	auto_groups struct groups g = { 0 }, all = { 0 };

	*o = (struct outliers){ 0 };
	if (!n)
		return;
	groups_make(&g, rows, n, BY_SCENARIO | BY_FLAGS, NULL);
	groups_make(&all, rows, n, 0, NULL);
	for (int m = 0; m < OUTLIERS; m++)
		find_in(o, &g, &all.v[0], (enum metric)m);
	if (o->n)
		qsort(o->v, o->n, sizeof(*o->v), outlier_order);
}

void outliers_free(struct outliers *o)
{
	for (size_t i = 0; i < o->n; i++)
		free(o->v[i].topologies);
	free(o->v);
	*o = (struct outliers){ 0 };
}

static int number_order(const void *va, const void *vb)
{
	double a = *(const double *)va, b = *(const double *)vb;

	return (a > b) - (a < b);
}

/* v is sorted by it. */
static double median(double *v, size_t n)
{
	qsort(v, n, sizeof(*v), number_order);
	return n % 2 ? v[n / 2] : v[n / 2 - 1] / 2 + v[n / 2] / 2;
}

static void deviants_in(struct deviants *d, const struct group *g, enum metric m, double *v)
{
	double mid, mad;
	size_t n = 0;

	for (size_t i = 0; i < g->n; i++) {
		if (!isnan(g->v[i]->m[m]))
			v[n++] = g->v[i]->m[m];
	}
	if (n < DEVIANT_ROWS)
		return;
	mid = median(v, n);
	for (size_t i = 0; i < n; i++)
		v[i] = fabs(v[i] - mid);
	mad = median(v, n);
	if (mad < DBL_EPSILON)
		return;
	for (size_t i = 0; i < g->n; i++) {
		struct deviant found = { g->v[i], m, g->v[i]->m[m], mid, 0 };

		found.score = 0.6745 * (found.value - mid) / mad;
		if (!(m == M_ITERATIONS ? found.score < -DEVIANT_SCORE : found.score > DEVIANT_SCORE))
			continue;
		d->v = ROOM(d->v, d->n);
		d->v[d->n++] = found;
	}
}

static int deviant_order(const void *va, const void *vb)
{
	const struct deviant *a = va, *b = vb;

	if (fabs(a->score) != fabs(b->score))
		return fabs(a->score) > fabs(b->score) ? -1 : 1;
	if (a->metric != b->metric)
		return a->metric < b->metric ? -1 : 1;
	return (a->row > b->row) - (a->row < b->row);
}

void deviants_find(struct deviants *d, const struct row *rows, size_t n)
{
	auto_groups struct groups g = { 0 };
	auto_free double *v = xcalloc(n + 1, sizeof(*v));

	*d = (struct deviants){ 0 };
	groups_make(&g, rows, n, BY_TOPOLOGY, NULL);
	for (size_t i = 0; i < g.n; i++) {
		if (g.v[i].n < DEVIANT_ROWS)
			continue;
		for (int m = 0; m < OUTLIERS; m++)
			deviants_in(d, &g.v[i], (enum metric)m, v);
		deviants_in(d, &g.v[i], M_ITERATIONS, v);
	}
	if (d->n)
		qsort(d->v, d->n, sizeof(*d->v), deviant_order);
}

void deviants_free(struct deviants *d)
{
	free(d->v);
	*d = (struct deviants){ 0 };
}
