#include "gen/matrix/budget.h"

#include <stdbool.h>
#include <stdlib.h>

#include "base/mem.h"
#include "gen/base/index.h"
#include "gen/matrix/history.h"
#include "gen/matrix/matrix.h"

enum { FEATURES = 6, MS_UNKNOWN = 3000 };

/* A cell, with how much of what it covers is new, as it was when that was last looked at: it never grows. */
struct offer {
	struct matrix_cell *cell;
	char *features[FEATURES];
	uint64_t ms;
	double worth;
};

static void features_of(struct offer *o)
{
	const struct matrix_cell *c = o->cell;
	const char *test = c->test->test.slug, *kernel = c->on->target->k.name, *guest = c->on->guest->plan.name,
		   *profile = c->on->profile ? c->on->profile->name : "";

	o->features[0] = xasprintf("t %s", test);
	o->features[1] = xasprintf("k %s", kernel);
	o->features[2] = xasprintf("g %s", guest);
	o->features[3] = xasprintf("tg %s %s", test, guest);
	o->features[4] = xasprintf("tk %s %s", test, kernel);
	o->features[5] = xasprintf("tp %s %s", test, profile);
}

static double worth(const struct offer *o, const struct index *covered)
{
	size_t n = 0;

	for (size_t i = 0; i < FEATURES; i++)
		n += !index_find(covered, o->features[i]);
	/* What failed last is worth a look whatever it covers. */
	return ((double)n + (o->cell->rank == -2 ? FEATURES : 0.01)) / (double)(o->ms + 1);
}

static void sink(struct offer *v, size_t n, size_t i)
{
	for (size_t child; (child = 2 * i + 1) < n; i = child) {
		if (child + 1 < n && v[child + 1].worth > v[child].worth)
			child++;
		if (v[i].worth >= v[child].worth)
			return;
		struct offer o = v[i];

		v[i] = v[child];
		v[child] = o;
	}
}

static uint64_t mean_ms(const struct history *h)
{
	uint64_t sum = 0, n = 0;

	for (size_t i = 0; i < h->n; i++) {
		sum += h->v[i].ms;
		n += h->v[i].ms > 0;
	}
	return n ? sum / n : MS_UNKNOWN;
}

static size_t offer_all(struct offer **to, struct matrix *m, const struct history *h)
{
	uint64_t mean = mean_ms(h);
	size_t n = 0;

	*to = NULL;
	for (size_t i = 0; i < m->n; i++)
		for (size_t k = 0; k < m->tests[i].n; k++) {
			struct matrix_cell *c = &m->tests[i].cells[k];
			const struct past *p = history_find(h, matrix_name(c));

			if (c->out)
				continue;
			if (!(n & (n - 1)))
				*to = xreallocarray(*to, n ? 2 * n : 1, sizeof(**to));
			(*to)[n] = (struct offer){ .cell = c, .ms = p && p->ms ? p->ms : mean * c->test->seeds.n };
			if (c->fit->skip)
				(*to)[n].ms = 0;
			features_of(&(*to)[n++]);
		}
	return n;
}

static void take(struct offer *o, struct index *covered)
{
	for (size_t i = 0; i < FEATURES; i++)
		index_add(covered, o->features[i], o->cell);
	o->cell->out = false;
}

size_t budget_choose(struct matrix *m, const struct history *h, uint64_t ms)
{
	auto_index struct index covered = { 0 };
	auto_free struct offer *v = NULL;
	size_t n = offer_all(&v, m, h), all = n, chosen = 0;

	for (size_t i = 0; i < n; i++) {
		v[i].worth = worth(&v[i], &covered);
		v[i].cell->out = true;
	}
	for (size_t i = n / 2; i-- > 0;)
		sink(v, n, i);
	while (n) {
		double now = worth(&v[0], &covered);
		bool stale = now < v[0].worth;

		if (stale) {
			v[0].worth = now;
			sink(v, n, 0);
			continue;
		}
		struct offer best = v[0];

		if (best.ms <= ms) {
			take(&best, &covered);
			ms -= best.ms;
			chosen++;
		}
		v[0] = v[--n];
		v[n] = best; /* its words are in the index */
		sink(v, n, 0);
	}
	for (size_t i = 0; i < all; i++)
		for (size_t k = 0; k < FEATURES; k++)
			free(v[i].features[k]);
	return chosen;
}
