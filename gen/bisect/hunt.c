#include "gen/bisect/hunt.h"

#include <stdbool.h>
#include <stdlib.h>
#include <string.h>

#include "base/err.h"
#include "base/mem.h"
#include "base/still.h"
#include "progress/log.h"

const char *const mark_names[MARKS] = { "good", "bad", "skip" };

const struct tried *hunt_find(const struct hunt *h, const char *id)
{
	for (size_t i = 0; i < h->n; i++)
		if (!strcmp(h->v[i].id, id))
			return &h->v[i];
	return NULL;
}

static const char *name_of(const struct tried *t)
{
	return t->title ? t->title : t->id;
}

static void tell(const struct hunt *h, const struct tried *t)
{
	log_info("  %.*s%s%s: %s (%.1f s)%s%s", h->id_shown, t->id, h->id_shown ? " " : "", name_of(t),
		 mark_names[t->mark], (double)t->ms / 1000.0, t->words ? ": " : "", t->words ? t->words : "");
}

static const struct tried *test(struct hunt *h, const char *id, struct err *e)
{
	long long began = now_ms();
	struct tried t = { .id = xstrdup(id) };
	int r = h->test(h->arg, &t, e);

	t.ms = (uint64_t)(now_ms() - began);
	h->v = xreallocarray(h->v, h->n + 1, sizeof(*h->v));
	h->v[h->n] = t;
	/* What was not tried to its end is no try, and its words are nobody's. */
	if (r < 0) {
		free(t.id);
		free(t.title);
		free(t.words);
		free(t.again);
		return NULL;
	}
	h->n++;
	tell(h, &h->v[h->n - 1]);
	if (t.mark == MARK_GOOD)
		argv_add(&h->good, t.id);
	if (t.mark == MARK_BAD) {
		free(h->bad);
		h->bad = xstrdup(t.id);
	}
	return &h->v[h->n - 1];
}

static int untold(const struct tried *t, const char *end, struct err *e)
{
	/* 2 says that the command line is wrong. */
	return err_set(e, t->code > X_USAGE ? t->code : X_FAIL, "the %s end, %s, cannot be told: %s", end, name_of(t),
		       t->words ? t->words : "nothing is known of it");
}

int hunt_ends(struct hunt *h, const char *good, const char *bad, struct err *e)
{
	const struct tried *t = test(h, good, e);

	if (!t)
		return -1;
	if (t->mark == MARK_SKIP)
		return untold(t, "good", e);
	if (t->mark == MARK_BAD)
		return err_set(e, X_FAIL, "%s is said to be good, and it fails: %s", name_of(t),
			       t->words ? t->words : "");
	if (!(t = test(h, bad, e)))
		return -1;
	if (t->mark == MARK_SKIP)
		return untold(t, "bad", e);
	if (t->mark == MARK_GOOD)
		return err_set(e, X_FAIL, "%s is said to be bad, and it passes", name_of(t));
	return 0;
}

int hunt_base(struct hunt *h, const char *id, struct err *e)
{
	auto_free char *bad = xstrdup(h->bad);
	const struct tried *t = hunt_find(h, id);

	if (!t && !(t = test(h, id, e)))
		return -1;
	if (t->mark == MARK_BAD) {
		err_set(e, X_FAIL,
			"%s, which both ends come from, fails: it was mended on the way to the good end, and not broken on the way "
			"to the bad one",
			name_of(t));
		free(h->bad);
		h->bad = TAKE(bad);
		return -1;
	}
	if (t->mark == MARK_SKIP)
		log_warn("%s, which both ends come from, cannot be told: the first bad %s may be before it", name_of(t),
			 h->one);
	return 0;
}

static bool passed_over(const struct hunt *h, const char *id)
{
	const struct tried *t = hunt_find(h, id);

	return t && t->mark == MARK_SKIP;
}

/* Tries at the end that could not be told. */
static size_t skips_in_a_row(const struct hunt *h)
{
	size_t n = 0;

	while (n < h->n && h->v[h->n - 1 - n].mark == MARK_SKIP)
		n++;
	return n;
}

/* What stands beside one that cannot be built will not build either: each further one is twice as far away. */
static const char *choose(const struct hunt *h, const struct argv *left)
{
	size_t skips = skips_in_a_row(h), away = skips < 20 ? ((size_t)1 << skips) - 1 : SIZE_MAX, i = 0;
	const char *last = NULL;

	for (size_t k = 0; k < left->n && i <= away; k++) {
		if (passed_over(h, left->v[k]))
			continue;
		last = left->v[k];
		i++;
	}
	return last;
}

/* git's own estimate (bisect.c, estimate_bisect_steps). */
static unsigned steps_left(size_t n)
{
	unsigned log = 0;

	while (n >> (log + 1))
		log++;
	if (n < 3)
		return 0;
	size_t whole = (size_t)1 << log, rest = n - whole;

	return whole < 3 * rest ? log : log - 1;
}

static void tell_left(const struct hunt *h, const struct argv *left)
{
	size_t n = 0;

	for (size_t i = 0; i < left->n; i++)
		n += !passed_over(h, left->v[i]);
	size_t after = n / 2;
	unsigned steps = steps_left(n + 1);

	log_info("Bisecting: %zu %s left to test after this (roughly %u step%s)", after, after == 1 ? h->one : h->many,
		 steps, steps == 1 ? "" : "s");
}

int hunt_run(struct hunt *h, struct err *e)
{
	for (;;) {
		auto_argv struct argv left = { 0 };

		if (h->left(h->arg, h, &left, e) < 0)
			return -1;
		const char *next = choose(h, &left);

		if (!next && !left.n)
			return HUNT_FOUND;
		if (!next) {
			argv_addv(&h->suspects, (const char *const *)left.v);
			argv_add(&h->suspects, h->bad);
			return HUNT_UNTOLD;
		}
		tell_left(h, &left);
		if (!test(h, next, e))
			return -1;
	}
}

void hunt_free(struct hunt *h)
{
	for (size_t i = 0; i < h->n; i++) {
		free(h->v[i].id);
		free(h->v[i].title);
		free(h->v[i].words);
		free(h->v[i].again);
	}
	free(h->v);
	argv_free(&h->good);
	argv_free(&h->suspects);
	free(h->bad);
	*h = (struct hunt){ 0 };
}
