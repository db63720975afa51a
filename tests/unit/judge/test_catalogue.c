/* test_catalogue.c: what the built-in scenarios expect can be read, and names cgroups and phases that they have. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include <stdlib.h>
#include <string.h>

#include "base/err.h"
#include "base/mem.h"
#include "judge/expect/expectation.h"
#include "scenario/catalogue.h"
#include "scenario/plan.h"
#include "scenario/scenario.h"

static void check(const struct catalogue_entry *c, const struct scenario *s, const struct scenario_plan *plan)
{
	auto_free const char **groups = xcalloc(plan->n_groups + 1, sizeof *groups);
	auto_expectations struct expectations x = { 0 };
	struct err e = { 0 };

	for (size_t i = 0; i < plan->n_groups; i++)
		groups[i] = plan->groups[i].name;
	expectations_default(&x, true);
	for (size_t i = 0; i < s->expect.n; i++) {
		const struct scenario_text *t = &s->expect.at[i];
		const struct expect_place at = { c->name, t->line, t->column };

		if (expectations_add(&x, LAYER_TEST, t->text, strlen(t->text), &at, &e) < 0)
			fail_msg("%s", e.msg);
	}
	if (expectations_check(&x, groups, plan->n_groups, plan->phases, c->name, &e) < 0)
		fail_msg("%s", e.msg);
}

static void all_of_them(void **state)
{
	struct places p;
	size_t lines = 0;

	(void)state;
	assert_true(places_parse(&p, "4,12,8,2"));
	for (size_t i = 0; i < n_catalogue; i++) {
		struct scenario_error e;
		struct scenario_plan plan;
		struct scenario s;

		assert_int_equal(scenario_parse(&s, catalogue[i].text, catalogue[i].n, &e), SCENARIO_OK);
		assert_int_equal(scenario_plan_make(&plan, &s, &p, &e), SCENARIO_OK);
		check(&catalogue[i], &s, &plan);
		lines += s.expect.n;
		scenario_plan_free(&plan);
		scenario_free(&s);
	}
	assert_true(lines > 10);
}

int main(void)
{
	static const struct CMUnitTest tests[] = { cmocka_unit_test(all_of_them) };

	return cmocka_run_group_tests(tests, NULL, NULL);
}
