#include "stats/group.h"
#include "base/mem.h"
#include <math.h>
#include <stdint.h>

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

static uint64_t columns_hash(const struct row *r, unsigned keys)
{
	const uint64_t odd = 0x9e3779b97f4a7c15; /* 2^64 over the golden ratio: its multiples scatter */
	uint64_t h = 0;

	for (unsigned key = 1; key <= BY_OP; key <<= 1) {
		if (keys & key) {
			h = (h ^ (uintptr_t)column(r, key)) * odd;
			h ^= h >> 32;
		}
	}
	return h;
}

/* Rows are many and most of them say the same, so they are put together before anything is sorted. */
struct kind {
	const struct row *first;
	size_t n, at; /* rows; where the next one's place in groups.members is */
};

struct kinds {
	struct kind *v;
	uint32_t n, *slot; /* number + 1 by hash; 0: free */
	size_t n_slots;    /* a power of two */
};

static uint32_t kind_of(struct kinds *k, const struct row *r, unsigned keys)
{
	size_t at = columns_hash(r, keys) & (k->n_slots - 1);

	while (k->slot[at] && columns_order(k->v[k->slot[at] - 1].first, r, keys) != 0)
		at = (at + 1) & (k->n_slots - 1);
	if (!k->slot[at]) {
		if (!(k->n & (k->n - 1))) /* full at the powers of two */
			k->v = xreallocarray(k->v, k->n ? (size_t)k->n * 2 : 1, sizeof(*k->v));
		k->v[k->n] = (struct kind){ .first = r };
		k->slot[at] = ++k->n;
	}
	return k->slot[at] - 1;
}

static int kind_order(const void *va, const void *vb, void *keys)
{
	const struct kind *a = *(struct kind *const *)va, *b = *(struct kind *const *)vb;

	return columns_order(a->first, b->first, *(unsigned *)keys);
}

/* Lays out the groups in their order; the rows come later. */
static void lay_out(struct groups *g, struct kinds *k, unsigned keys)
{
	auto_free struct kind **sorted = xcalloc((size_t)k->n + 1, sizeof(struct kind *));
	size_t at = 0;

	for (uint32_t i = 0; i < k->n; i++)
		sorted[i] = &k->v[i];
	qsort_r(sorted, k->n, sizeof(struct kind *), kind_order, &keys);
	for (uint32_t i = 0; i < k->n; i++) {
		g->v[g->n++] = (struct group){ &g->members[at], sorted[i]->n };
		sorted[i]->at = at;
		at += sorted[i]->n;
	}
}

void groups_make(struct groups *g, const struct row *rows, size_t n, unsigned keys, bool (*take)(const struct row *))
{
	auto_free uint32_t *of = xcalloc(n + 1, sizeof(*of)), *slot = NULL;
	struct kinds k = { .n_slots = 16 };

	while (k.n_slots < 2 * n)
		k.n_slots *= 2;
	k.slot = slot = xcalloc(k.n_slots, sizeof(*slot));
	for (size_t i = 0; i < n; i++) {
		of[i] = take && !take(&rows[i]) ? UINT32_MAX : kind_of(&k, &rows[i], keys);
		if (of[i] != UINT32_MAX)
			k.v[of[i]].n++;
	}
	*g = (struct groups){ .members = xcalloc(n + 1, sizeof(struct row *)),
			      .v = xcalloc((size_t)k.n + 1, sizeof(*g->v)) };
	lay_out(g, &k, keys);
	for (size_t i = 0; i < n; i++) {
		if (of[i] != UINT32_MAX)
			g->members[k.v[of[i]].at++] = &rows[i];
	}
	free(k.v);
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

/* How many of the metric's values are known; their sum. */
static size_t known(const struct group *g, enum metric m, double *sum)
{
	size_t n = 0;

	*sum = 0;
	for (size_t i = 0; i < g->n; i++) {
		if (isnan(g->v[i]->m[m]))
			continue;
		*sum += g->v[i]->m[m];
		n++;
	}
	return n;
}

double group_sum(const struct group *g, enum metric m)
{
	double sum;

	known(g, m, &sum);
	return sum;
}

double group_mean(const struct group *g, enum metric m)
{
	double sum;
	size_t n = known(g, m, &sum);

	return n ? sum / (double)n : NAN;
}

double group_deviation(const struct group *g, enum metric m)
{
	double sum, squares = 0;
	size_t n = known(g, m, &sum);

	if (n < 2)
		return 0;
	double mean = sum / (double)n;

	for (size_t i = 0; i < g->n; i++) {
		double d = g->v[i]->m[m] - mean;

		squares += isnan(d) ? 0 : d * d;
	}
	return sqrt(squares / (double)(n - 1));
}

struct verdicts group_verdicts(const struct group *g)
{
	struct verdicts v = { 0 };

	for (size_t i = 0; i < g->n; i++) {
		v.passed += g->v[i]->passed;
		v.skipped += g->v[i]->skipped;
		v.inconclusive += g->v[i]->inconclusive;
	}
	v.failed = g->n - v.passed - v.skipped - v.inconclusive;
	return v;
}
