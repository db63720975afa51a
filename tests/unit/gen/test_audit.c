/* test_audit.c: what is kept beside what was made anew. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include <string.h>

#include "gen/graph/audit.h"
#include "gen/graph/guest.h"
#include "gen/graph/plan.h"
#include "gen/graph/run.h"
#include "gen/sweep/sweep.h"
#include "kernel/name/id.h"
#include "scratch.h"

static void files(void **state)
{
	auto_free char *one = xasprintf("%s/one", (char *)*state), *two = xasprintf("%s/two", (char *)*state);
	bool differs = false;
	struct err e = { 0 };

	assert_int_equal(audit_files("output", one, two, &differs, &e), 0);
	assert_false(differs);
	scratch_text(*state, "one", "a\nb\nc\n");
	scratch_text(*state, "two", "a\nb\nc\n");
	assert_int_equal(audit_files("output", one, two, &differs, &e), 0);
	assert_false(differs);
	scratch_text(*state, "two", "a\nb\nd\n");
	assert_int_equal(audit_files("output", one, two, &differs, &e), 0);
	assert_true(differs);
	differs = false;
	scratch_text(*state, "two", "a\nb\n");
	assert_int_equal(audit_files("output", one, two, &differs, &e), 0);
	assert_true(differs);
	differs = false;
	scratch_text(*state, "two", "");
	assert_int_equal(audit_files("output", one, two, &differs, &e), 0);
	assert_true(differs);
	assert_int_equal(audit_failed(&e), -1);
	assert_int_equal(e.code, X_AUDIT);
}

static void memory(void **state)
{
	const struct guest_plan g = { .virtual = true, .name = "1n2l4c2t" };
	const struct kernel k = { .name = "K" };
	const struct run r = { .dir = *state };
	bool differs = false;
	struct err e = { 0 };

	assert_int_equal(audit_memory(&r, &g, &k, &differs, &e), -1);
	scratch_text(*state, "audits/K/1n2l4c2t/audit", "memory equal\nwhere -\n");
	assert_int_equal(audit_memory(&r, &g, &k, &differs, &e), 0);
	assert_false(differs);
	scratch_text(*state, "audits/K/1n2l4c2t/audit", "memory damaged\nwhere node 0, byte 0x7\n");
	assert_int_equal(audit_memory(&r, &g, &k, &differs, &e), 0);
	assert_true(differs);
}

/* Its words, and not that the file is missing which it would have made. */
static void fails(void **state)
{
	auto_plan struct plan p = { 0 };
	struct step_result steps[] = { { .state = STEP_FAILED, .code = X_DIED, .text = "died: of itself" },
				       { .state = STEP_FAILED, .code = X_VM, .text = "it never stopped" } };
	const struct run r = { .dir = *state, .steps = steps, .n = countof(steps) };
	struct sweep s = { .n = 0 };
	struct err e = { 0 };

	plan_init(&p, "v");
	edge_out(plan_edge(&p, "verify", "verify"), "cells/result.json");
	edge_out(plan_edge(&p, "audit", "audit"), "audits/K/audit");
	assert_int_equal(sweep_audit(&s, &r, &p, &e), -1);
	assert_int_equal(e.code, X_VM);
	assert_non_null(strstr(e.msg, "audit: it never stopped"));
	steps[1].state = STEP_RAN;
	assert_int_equal(sweep_audit(&s, &r, &p, &e), 0);
}

static void real_time(void **state)
{
	const struct guest_plan real = { 0 }, virtual = { .virtual = true };
	struct err e = { 0 };

	(void)state;
	assert_int_equal(audit_allowed(&virtual, &e), 0);
	assert_int_equal(audit_allowed(&real, &e), -1);
	assert_int_equal(e.code, X_USAGE);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		in_scratch(files),
		in_scratch(memory),
		in_scratch(fails),
		cmocka_unit_test(real_time),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
