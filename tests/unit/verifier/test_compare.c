#include "base/err.h"
#include "base/mem.h"
#include "verifier/compare.h"
#include "verifier/saved.h"
#include <setjmp.h>
#include <stdarg.h>
#include <stdint.h>

#include <cmocka.h>

#define P(name_, insns) \
	{ \
		.name = (name_), .verified_insns = (insns) \
	}

static void rows(void **state)
{
	struct prog a[] = { P("same", 10), P("less", 200),          P("cut_at_15_chara", 7),
			    P("gone", 5),  P("cut_at_15_chara", 8), P("zero", 0) };
	struct prog b[] = { P("new", 3), P("less", 150), P("same", 10), P("cut_at_15_chara", 9), P("zero", 4) };
	const struct progs pa = { a, countof(a) }, pb = { b, countof(b) };
	static const struct {
		const char *name;
		bool in_a, in_b;
		int64_t delta;
		bool has_percent;
		double percent;
	} want[] = {
		{ "new", false, true, 3, false, 0 },
		{ "less", true, true, -50, true, -25 },
		{ "same", true, true, 0, true, 0 },
		{ "cut_at_15_chara", true, true, 2, true, 200.0 / 7 },
		{ "zero", true, true, 4, false, 0 },
		{ "gone", true, false, -5, false, 0 },
		{ "cut_at_15_chara", true, false, -8, false, 0 },
	};
	auto_compare struct compare c = { 0 };

	(void)state;
	compare_progs(&c, &pa, &pb);
	assert_int_equal(c.n, countof(want));
	for (size_t i = 0; i < c.n; i++) {
		double percent = 0;

		assert_string_equal(c.v[i].name, want[i].name);
		assert_int_equal(c.v[i].in_a, want[i].in_a);
		assert_int_equal(c.v[i].in_b, want[i].in_b);
		assert_true(compare_delta(&c.v[i]) == want[i].delta);
		assert_int_equal(compare_percent(&c.v[i], &percent), want[i].has_percent);
		assert_float_equal(percent, want[i].percent, 1e-9);
		assert_int_equal(compare_differs(&c.v[i]), i != 2);
	}
}

/* A report of before whole names, on either side. */
static void cut_names(void **state)
{
	struct prog old[] = { P("x_cgroup_set_we", 1), P("x_cgroup_set_we", 2), P("x_init", 3),
			      P("x_enqueue_of_al", 4) };
	struct prog new[] = { P("x_cgroup_set_weight", 1), P("x_cgroup_set_weights", 2), P("x_init", 3),
			      P("x_enqueue_of_all", 5), P("x_cgroup_set_we", 9) };
	const struct progs a = { old, countof(old) }, b = { new, countof(new) - 1 };
	/* The whole names are equal first; only then does a cut one take what is left. */
	struct prog mixed[] = { P("x_enqueue_of_al", 7), P("x_enqueue_of_all", 6) };
	const struct progs m = { mixed, countof(mixed) };
	auto_compare struct compare c = { 0 }, back = { 0 }, some = { 0 };

	(void)state;
	compare_progs(&c, &a, &b);
	compare_progs(&back, &b, &a);
	assert_int_equal(c.n, b.n);
	assert_int_equal(back.n, b.n);
	for (size_t i = 0; i < c.n; i++) {
		assert_string_equal(c.v[i].name, new[i].name);
		assert_string_equal(back.v[i].name, new[i].name);
		assert_true(c.v[i].in_a && c.v[i].in_b && compare_delta(&c.v[i]) == (i == 3));
		assert_true(compare_delta(&back.v[i]) == -(i == 3));
	}
	compare_progs(&some, &m, &b);
	assert_int_equal(some.n, 5);
	assert_true(some.v[3].in_a && some.v[3].a == 6);
	assert_true(some.v[4].in_a && !some.v[4].in_b && some.v[4].a == 7);
}

static void growth(void **state)
{
	static const struct {
		uint32_t a, b;
		uint64_t percent;
		bool exceeds;
	} cases[] = {
		{ 100, 105, 5, false },       { 100, 106, 5, true },   { 100, 100, 0, false },
		{ 100, 101, 0, true },        { 100, 50, 0, false },   { 3, 4, 33, true },
		{ 3, 4, 34, false },          { 0, 1, 1000000, true }, { 1, UINT32_MAX, 1000000, true },
		{ 1, 10001, 1000000, false },
	};

	(void)state;
	for (size_t i = 0; i < countof(cases); i++) {
		struct compare_row r = { "x", true, true, cases[i].a, cases[i].b };

		assert_int_equal(compare_exceeds(&r, cases[i].percent), cases[i].exceeds);
		r.in_a = false;
		assert_false(compare_exceeds(&r, cases[i].percent));
	}
}

static const char report[] =
	"{\"scheduler\": \"scx_ktstr\", \"cells\": ["
	"{\"kernel\": \"6.12\", \"profile\": null, \"topology\": null, \"verdict\": \"attached\", \"programs\": "
	"[{\"name\": \"p\", \"id\": 1, \"verified_insns\": 7}]},"
	"{\"kernel\": \"6.12\", \"profile\": \"llc\", \"verdict\": \"not run\"}], \"more\": 1}";

static void saved(void **state)
{
	auto_saved struct saved s = { 0 };
	struct err e = { 0 };

	(void)state;
	assert_int_equal(saved_parse(&s, report, sizeof(report) - 1, &e), 0);
	assert_int_equal(s.n, 2);
	assert_string_equal(s.cells[0].kernel, "6.12");
	assert_null(s.cells[0].profile);
	assert_null(s.cells[0].topology);
	assert_string_equal(s.cells[1].profile, "llc");
	assert_int_equal(s.cells[0].progs.v[0].verified_insns, 7);
	assert_int_equal(s.cells[1].progs.n, 0);
}

static const char *const bad[] = {
	"",
	"[]",
	"{}",
	"{\"cells\": {}}",
	"{\"cells\": [1]}",
	"{\"cells\": [{}]}",
	"{\"cells\": [{\"kernel\": 1}]}",
	"{\"cells\": [{\"kernel\": \"k\", \"programs\": [{}]}]}",
	"{\"cells\": [{\"kernel\": \"k\"}], \"scheduler\": []}",
};

static void hostile(void **state)
{
	(void)state;
	for (size_t i = 0; i < countof(bad); i++) {
		struct saved s = { 0 };
		struct err e = { 0 };

		assert_true(saved_parse(&s, bad[i], strlen(bad[i]), &e) < 0);
		assert_true(e.code && e.msg[0]);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = { cmocka_unit_test(rows), cmocka_unit_test(cut_names),
					    cmocka_unit_test(growth), cmocka_unit_test(saved),
					    cmocka_unit_test(hostile) };

	return cmocka_run_group_tests(tests, NULL, NULL);
}
