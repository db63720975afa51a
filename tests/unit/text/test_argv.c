/* test_argv.c: command lines, and words that survive a shell. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include <stdio.h>
#include <string.h>

#include "text/argv.h"
#include "base/err.h"
#include "base/mem.h"
#include "process/spawn.h"

static void grow(void **state)
{
	auto_argv struct argv a = { 0 };
	static const char *const more[] = { "-x", "", NULL };

	(void)state;
	argv_add(&a, "prog");
	argv_opt(&a, "-m", "%dM", 64);
	argv_fmt(&a, "a=%s", "b");
	argv_addv(&a, more);
	argv_addv(&a, NULL);
	static const char *const want[] = { "prog", "-m", "64M", "a=b", "-x", "" };
	assert_int_equal(a.n, countof(want));
	for (size_t i = 0; i < a.n; i++)
		assert_string_equal(a.v[i], want[i]);
	assert_null(a.v[a.n]);
	for (int i = 0; i < 1000; i++) {
		argv_fmt(&a, "%d", i);
		assert_null(a.v[a.n]);
	}
	assert_string_equal(a.v[a.n - 1], "999");
	argv_free(&a);
	argv_free(&a);
	assert_int_equal(a.n, 0);
	assert_null(a.v);
}

static void quoting(void **state)
{
	static const struct {
		const char *word, *want;
	} cases[] = {
		{ "plain-1.2/x", "plain-1.2/x" },
		{ "", "''" },
		{ "a b", "'a b'" },
		{ "it's", "'it'\\''s'" },
		{ "$HOME", "'$HOME'" },
		{ "a\nb", "$'a\\nb'" },
		{ "~", "'~'" },
		{ "*", "'*'" },
		{ "#x", "'#x'" },
	};

	(void)state;
	for (size_t i = 0; i < countof(cases); i++) {
		auto_free char *got = shell_quote(cases[i].word);

		assert_string_equal(got, cases[i].want);
	}
}

/* bash prints its words, each ended by a NUL; they must be the ones we quoted. */
static void through_a_shell(void **state)
{
	const char *const words[] = { "printf", "%s\\0", "",    "a b",   "it's",          "\"",
				      "\\",     "$(x)",  "`x`", "!",     "a\n'b\\\t\x01", "\xc3\xa4",
				      "{a,b}",  "-n",    "A=1", "~root", "a;b",           "&",
				      "|",      ">x",    NULL };
	auto_free char *line = argv_quote(words);
	auto_free char *out = NULL;
	const char *const argv[] = { "bash", "-c", line, NULL };
	struct spawn s = { .argv = argv };
	struct err e = { 0 };
	int status = -1;
	size_t n = 0;

	(void)state;
	assert_null(strchr(line, '\n'));
	if (spawn_capture(&s, false, 4096, 10000, &out, &n, &status, &e) < 0)
		fail_msg("%s", e.msg);
	assert_int_equal(status, 0);
	const char *p = out;
	for (size_t i = 2; words[i]; i++) {
		assert_true(p < out + n);
		assert_string_equal(p, words[i]);
		p += strlen(p) + 1;
	}
	assert_ptr_equal(p, out + n);
}

static void assignment_as_command(void **state)
{
	const char *const words[] = { "A=1", "B=2", NULL };
	auto_free char *line = argv_quote(words);

	(void)state;
	assert_string_equal(line, "'A=1' B=2");
}

static void equal(void **state)
{
	static char *one[] = { "a", "b" }, *same[] = { "a", "b" }, *other[] = { "a", "c" };

	(void)state;
	assert_true(words_equal(one, 2, same, 2));
	assert_true(words_equal(NULL, 0, NULL, 0));
	assert_true(words_equal(one, 1, other, 1));
	assert_false(words_equal(one, 2, other, 2));
	assert_false(words_equal(one, 2, same, 1));
	assert_false(words_equal(one, 2, NULL, 0));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(grow),
		cmocka_unit_test(quoting),
		cmocka_unit_test(through_a_shell),
		cmocka_unit_test(assignment_as_command),
		cmocka_unit_test(equal),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
