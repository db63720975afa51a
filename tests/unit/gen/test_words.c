/* test_words.c: commands that were quoted for a shell, as words again. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <string.h>

#include "base/mem.h"
#include "gen/replay/words.h"
#include "text/argv.h"

static void there_and_back(void **state)
{
	static const char *const words[] = { "ktstr",    "run",   "a b", "it's",          "",
					     "$(pwned)", "--x=y", "'",   "gap.max <= 1s", "a\nb\tc\x05\x7f'\\",
					     NULL };
	auto_free char *line = argv_quote(words);
	auto_argv struct argv a = { 0 };

	(void)state;
	assert_true(words_unquote(&a, line));
	for (size_t i = 0; words[i]; i++)
		assert_string_equal(a.v[i], words[i]);
	assert_int_equal(a.n, countof(words) - 1);
}

static void no_words(void **state)
{
	static const char *const lines[] = { "a $x", "a `b`", "a; b",  "'a",        "a \"b\"",   "a > b",    "a\nb",
					     "a\\b", "a$'",   "$'a\\", "$'a\\x41'", "$'a\\400'", "$'a\\000'" };

	(void)state;
	for (size_t i = 0; i < countof(lines); i++) {
		auto_argv struct argv a = { 0 };

		if (words_unquote(&a, lines[i]))
			fail_msg("taken: %s", lines[i]);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = { cmocka_unit_test(there_and_back), cmocka_unit_test(no_words) };

	return cmocka_run_group_tests(tests, NULL, NULL);
}
