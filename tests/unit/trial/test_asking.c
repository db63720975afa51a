/* test_asking.c: what the engine asks for, in whatever pieces it comes, and what is no such thing. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>
#include <cmocka.h>

#include "trial/asking.h"

/* What came of a text in pieces of so many bytes: a letter for each line, a profile behind it, then "|" and what is the run's. */
static void hear(const char *text, size_t piece, char *to, size_t n)
{
	struct asking a = { 0 };
	size_t left = strlen(text), used = 0;

	for (const char *at = text; left;) {
		size_t part = left < piece ? left : piece, rest = part;
		enum asking_deed deed;
		const char *data = at, *profile;
		int r;

		while ((r = asking_take(&a, &data, &rest, &deed, &profile)) == ASKING_LINE_DONE) {
			to[used++] = ".adrpl"[deed];
			if (profile)
				used += strlen(strcpy(to + used, profile));
		}
		if (r < 0) {
			to[used++] = '!';
			break;
		}
		if (rest) {
			to[used++] = '|';
			memcpy(to + used, data, rest);
			used += rest;
		}
		at += part;
		left -= part;
		assert_true(used < n);
	}
	to[used] = '\0';
}

static void lines(void **state)
{
	static const struct {
		const char *text, *heard;
	} cases[] = {
		{ "?attach\n?detach\n?restart\n?replace a+b\n?late\n", "adrpa+bl" },
		{ "?attach\n{\"format\":1}\n?attach\n", "a|{\"format\":1}\n?attach\n" },
		{ "{}", "|{}" },
		{ "?attach", "" },
		{ "?attach \n", "!" },
		{ "?replace \n", "!" },
		{ "?replace\n", "!" },
		{ "?\n", "!" },
		{ "?nothing\n", "!" },
	};
	char heard[512];

	(void)state;
	for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
		hear(cases[i].text, strlen(cases[i].text), heard, sizeof heard);
		assert_string_equal(heard, cases[i].heard);
		if (strchr(cases[i].heard, '|'))
			continue;
		for (size_t piece = 1; piece < 5; piece++) {
			hear(cases[i].text, piece, heard, sizeof heard);
			assert_string_equal(heard, cases[i].heard);
		}
	}
}

static void too_long(void **state)
{
	struct asking a = { 0 };
	char text[2 * ASKING_LINE];
	const char *data = text, *profile;
	enum asking_deed deed;
	size_t n = sizeof text;

	(void)state;
	memset(text, 'x', sizeof text);
	text[0] = '?';
	assert_true(asking_take(&a, &data, &n, &deed, &profile) < 0);
	n = 3;
	data = "?a\0";
	a = (struct asking){ 0 };
	assert_true(asking_take(&a, &data, &n, &deed, &profile) < 0);
}

int main(void)
{
	static const struct CMUnitTest tests[] = { cmocka_unit_test(lines), cmocka_unit_test(too_long) };

	return cmocka_run_group_tests(tests, NULL, NULL);
}
