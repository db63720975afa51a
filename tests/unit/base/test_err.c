/* test_err.c: messages grow outwards, codes survive, nothing overflows. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include <errno.h>
#include <stdio.h>
#include <string.h>

#include "base/err.h"
#include "text/utf8.h"

static void context(void **state)
{
	struct err e = { 0 };

	(void)state;
	assert_int_equal(err_set(&e, X_NO_KERNEL, "no kernel %s", "6.12"), -1);
	assert_int_equal(err_in(&e, "sweep %d", 3), -1);
	assert_string_equal(e.msg, "sweep 3: no kernel 6.12");
	assert_int_equal(e.code, X_NO_KERNEL);
	assert_int_equal(err_as(&e, X_USAGE, "--kernel"), -1);
	assert_string_equal(e.msg, "--kernel: sweep 3: no kernel 6.12");
	assert_int_equal(e.code, X_USAGE);
}

static void own_message_as_argument(void **state)
{
	struct err e = { 0 };

	(void)state;
	err_set(&e, X_VM, "boot");
	err_set(&e, X_TIMEOUT, "%s failed", e.msg);
	assert_string_equal(e.msg, "boot failed");
	err_in(&e, "(%s)", e.msg);
	assert_string_equal(e.msg, "(boot failed): boot failed");
}

static void without_message(void **state)
{
	struct err e = { 0 };

	(void)state;
	err_in(&e, "somewhere");
	assert_string_equal(e.msg, "somewhere");
	assert_int_equal(e.code, X_FAIL);
}

static void system_errors(void **state)
{
	static const struct {
		int no, code;
		const char *msg;
	} cases[] = {
		{ ENOENT, X_FAIL, "open a: No such file or directory" },
		{ ENOSPC, X_DISK_FULL, "open a: No space left on device" },
		{ EDQUOT, X_DISK_FULL, "open a: Disk quota exceeded" },
		{ 0, X_FAIL, "open a: Input/output error" },
	};

	(void)state;
	for (size_t i = 0; i < sizeof(cases) / sizeof(*cases); i++) {
		struct err e = { 0 };

		errno = cases[i].no;
		assert_int_equal(err_sys(&e, "open %s", "a"), cases[i].no ? -cases[i].no : -EIO);
		assert_int_equal(e.code, cases[i].code);
		assert_string_equal(e.msg, cases[i].msg);
	}
}

static int is_utf8(const char *s)
{
	for (size_t n = strlen(s), len; n > 0; s += len, n -= len)
		if (!(len = utf8_len(s, n)))
			return 0;
	return 1;
}

/* One more ASCII character in front each time moves the cut through every byte of a character. */
static void cut_between_characters(void **state)
{
	static const char *const chars[] = { "x", "\xc3\xa4", "\xe2\x82\xac", "\xf0\x9f\x98\x80" };

	(void)state;
	for (size_t c = 0; c < 4; c++) {
		for (int shift = 0; shift < 4; shift++) {
			char text[3000] = "";
			struct err e = { 0 };
			size_t n = (size_t)shift;

			memset(text, 'a', n);
			for (size_t len = strlen(chars[c]); n + 5 < sizeof(text); n += len)
				memcpy(text + n, chars[c], len);
			err_set(&e, X_FAIL, "%s", text);
			assert_true(is_utf8(e.msg));
			assert_true(strlen(e.msg) > sizeof(e.msg) - 5);
			err_in(&e, "context");
			assert_true(is_utf8(e.msg));
			assert_memory_equal(e.msg, "context: ", 9);
		}
	}
}

static void words_of_a_full_disk(void **state)
{
	(void)state;
	assert_true(err_full("cp: x: No space left on device\n") && err_full("x: Disk quota exceeded"));
	assert_false(err_full(NULL) || err_full("") || err_full("Permission denied"));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(context),
		cmocka_unit_test(own_message_as_argument),
		cmocka_unit_test(without_message),
		cmocka_unit_test(system_errors),
		cmocka_unit_test(words_of_a_full_disk),
		cmocka_unit_test(cut_between_characters),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
