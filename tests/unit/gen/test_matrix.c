/* test_matrix.c: seeds of a request, and commands that run a cell again. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include <string.h>

#include "base/err.h"
#include "base/mem.h"
#include "gen/matrix/matrix.h"

static void good_seeds(void **state)
{
	static const struct {
		const char *text;
		struct seeds seeds;
	} all[] = { { "1", { 5, 1 } },
		    { "8", { 5, 8 } },
		    { "3..3", { 3, 1 } },
		    { "0..9", { 0, 10 } },
		    { "1..1000", { 1, 1000 } } };

	(void)state;
	for (size_t i = 0; i < countof(all); i++) {
		struct seeds s;
		struct err e = { 0 };

		assert_int_equal(seeds_parse(&s, all[i].text, 5, &e), 0);
		assert_int_equal(s.first, all[i].seeds.first);
		assert_int_equal(s.n, all[i].seeds.n);
	}
}

static void bad_seeds(void **state)
{
	static const char *const all[] = { "",
					   "0",
					   "x",
					   "-1",
					   "1..",
					   "..2",
					   "3..2",
					   "1..1001",
					   "1...2",
					   "1..2x",
					   " 1",
					   "1..2..3",
					   "1001",
					   "0..18446744073709551615",
					   "99999999999999999999" };

	(void)state;
	for (size_t i = 0; i < countof(all); i++) {
		struct seeds s;
		struct err e = { 0 };

		assert_int_not_equal(seeds_parse(&s, all[i], 1, &e), 0);
		assert_int_equal(e.code, X_USAGE);
		assert_non_null(strstr(e.msg, "--seeds"));
	}
}

/* A command that names a file of flags where nothing is about profiles would be refused. */
static void again(void **state)
{
	static const char *const none[] = { NULL }, *const asked[] = { "x", NULL };
	static const struct {
		bool profile, asks;
		const char *command;
	} all[] = {
		{ false, false, "ktstr run cgroup_steady --kernel k --topology 1,2,2,1 --clock real" },
		{ true, false,
		  "ktstr run cgroup_steady --kernel k --topology 1,2,2,1 --profiles default --flags-file /f --clock real" },
		{ false, true, "ktstr run cgroup_steady --kernel k --topology 1,2,2,1 --flags-file /f --clock real" },
	};
	char dir[] = "cells/k", profile[] = "default";

	(void)state;
	for (size_t i = 0; i < countof(all); i++) {
		const struct profile p = { .name = profile };
		struct matrix m = { .tests = xcalloc(1, sizeof(*m.tests)), .n = 1, .again = "--clock real" };
		struct matrix_test *t = m.tests;
		struct err e = { 0 };

		assert_int_equal(test_load(&t->test, "cgroup_steady",
					   &(struct test_opts){ .args = none, .expect_lines = none }, &e),
				 0);
		t->flags = "/f";
		t->seeds = (struct seeds){ 1, 1 };
		t->sweep.asked = all[i].asks ? asked : NULL;
		t->sweep.n = t->sweep.n_guests = 1;
		t->sweep.guests = xcalloc(1, sizeof(*t->sweep.guests));
		t->sweep.guests->topology = xstrdup("1,2,2,1");
		t->sweep.cells = xcalloc(1, sizeof(*t->sweep.cells));
		*t->sweep.cells = (struct sweep_cell){ .guest = t->sweep.guests,
						       .profile = all[i].profile ? &p : NULL,
						       .dir = xstrdup(dir),
						       .name = { .id = "k" } };
		if (matrix_cells(&m, &e) < 0)
			fail_msg("%s", e.msg);
		auto_free char *command = matrix_again(&m, t->cells);

		assert_string_equal(command, all[i].command);
		matrix_free(&m);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = { cmocka_unit_test(good_seeds), cmocka_unit_test(bad_seeds),
					    cmocka_unit_test(again) };

	return cmocka_run_group_tests(tests, NULL, NULL);
}
