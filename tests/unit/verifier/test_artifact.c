#include "base/err.h"
#include "base/mem.h"
#include "verifier/artifact.h"
#include <setjmp.h>
#include <stdarg.h>
#include <stdint.h>

#include <cmocka.h>

#define MESSAGE(id, kind, name, test, exe) \
	"{\"reason\":\"compiler-artifact\",\"package_id\":\"" id "\",\"target\":{\"kind\":[\"" kind \
	"\"],\"name\":\"" name "\"},\"profile\":{\"test\":" test "},\"filenames\":[\"/x\"],\"executable\":" exe \
	",\"fresh\":true}\n"

static const char messages[] = MESSAGE("path+file:///ws/helper#0.1.0", "lib", "helper", "false", "null") MESSAGE(
	"path+file:///ws/helper#0.1.0", "bin", "helper_tool", "false",
	"\"/t/helper_tool\"") "   Compiling nothing that is JSON\n{broken\n\n" MESSAGE("path+file:///ws/scx_a#0.1.0",
										       "custom-build",
										       "build-script-build", "false",
										       "\"/t/build\"")
	MESSAGE("path+file:///ws/scx_a#0.1.0", "bin", "two", "false",
		"\"/t/two\"") MESSAGE("path+file:///ws/scx_a#0.1.0", "bin", "one", "false", "\"/t/one\"")
		MESSAGE("path+file:///ws/scx_a#0.1.0", "bin", "tested", "true", "\"/t/tested\"")
			MESSAGE("path+file:///ws/scx_a#0.1.0", "example", "shown", "false", "\"/t/shown\"")
				MESSAGE("path+file:///ws/other/#scx_b@2.0.0", "bin", "scx_b", "false",
					"\"/t/scx_b\"") MESSAGE("scx_old 0.1.0 (path+file:///ws/scx_old)", "bin",
								"scx_old", "false", "\"/t/scx_old\"")
					MESSAGE("git+file:///ws/scx_git?rev=1/2#0.3.0", "bin", "git_bin", "false",
						"\"/t/git_bin\"") "{\"reason\":\"build-finished\",\"success\":true}\n";

static const struct {
	const char *spec, *bin, *path; /* path NULL: refused */
	int code;
	const char *why;
} cases[] = {
	{ "scx_b", NULL, "/t/scx_b", 0, NULL },
	{ "scx_b@2.0.0", NULL, "/t/scx_b", 0, NULL },
	{ "scx_b:2.0.0", NULL, "/t/scx_b", 0, NULL },
	{ "scx_old", NULL, "/t/scx_old", 0, NULL },
	{ "scx_git", NULL, "/t/git_bin", 0, NULL },
	{ "scx_a", "one", "/t/one", 0, NULL },
	{ "path+file:///ws/scx_a#0.1.0", "two", "/t/two", 0, NULL },
	{ "helper", NULL, "/t/helper_tool", 0, NULL },
	{ "scx_a", NULL, NULL, X_USAGE, "package 'scx_a' has 2 binaries; --bin NAME chooses one: one, two" },
	{ "scx_a", "helper_tool", NULL, X_BAD_SCHED, "package 'scx_a' and --bin 'helper_tool'" },
	{ "scx_a", "tested", NULL, X_BAD_SCHED, "no binary artifact found" },
	{ "scx", NULL, NULL, X_BAD_SCHED, "no binary artifact found for package 'scx'" },
	{ "", NULL, NULL, X_BAD_SCHED, "no binary" },
};

static void chosen(void **state)
{
	auto_artifacts struct artifacts a = { 0 };

	(void)state;
	artifacts_read(&a, messages, sizeof(messages) - 1);
	assert_int_equal(a.n, 6);
	for (size_t i = 0; i < countof(cases); i++) {
		const struct artifact *which = NULL;
		struct err e = { 0 };
		int r = artifacts_choose(&a, cases[i].spec, cases[i].bin, &which, &e);

		if (cases[i].path) {
			assert_int_equal(r, 0);
			assert_string_equal(which->path, cases[i].path);
			continue;
		}
		assert_true(r < 0);
		assert_int_equal(e.code, cases[i].code);
		if (!strstr(e.msg, cases[i].why))
			fail_msg("%s: %s", cases[i].spec, e.msg);
	}
}

static void odd_messages(void **state)
{
	static const char *const lines[] = {
		"",
		"{}",
		"[]",
		"{\"reason\":1}",
		"{\"reason\":\"compiler-artifact\"}",
		"{\"reason\":\"compiler-artifact\",\"target\":1,\"executable\":\"/x\"}",
		"{\"reason\":\"compiler-artifact\",\"target\":{\"kind\":\"bin\",\"name\":\"a\"},\"executable\":\"/x\"}",
		"{\"reason\":\"compiler-artifact\",\"target\":{\"kind\":[\"bin\"],\"name\":2},\"executable\":\"/x\"}",
		"{\"reason\":\"compiler-artifact\",\"target\":{\"kind\":[\"bin\"],\"name\":\"a\"},\"executable\":[]}",
		"{\"reason\":\"compiler-artifact\",\"target\":{\"kind\":[\"bin\"],\"name\":\"a\"},\"executable\":\"\\u0000\"}",
	};

	(void)state;
	for (size_t i = 0; i < countof(lines); i++) {
		auto_artifacts struct artifacts a = { 0 };

		artifacts_read(&a, lines[i], strlen(lines[i]));
		assert_int_equal(a.n, 0);
	}
}

static void test_programs(void **state)
{
	auto_artifacts struct artifacts a = { 0 };

	(void)state;
	artifacts_read_tests(&a, messages, sizeof(messages) - 1);
	assert_int_equal(a.n, 1);
	assert_string_equal(a.v[0].path, "/t/tested");
}

int main(void)
{
	const struct CMUnitTest tests[] = { cmocka_unit_test(chosen), cmocka_unit_test(test_programs),
					    cmocka_unit_test(odd_messages) };

	return cmocka_run_group_tests(tests, NULL, NULL);
}
