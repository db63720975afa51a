#include "gen/explore/trail.h"

#include <stdlib.h>

#include "base/mem.h"

void trail_begin(struct trail *s)
{
	s->next = s->first;
}

static const struct trail_heard *find(const struct trail *s, uint64_t seed)
{
	for (size_t i = 0; i < s->n_heard; i++)
		if (s->heard[i].seed == seed)
			return &s->heard[i];
	return NULL;
}

const struct failure *trail_hear(struct trail *s, uint64_t seed, const struct ruling *v)
{
	struct trail_heard h = { .seed = seed, .verdict = v ? v->verdict : JUDGED_BROKEN };

	if (find(s, seed))
		return NULL;
	if (h.verdict == JUDGED_FAIL && !failure_find(&h.failure, v, NULL))
		h.verdict = JUDGED_INCONCLUSIVE;
	if (v && !s->kernel && v->kernel)
		s->kernel = xstrdup(v->kernel);
	if (!(s->n_heard & (s->n_heard - 1)))
		s->heard = xreallocarray(s->heard, s->n_heard ? s->n_heard * 2 : 1, sizeof(*s->heard));
	s->heard[s->n_heard++] = h;
	return h.verdict == JUDGED_FAIL ? &s->heard[s->n_heard - 1].failure : NULL;
}

bool trail_enough(const struct trail *s)
{
	const struct trail_heard *h;

	if (!s->until_fail)
		return false;
	for (uint64_t seed = s->next; (h = find(s, seed)); seed++)
		if (h->verdict == JUDGED_FAIL)
			return true;
	return false;
}

static int by_seed(const void *a, const void *b)
{
	const struct trail_heard *x = a, *y = b;

	return x->seed < y->seed ? -1 : x->seed > y->seed;
}

static void take(struct trail *s, struct trail_heard *h)
{
	s->passed += h->verdict == JUDGED_PASS;
	s->broken += h->verdict == JUDGED_BROKEN;
	s->inconclusive += h->verdict == JUDGED_INCONCLUSIVE || h->verdict == JUDGED_SKIP;
	if (h->verdict != JUDGED_FAIL)
		return;
	s->failures = xreallocarray(s->failures, s->n_failures + 1, sizeof(*s->failures));
	s->failures[s->n_failures++] = h->failure;
	h->failure = (struct failure){ 0 };
}

void trail_settle(struct trail *s)
{
	if (s->n_heard)
		qsort(s->heard, s->n_heard, sizeof(*s->heard), by_seed);
	for (size_t i = 0; i < s->n_heard; i++) {
		struct trail_heard *h = &s->heard[i];
		bool follows = h->seed == s->next;

		if ((follows || h->verdict == JUDGED_FAIL) && !(s->until_fail && s->n_failures)) {
			take(s, h);
			s->next += follows;
		}
		failure_free(&h->failure);
	}
	s->n_heard = 0;
}

bool trail_over(const struct trail *s)
{
	return s->next > s->last || (s->until_fail && s->n_failures) || trail_mute(s);
}

bool trail_mute(const struct trail *s)
{
	return s->broken && !s->passed && !s->n_failures && !s->inconclusive;
}

void trail_free(struct trail *s)
{
	for (size_t i = 0; i < s->n_heard; i++)
		failure_free(&s->heard[i].failure);
	free(s->heard);
	for (size_t i = 0; i < s->n_failures; i++)
		failure_free(&s->failures[i]);
	free(s->failures);
	free(s->kernel);
	*s = (struct trail){ 0 };
}
