/* test_outcome.c: what is known of steps that nothing was heard of. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "base/err.h"
#include "base/mem.h"
#include "gen/graph/outcome.h"
#include "gen/graph/plan.h"
#include "gen/graph/run.h"

/* a; b of a; c of b; d of nothing; e of d and c, which is implicit */
static void chain(struct plan *p)
{
	plan_init(p, "x");
	edge_out(plan_edge(p, "r", "a"), "out/a");
	struct edge *b = plan_edge(p, "r", "b");

	edge_in(b, "out/a");
	edge_out(b, "out/b");
	struct edge *c = plan_edge(p, "r", "c");

	edge_in(c, "out/b");
	edge_out(c, "out/c");
	edge_out(plan_edge(p, "r", "d"), "out/d");
	struct edge *e = plan_edge(p, "r", "e");

	edge_in(e, "out/d");
	edge_needs(e, "out/c");
	edge_out(e, "out/e");
}

static void nothing_failed(void **state)
{
	auto_plan struct plan p = { 0 };

	(void)state;
	chain(&p);
	struct step_result *v = outcome_new(&p);

	v[1].state = STEP_RAN;
	outcome_settle(v, &p);
	for (size_t i = 0; i < p.n_edges; i++)
		assert_int_equal(v[i].state, i == 1 ? STEP_RAN : STEP_CACHED);
	outcome_free(v, p.n_edges);
}

static void first_failed(void **state)
{
	auto_plan struct plan p = { 0 };

	(void)state;
	chain(&p);
	struct step_result *v = outcome_new(&p);

	v[0] = (struct step_result){ .state = STEP_FAILED, .code = 12, .text = xstrdup("no kernel") };
	outcome_settle(v, &p);
	assert_int_equal(v[3].state, STEP_CACHED);
	for (size_t i = 1; i < p.n_edges; i++) {
		if (i == 3)
			continue;
		assert_int_equal(v[i].state, STEP_NOT_RUN);
		assert_int_equal(v[i].code, 12);
		assert_string_equal(v[i].text, "a: no kernel");
	}
	outcome_free(v, p.n_edges);
}

/* One that was killed, one that could not be run, and one that was up to date. */
static void silent_ones(void **state)
{
	static const struct {
		const char *log;
		bool began;
		size_t n;
		enum step_state a, d;
	} cases[] = {
		{ NULL, true, 1, STEP_FAILED, STEP_CACHED },
		{ "d\nFAILED: out/d \ncommand\n", true, 2, STEP_FAILED, STEP_FAILED },
		{ "FAILED: [code=137] out/d \ncommand", true, 2, STEP_FAILED, STEP_FAILED },
		{ "FAILED: out/dd \nnot FAILED: out/d \nFAILED: [out/d", true, 1, STEP_FAILED, STEP_CACHED },
		/* It is ninja that cannot. */
		{ "FAILED: out/d \n", false, 0, STEP_CACHED, STEP_CACHED },
	};

	(void)state;
	for (size_t i = 0; i < countof(cases); i++) {
		auto_plan struct plan p = { 0 };

		chain(&p);
		struct step_result *v = outcome_new(&p);

		v[0].began = cases[i].began;
		assert_int_equal(outcome_silent(v, &p, cases[i].log), cases[i].n);
		outcome_settle(v, &p);
		assert_int_equal(v[0].state, cases[i].a);
		assert_int_equal(v[3].state, cases[i].d);
		assert_int_equal(v[2].state, cases[i].n ? STEP_NOT_RUN : STEP_CACHED);
		outcome_free(v, p.n_edges);
	}
}

/* A step that was not to be made has not failed. */
static void unknown_ones(void **state)
{
	auto_plan struct plan p = { 0 };
	struct err e = { 0 };

	(void)state;
	chain(&p);
	struct run r = { .dir = "/x", .steps = outcome_new(&p), .n = p.n_edges };

	r.steps[0] = (struct step_result){ .state = STEP_FAILED, .code = X_UNKNOWN, .text = xstrdup("not known") };
	outcome_settle(r.steps, &p);
	assert_int_equal(run_failures(&r, &p, &e), 0);
	r.steps[3] = (struct step_result){ .state = STEP_FAILED, .code = X_BAD_SCHED, .text = xstrdup("no program") };
	assert_int_equal(run_failures(&r, &p, &e), -1);
	assert_int_equal(e.code, X_BAD_SCHED);
	outcome_free(r.steps, r.n);
}

int main(void)
{
	const struct CMUnitTest tests[] = { cmocka_unit_test(nothing_failed), cmocka_unit_test(first_failed),
					    cmocka_unit_test(silent_ones), cmocka_unit_test(unknown_ones) };

	return cmocka_run_group_tests(tests, NULL, NULL);
}
