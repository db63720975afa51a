/* test_bisect.c: the first bad one of many by halves, and which is tried next. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/err.h"
#include "base/mem.h"
#include "gen/bisect/hunt.h"
#include "gen/bisect/span.h"
#include "progress/log.h"

enum { MOST = 40 };

/* Kernels "0" to "n - 1": bad from first_bad on, those in untold cannot be told. */
struct world {
	struct span span;
	size_t first_bad;
	bool untold[MOST];
	size_t tries;
	int fails; /* a try of that number comes to nothing; -1: none */
};

static void world_make(struct world *w, size_t n, size_t first_bad)
{
	*w = (struct world){ .first_bad = first_bad, .fails = -1 };
	w->span.v = xcalloc(n, sizeof(*w->span.v));
	w->span.n = n;
	for (size_t i = 0; i < n; i++) {
		w->span.v[i].word = xasprintf("%zu", i);
		w->span.v[i].title = xasprintf("title %zu", i);
	}
}

static int left(void *arg, const struct hunt *h, struct argv *ids, struct err *e)
{
	const struct world *w = arg;

	(void)e;
	span_left(&w->span, h, ids);
	return 0;
}

static int test(void *arg, struct tried *t, struct err *e)
{
	struct world *w = arg;
	size_t i = (size_t)strtoul(t->id, NULL, 10);

	if (w->fails == (int)i)
		return err_set(e, X_NO_QEMU, "no QEMU");
	w->tries++;
	t->mark = w->untold[i] ? MARK_SKIP : i >= w->first_bad ? MARK_BAD : MARK_GOOD;
	t->code = w->untold[i] ? X_VM : 0;
	return 0;
}

static struct hunt hunt_of(struct world *w)
{
	return (struct hunt){ .one = "kernel", .many = "kernels", .arg = w, .left = left, .test = test };
}

/* What comes of it: HUNT_FOUND, HUNT_UNTOLD. */
static int hunted(struct world *w, struct hunt *h)
{
	auto_free char *last = xasprintf("%zu", w->span.n - 1);
	struct err e = { 0 };

	assert_int_equal(hunt_ends(h, "0", last, &e), 0);
	return hunt_run(h, &e);
}

/* Steps that halving n between two ends takes, the ends with them. */
static size_t most(size_t n)
{
	size_t steps = 2;

	for (size_t between = n - 2; between; between /= 2)
		steps++;
	return steps;
}

static void each_place_is_found(void **state)
{
	(void)state;
	for (size_t n = 2; n <= MOST; n++)
		for (size_t bad = 1; bad < n; bad++) {
			struct world w;

			world_make(&w, n, bad);
			auto_hunt struct hunt h = hunt_of(&w);

			assert_int_equal(hunted(&w, &h), HUNT_FOUND);
			assert_int_equal(strtoul(h.bad, NULL, 10), bad);
			assert_true(w.tries <= most(n));
			span_free(&w.span);
		}
}

/* Whatever cannot be told: what is found is the first bad one, and what may be it has it, and nothing that is known. */
static void check_untold(size_t n, size_t bad, uint64_t bits)
{
	struct world w;

	world_make(&w, n, bad);
	for (size_t i = 1; i + 1 < n; i++)
		w.untold[i] = bits >> i & 1;
	auto_hunt struct hunt h = hunt_of(&w);
	bool hidden = w.untold[bad] || w.untold[bad - 1];

	assert_int_equal(hunted(&w, &h), hidden ? HUNT_UNTOLD : HUNT_FOUND);
	size_t from = bad, to = bad;

	/* All that cannot be told in front of the first that is known to be bad. */
	while (w.untold[to])
		to++;
	while (w.untold[from - 1])
		from--;
	assert_int_equal(strtoul(h.bad, NULL, 10), to);
	assert_int_equal(h.suspects.n, hidden ? to - from + 1 : 0);
	for (size_t i = 0; i < h.suspects.n; i++) {
		size_t id = (size_t)strtoul(h.suspects.v[i], NULL, 10);

		assert_true(id >= from && id <= to);
	}
	span_free(&w.span);
}

