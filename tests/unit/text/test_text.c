/* test_text.c: what text from outside looks like once it may be shown. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include <stdio.h>
#include <string.h>

#include "base/mem.h"
#include "text/text.h"

static void is(const char *from, size_t n, enum text_form form, const char *want)
{
	auto_free char *got = text_plain(from, n, form);
	auto_free char *again = text_plain(got, strlen(got), form);
	auto_free char *put = NULL;
	size_t size;
	FILE *f = xmemstream(&put, &size);

	text_put(f, from, n, form);
	fclose(f);
	assert_string_equal(got, want);
	assert_string_equal(again, want);
	assert_string_equal(put, want);
}

#define LINE(from, want) is(from, sizeof(from) - 1, TEXT_LINE, want)
#define LINES(from, want) is(from, sizeof(from) - 1, TEXT_LINES, want)

static void keeps_text(void **state)
{
	(void)state;
	LINE("", "");
	LINE("a b\\c'\"$`<&", "a b\\c'\"$`<&");
	LINE("\u00e4\u20ac\u4e2d\U0001f600\u00a0x", "\u00e4\u20ac\u4e2d\U0001f600\u00a0x");
	LINE("\u05e9\u05dc\u0645\u0631", "\u05e9\u05dc\u0645\u0631");
	LINE("a\tb\nc\rd", "a b c d");
	LINES("a\tb\n\nc\r\nd\re", "a\tb\n\nc\nd?e");
}

static void replaces_controls(void **state)
{
	(void)state;
	LINE("a\0b\001\007\010\013\014\016\037\177c", "a?b????????c");
	LINE("a\302\200\302\205\302\234\302\237b", "a????b");
	LINE("\u061c\u200e\u200f\u202a\u202b\u202c\u202d\u202e\u2066\u2067\u2068\u2069", "????????????");
	LINE("\u00ad\u200b\u200d\u2028\u2029\u2060\ufeff\ufff9\U000e0041\u3164", "??????????");
	LINE("in\u202evisible", "in?visible");
}

static void replaces_bytes(void **state)
{
	(void)state;
	LINE("\x80\x9b"
	     "31m\xff",
	     "??31m?");
	LINE("\xc3", "?");
	LINE("\xc0\xaf\xe0\x80\xaf", "?????");
	LINE("\xed\xa0\x80|\xf4\x90\x80\x80", "???|????");
	LINE("\xe2\x82z", "??z");
}

static void removes_sequences(void **state)
{
	(void)state;
	LINE("\033[2mdim\033[0m", "dim");
	LINE("\033[38;5;1;2 qx\033[?25ly", "xy");
	LINE("\302\23331mred\302\233m", "red");
	LINE("\033]0;title\007a\033]8;;http://x\033\\b\302\2350;t\302\234c", "abc");
	LINE("\033Pq#0\033\\a\302\220q\302\234b\033_x\033\\c\033^y\007d\033Xz\033\\e", "abcde");
	LINE("\033ca\033(Bb\0337c\033Md", "abcd");
}

/* A guest must not be able to swallow what stands behind. */
static void hides_nothing(void **state)
{
	(void)state;
	LINE("\033", "?");
	LINE("a\033[31", "a?[31");
	LINE("\033[1;\033[0mx", "?[1;x");
	LINE("\033]0;open", "?]0;open");
	LINES("\033]0;open\nnext\007", "?]0;open\nnext?");
	LINE("\033[\u00e4m", "?[\u00e4m");
	LINE("\033\u00e4", "?\u00e4");

	char big[8192];

	memset(big, 'x', sizeof(big));
	memcpy(big, "\033]", 2);
	big[sizeof(big) - 1] = '\007';
	auto_free char *got = text_plain(big, sizeof(big), TEXT_LINE);

	assert_int_equal(strlen(got), sizeof(big));
	assert_true(got[0] == '?' && got[1] == ']' && got[sizeof(big) - 1] == '?');
}

static void defuses_commands(void **state)
{
	(void)state;
	LINE("::add-mask::x", ":?add-mask::x");
	LINE("  \t::error::x", "   :?error::x");
	LINE("\u00a0\u3000::error::x", "\u00a0\u3000:?error::x");
	LINES("std::vec\n::stop-commands::y\n :: z", "std::vec\n:?stop-commands::y\n :? z");
	LINE("\033[m::error::x", ":?error::x");
	LINE(":\033[m:error::x", ":?error::x");
	LINE("a ::error::x", "a ::error::x");
	LINE("a ##[add-mask]x", "a ##?add-mask]x");
	LINE("#\033[m#\033[m[group]", "##?group]");
	LINE("# [a] #[b] ###[c]", "# [a] #[b] ###?c]");
}

static void indents(void **state)
{
	static const char text[] = "a\n\n\033[1mb\r\n::c::\033[0m";
	auto_free char *got = NULL;
	size_t n;
	FILE *f = xmemstream(&got, &n);

	(void)state;
	text_indent(f, text, sizeof(text) - 1, 2);
	text_indent(f, "d\n", 2, 2);
	text_indent(f, "", 0, 2);
	fclose(f);
	assert_string_equal(got, "  a\n\n  b\n  :?c::\n  d\n");
}

static void fits(void **state)
{
	static const char text[] = "a\u00e4\u20ac";

	(void)state;
	assert_int_equal(text_fit(text, 6, 6), 6);
	assert_int_equal(text_fit(text, 6, 9), 6);
	assert_int_equal(text_fit(text, 6, 5), 3);
	assert_int_equal(text_fit(text, 6, 4), 3);
	assert_int_equal(text_fit(text, 6, 3), 3);
	assert_int_equal(text_fit(text, 6, 2), 1);
	assert_int_equal(text_fit(text, 6, 0), 0);
	assert_int_equal(text_fit("\x80\x80\x80\x80\x80", 5, 4), 4);
}

static void keeps_colors(void **state)
{
	static const char text[] = "::a::\n\033[1;31mred\033[0m\033[2Jx\033]0;t\007\302\23331m\r\n\033[31";

	(void)state;
	is(text, sizeof(text) - 1, TEXT_COLORED, ":?a::\n\033[1;31mred\033[0mx\n?[31");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(keeps_text),     cmocka_unit_test(replaces_controls),
		cmocka_unit_test(replaces_bytes), cmocka_unit_test(removes_sequences),
		cmocka_unit_test(hides_nothing),  cmocka_unit_test(defuses_commands),
		cmocka_unit_test(indents),        cmocka_unit_test(fits),
		cmocka_unit_test(keeps_colors),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
