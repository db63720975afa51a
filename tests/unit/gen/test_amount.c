/* Sizes and ages as people write them. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>

#include <cmocka.h>

#include "base/err.h"
#include "base/mem.h"
#include "gen/base/amount.h"

static void sizes(void **state)
{
	static const struct {
		const char *text;
		uint64_t bytes;
	} good[] = {
		{ "0", 0 },
		{ "4096", 4096 },
		{ "500M", (uint64_t)500 << 20 },
		{ "1.5G", 3ull << 29 },
		{ "2T", (uint64_t)2 << 40 },
		{ "0.5K", 512 },
	};
	static const char *const bad[] = { "",    "x",   "G",      "1.G",  ".5G",       "-1",  "+1",  "1e3",
					   "1 G", "5MB", "1.2.3G", "0x10", "99999999T", "nan", "inf", " 1" };
	struct err e;
	uint64_t v;

	(void)state;
	for (size_t i = 0; i < countof(good); i++) {
		assert_int_equal(amount_bytes(&v, good[i].text, "--x", &e), 0);
		assert_int_equal(v, good[i].bytes);
	}
	for (size_t i = 0; i < countof(bad); i++) {
		assert_true(amount_bytes(&v, bad[i], "--x", &e) < 0);
		assert_int_equal(e.code, X_USAGE);
	}
}

static void ages(void **state)
{
	struct err e;
	uint64_t v;

	(void)state;
	assert_int_equal(amount_seconds(&v, "90s", "--x", &e), 0);
	assert_int_equal(v, 90);
	assert_int_equal(amount_seconds(&v, "2w", "--x", &e), 0);
	assert_int_equal(v, 14 * 86400);
	assert_int_equal(amount_seconds(&v, "0.5h", "--x", &e), 0);
	assert_int_equal(v, 1800);
	assert_true(amount_seconds(&v, "30", "--x", &e) < 0);
	assert_true(amount_seconds(&v, "30M", "--x", &e) < 0);
	assert_true(amount_seconds(&v, "9999999999999999999w", "--x", &e) < 0);
}

static void texts(void **state)
{
	auto_free char *a = amount_text(0), *b = amount_text(300 << 10), *c = amount_text(512 << 20),
		       *d = amount_text(3ull << 29);
	auto_free char *t = time_text(1776256496), *none = time_text(0);

	(void)state;
	assert_string_equal(a, "0.0M");
	assert_string_equal(b, "0.3M");
	assert_string_equal(c, "512M");
	assert_string_equal(d, "1.5G");
	assert_string_equal(t, "2026-04-15T12:34:56Z");
	assert_null(none);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(sizes),
		cmocka_unit_test(ages),
		cmocka_unit_test(texts),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