static void what_cannot_be_told_is_passed_over(void **state)
{
	uint64_t seed = 88172645463325252u;

	(void)state;
	for (uint64_t bits = 0; bits < 256; bits++)
		for (size_t bad = 1; bad < 8; bad++)
			check_untold(8, bad, bits);
	for (size_t i = 0; i < 3000; i++) {
		seed ^= seed << 13;
		seed ^= seed >> 7;
		seed ^= seed << 17;
		check_untold(MOST, 1 + seed % (MOST - 1), seed >> 8);
	}
}

/* A run of neighbours that cannot be told is left behind quickly. */
static void neighbours_are_left_behind(void **state)
{
	struct world w;

	(void)state;
	world_make(&w, MOST, 37);
	for (size_t i = 8; i < 32; i++)
		w.untold[i] = true;
	auto_hunt struct hunt h = hunt_of(&w);

	assert_int_equal(hunted(&w, &h), HUNT_FOUND);
	assert_true(w.tries < 15);
	span_free(&w.span);
}

static void from_the_middle(void **state)
{
	auto_argv struct argv ids = { 0 };
	struct world w;

	(void)state;
	world_make(&w, 7, 6);
	auto_hunt struct hunt h = hunt_of(&w);

	argv_add(&h.good, "0");
	h.bad = xstrdup("6");
	span_left(&w.span, &h, &ids);
	auto_free char *text = argv_quote((const char *const *)ids.v);

	assert_string_equal(text, "3 2 4 1 5");
	span_free(&w.span);
}

static void ends(void **state)
{
	struct world w;
	struct err e = { 0 };

	(void)state;
	world_make(&w, 5, 0);
	auto_hunt struct hunt all_bad = hunt_of(&w);

	assert_int_equal(hunt_ends(&all_bad, "0", "4", &e), -1);
	assert_int_equal(e.code, X_FAIL);
	w.first_bad = 5;
	auto_hunt struct hunt all_good = hunt_of(&w);

	assert_int_equal(hunt_ends(&all_good, "0", "4", &e), -1);
	assert_int_equal(e.code, X_FAIL);
	w.untold[4] = true;
	auto_hunt struct hunt no_end = hunt_of(&w);

	assert_int_equal(hunt_ends(&no_end, "0", "4", &e), -1);
	assert_int_equal(e.code, X_VM);
	/* What comes to nothing ends it, with what was tried until then. */
	w.untold[4] = false;
	w.first_bad = 4;
	w.fails = 2;
	auto_hunt struct hunt fails = hunt_of(&w);

	assert_int_equal(hunted(&w, &fails), -1);
	assert_int_equal(fails.n, 2);
	span_free(&w.span);
}

static void what_both_come_from(void **state)
{
	struct world w;
	struct err e = { 0 };

	(void)state;
	world_make(&w, 6, 3);
	auto_hunt struct hunt h = hunt_of(&w);

	assert_int_equal(hunt_ends(&h, "0", "5", &e), 0);
	assert_int_equal(hunt_base(&h, "1", &e), 0);
	assert_int_equal(hunt_base(&h, "4", &e), -1);
	assert_int_equal(e.code, X_FAIL);
	assert_string_equal(h.bad, "5");
	w.untold[2] = true;
	assert_int_equal(hunt_base(&h, "2", &e), 0);
	span_free(&w.span);
}

int main(void)
{
	static const struct CMUnitTest tests[] = {
		cmocka_unit_test(each_place_is_found),
		cmocka_unit_test(what_cannot_be_told_is_passed_over),
		cmocka_unit_test(neighbours_are_left_behind),
		cmocka_unit_test(from_the_middle),
		cmocka_unit_test(ends),
		cmocka_unit_test(what_both_come_from),
	};

	log_setup(LOG_QUIET, COLOR_NEVER);
	return cmocka_run_group_tests(tests, NULL, NULL);
}
