/* test_distance.c: slips of a finger. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include <string.h>

#include "text/distance.h"
#include "base/mem.h"

static void known(void **state)
{
	static const struct {
		const char *a, *b;
		unsigned whole, prefix;
	} cases[] = {
		{ "", "", 0, 0 },
		{ "", "abc", 3, 0 },
		{ "abc", "", 3, 3 },
		{ "abc", "abc", 0, 0 },
		{ "abc", "abcdef", 3, 0 },
		{ "kenrel", "kernel", 1, 1 },
		{ "kernl", "kernel", 1, 1 },
		{ "kitten", "sitting", 3, 2 },
		{ "ba", "ab", 1, 1 },
		{ "6.21", "6.12.117", 4, 1 },
	};

	(void)state;
	for (size_t i = 0; i < countof(cases); i++) {
		assert_int_equal(edit_distance(cases[i].a, cases[i].b), cases[i].whole);
		assert_int_equal(edit_distance(cases[i].b, cases[i].a), cases[i].whole);
		assert_int_equal(edit_distance_prefix(cases[i].a, cases[i].b), cases[i].prefix);
	}
}

static void long_words(void **state)
{
	char a[4096], b[4096];

	(void)state;
	memset(a, 'a', sizeof(a));
	memset(b, 'b', sizeof(b));
	a[sizeof(a) - 1] = b[sizeof(b) - 1] = '\0';
	assert_int_equal(edit_distance(a, b), DISTANCE_MAX);
	assert_int_equal(edit_distance_prefix(a, "aaa"), DISTANCE_MAX - 3);
}

int main(void)
{
	const struct CMUnitTest tests[] = { cmocka_unit_test(known), cmocka_unit_test(long_words) };

	return cmocka_run_group_tests(tests, NULL, NULL);
}
