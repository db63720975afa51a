#include "judge/figure.h"
#include <string.h>

static uint64_t add(uint64_t a, uint64_t b)
{
	return a > UINT64_MAX - b ? UINT64_MAX : a + b;
}

bool selection_next(const struct selection *s, size_t phases, int *k)
{
	if (s->phase != PHASE_ALL) {
		*k = *k < 0 ? s->phase : (int)phases;
		return (size_t)*k < phases;
	}
	for (*k = *k < 1 ? 1 : *k + 1; (size_t)*k < phases; ++*k) {
		if (!s->except || *k >= FACTS_PHASES || !s->except[*k])
			return true;
	}
	return false;
}

static bool is_gap(size_t count)
{
	return count == FACTS_GAP || count == FACTS_GAP_AT || count == FACTS_GAP_ON || count == FACTS_GAP_CPU;
}

static void add_gaps(struct totals *t, const struct facts_phase *p, size_t phase, bool first)
{
	if (p->has[FACTS_GAP] && (first || p->v[FACTS_GAP] > t->v[FACTS_GAP])) {
		t->gap_phase = phase;
		for (size_t i = FACTS_GAP; i <= FACTS_GAP_ON; i++) {
			t->v[i] = p->v[i];
			t->has[i] = p->has[i];
		}
	}
	if (p->has[FACTS_GAP_CPU] && (first || p->v[FACTS_GAP_CPU] > t->v[FACTS_GAP_CPU])) {
		t->gap_cpu_phase = phase;
		t->v[FACTS_GAP_CPU] = p->v[FACTS_GAP_CPU];
		t->has[FACTS_GAP_CPU] = true;
	}
}

struct totals totals_of(const struct facts_worker *w, const struct selection *s)
{
	struct totals t = { 0 };
	bool gap_known = true, gap_cpu_known = true;

	for (size_t i = 0; i < FACTS_COUNTS; i++)
		t.has[i] = !is_gap(i);
	for (int k = -1; selection_next(s, w->n, &k);) {
		const struct facts_phase *p = &w->phases[k];

		if (!p->there)
			continue;
		for (size_t i = 0; i < FACTS_COUNTS; i++) {
			if (is_gap(i))
				continue;
			t.has[i] &= p->has[i];
			t.v[i] = add(t.v[i], p->v[i]);
		}
		gap_known &= p->has[FACTS_GAP];
		gap_cpu_known &= p->has[FACTS_GAP_CPU];
		add_gaps(&t, p, (size_t)k, !t.there);
		t.there = true;
	}
	t.has[FACTS_GAP] &= gap_known;
	t.has[FACTS_GAP_CPU] &= gap_cpu_known;
	return t;
}

bool selection_has(const struct selection *s, const struct facts_worker *w)
{
	if (s->worker)
		return s->worker == w;
	return !s->group || !strcmp(s->group, w->group);
}

struct histogram latency_of(const struct selection *s, bool slack, bool *recorded)
{
	struct histogram all = { 0 };

	*recorded = false;
	for (size_t i = 0; i < s->facts->n_workers; i++) {
		const struct facts_worker *w = &s->facts->workers[i];

		if (!selection_has(s, w))
			continue;
		for (int k = -1; selection_next(s, w->n, &k);) {
			const struct histogram *h = slack ? w->phases[k].slack : w->phases[k].latency;

			if (!h)
				continue;
			*recorded = true;
			histogram_add(&all, h);
		}
	}
	return all;
}
