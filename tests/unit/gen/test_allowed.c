/* test_allowed.c: which commands of a verdict.json replay runs. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <string.h>

#include "base/err.h"
#include "base/mem.h"
#include "gen/replay/allowed.h"
#include "gen/replay/words.h"
#include "text/argv.h"

static int check(const char *command, const char *rest, bool ours, struct err *e)
{
	auto_argv struct argv a = { 0 }, b = { 0 };

	*e = (struct err){ 0 };
	assert_true(words_unquote(&a, command) && words_unquote(&b, rest));
	return allowed_check(&a, &b, ours, e);
}

static void cells(void **state)
{
	static const char *const taken[] = {
		"ktstr run cgroup_steady",
		"ktstr run /t.ktstr --kernel k --topology 1,1,2,1 --profiles a+b --flags-file /f --timeout 9 --perf-mode",
		"ktstr run /t.ktstr --scheduler-bin /s --accel tcg --memory-mb 512 --require-kvm --clock virtual --shift 2 "
		"--duration 3 --workers 4 --dense --expect-line '--json-file x' --diff-bin /b --diff-kernel k",
	};
	struct err e;

	(void)state;
	for (size_t i = 0; i < countof(taken); i++)
		assert_int_equal(check(taken[i], "-- --json-file x", false, &e), 0);
}

static void others(void **state)
{
	static const struct {
		const char *command, *rest, *names;
	} refused[] = {
		{ "ktstr", "", "none of ktstr" },
		{ "ktstr run", "", "none of ktstr" },
		{ "rm -rf x", "", "none of ktstr" },
		{ "ktstr cache gc", "", "none of ktstr" },
		{ "ktstr run --host t", "", "--host" },
		{ "ktstr run t --host", "", "--host" },
		{ "ktstr run t --json-file /home/me/.profile", "", "--json-file" },
		{ "ktstr run t --junit x", "", "--junit" },
		{ "ktstr run t --sidecar-dir x", "", "--sidecar-dir" },
		{ "ktstr run t --clean", "", "--clean" },
		{ "ktstr run t --kernel=k", "", "--kernel=k" },
		{ "ktstr run t other", "", "other" },
		{ "ktstr run t -- x", "", "--" },
		{ "ktstr run t --kernel", "", "value is missing" },
		{ "ktstr run t", "--junit x", "--junit" },
		{ "ktstr run t '\033[2J'", "", "no cell" },
	};
	struct err e;

	(void)state;
	for (size_t i = 0; i < countof(refused); i++) {
		if (check(refused[i].command, refused[i].rest, true, &e) == 0)
			fail_msg("taken: %s %s", refused[i].command, refused[i].rest);
		assert_int_equal(e.code, X_NO_INPUT);
		assert_non_null(strstr(e.msg, refused[i].names));
		assert_null(strchr(e.msg, '\033'));
	}
}

/* What runs on this machine is taken from this machine alone. */
static void ours(void **state)
{
	static const char *const local[] = { "ktstr matrix /tests --cell t/k/1",
					     "ktstr run t --scheduler scx_a --release",
					     "ktstr run t --scheduler p --bin b --profile x" };
	struct err e;

	(void)state;
	for (size_t i = 0; i < countof(local); i++) {
		assert_int_equal(check(local[i], "", true, &e), 0);
		assert_int_equal(check(local[i], "", false, &e), -1);
		assert_non_null(strstr(e.msg, "none of this store"));
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(cells),
		cmocka_unit_test(others),
		cmocka_unit_test(ours),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
