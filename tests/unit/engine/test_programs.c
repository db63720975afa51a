/* test_programs.c: figures out of what a program prints, which may be anything. tests/cli and tests/vm run some. */
#include "engine/programs.h"
#include <setjmp.h>
#include <stdarg.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

static void lines(void **state)
{
	static const struct {
		const char *text;
		size_t n;
		const char *key;
		double value;
	} cases[] = {
		{ "", 0, NULL, 0 },
		{ "qps 5", 1, "qps", 5 },
		{ "hello world\nqps 5\nqps 7.5\n\n", 1, "qps", 7.5 },
		{ "lat.p-99_x -1e3\n", 1, "lat.p-99_x", -1000 },
		{ "a 0x10\n", 1, "a", 16 },
		{ "a nan\nb inf\nc 1e999\nd\nk 1e101\nl -1e-101\ne \nf  5\ng 5 \nh 5 6\ni\t5\n 5\n\"j\" 5\n", 0, NULL,
		  0 },
		{ "a 1\r\n", 0, NULL, 0 },
		{ "this_name_is_longer_than_a_key_may_be_by_one_character_too_many_ 1\n", 0, NULL, 0 },
	};
	struct program_figure f[PROGRAMS_KEYS];

	(void)state;
	for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
		assert_int_equal(programs_figures(cases[i].text, strlen(cases[i].text), f), cases[i].n);
		if (!cases[i].n)
			continue;
		assert_string_equal(f[0].key, cases[i].key);
		assert_true(f[0].value == cases[i].value);
	}
	assert_int_equal(programs_figures("a 1\0\nb 2\n", 9, f), 1);
	assert_string_equal(f[0].key, "b");
}

static void many(void **state)
{
	struct program_figure f[PROGRAMS_KEYS];
	char text[4096];
	size_t n = 0;

	(void)state;
	for (unsigned i = 0; i < 2 * PROGRAMS_KEYS; i++)
		n += (size_t)snprintf(text + n, sizeof text - n, "k%u %u\n", i, i);
	n += (size_t)snprintf(text + n, sizeof text - n, "k1 99");
	assert_int_equal(programs_figures(text, n, f), PROGRAMS_KEYS);
	assert_true(f[1].value == 99);
	memset(text, 'a', sizeof text);
	assert_int_equal(programs_figures(text, sizeof text, f), 0);
}

int main(void)
{
	const struct CMUnitTest tests[] = { cmocka_unit_test(lines), cmocka_unit_test(many) };

	return cmocka_run_group_tests(tests, NULL, NULL);
}
