#include "stats/group.h"
#include "base/mem.h"
#include <math.h>

static const char *column(const struct row *r, unsigned key)
{
	switch (key) {
	case BY_SCENARIO:
		return r->scenario;
	case BY_FLAGS:
		return r->flags;
	case BY_TOPOLOGY:
		return r->topology;
	case BY_WORK_TYPE:
		return r->work_type;
	case BY_KERNEL:
		return r->kernel ? r->kernel : "";
	default:
		return r->op;
	}
}

static int columns_order(const struct row *a, const struct row *b, unsigned keys)
{
	for (unsigned key = 1; key <= BY_OP; key <<= 1) {
		const char *x, *y;
		int r;

		if (!(keys & key))
			continue;
		x = column(a, key);
		y = column(b, key);
		r = x == y ? 0 : strcmp(x, y);
		if (r)
			return r;
	}
	return 0;
}

/* Rows lie in one array, so that their addresses are their order. */
static int order(const void *va, const void *vb, void *keys)
{
	const struct row *a = *(const struct row *const *)va, *b = *(const struct row *const *)vb;
	int r = columns_order(a, b, *(unsigned *)keys);

	return r ? r : (a > b) - (a < b);
}

void groups_make(struct groups *g, const struct row *rows, size_t n, unsigned keys, bool (*take)(const struct row *))
{
	size_t used = 0;

	*g = (struct groups){ .members = xcalloc(n + 1, sizeof(struct row *)), .v = xcalloc(n + 1, sizeof(*g->v)) };
	for (size_t i = 0; i < n; i++) {
		if (!take || take(&rows[i]))
			g->members[used++] = &rows[i];
	}
	qsort_r(g->members, used, sizeof(struct row *), order, &keys);
	for (size_t i = 0; i < used; i++) {
		if (!i || columns_order(g->members[i - 1], g->members[i], keys) != 0)
			g->v[g->n++].v = &g->members[i];
		g->v[g->n - 1].n++;
	}
}

void groups_free(struct groups *g)
{
	free(g->members);
	free(g->v);
	*g = (struct groups){ 0 };
}

int group_order(const struct group *a, const struct group *b, unsigned keys)
{
	return columns_order(a->v[0], b->v[0], keys);
}

double group_sum(const struct group *g, enum metric m)
{
	double sum = 0;

	for (size_t i = 0; i < g->n; i++)
		sum += g->v[i]->m[m];
	return sum;
}

double group_mean(const struct group *g, enum metric m)
{
	return g->n ? group_sum(g, m) / (double)g->n : 0;
}

double group_deviation(const struct group *g, enum metric m)
{
	double mean = group_mean(g, m), sum = 0;

	if (g->n < 2)
		return 0;
	for (size_t i = 0; i < g->n; i++) {
		double d = g->v[i]->m[m] - mean;

		sum += d * d;
	}
	return sqrt(sum / (double)(g->n - 1));
}

size_t group_passed(const struct group *g)
{
	size_t n = 0;

	for (size_t i = 0; i < g->n; i++)
		n += g->v[i]->passed;
	return n;
}
