#include "base/err.h"
#include "base/mem.h"
#include "verifier/expect.h"
#include <setjmp.h>
#include <stdarg.h>
#include <stdint.h>

#include <cmocka.h>

static const char file[] = "# known failures\n"
			   "\n"
			   "scx_qmap      *          7.0..         2027-03-31  scx_bpf_consume\r\n"
			   "scx_qmap      *          7.0..         -\n"
			   "\tscx_*       llc*       6.12..6.16    -           too large: it is  so\n"
			   "scx_simple    default    6.12.117      2026-01-01\n"
			   "scx_simple    default    ..6.11        2026-12-31  null\n"
			   "*_central     *          *             -           Kconfig";

static const struct {
	const char *scheduler, *profile, *kernel, *reason;
	unsigned line; /* 0: none */
} cases[] = {
	{ "scx_qmap", NULL, "7.3.4+deb13-cloud-amd64", "missing-symbol: extern 'scx_bpf_consume' is not there", 3 },
	{ "scx_qmap", NULL, "7.3.4", "loop: infinite loop", 4 },
	{ "scx_qmap", NULL, "7.3.4", NULL, 3 },
	{ "scx_qmap", NULL, "6.18.1", NULL, 0 },
	{ "scx_qmap", "a+b", "7.0", NULL, 3 },
	{ "scx_qmap", "a+b", "7.0-rc3", NULL, 0 },
	{ "scx_ktstr", "llc+steal", "6.12", "x too large: it is  so y", 5 },
	{ "scx_ktstr", "llc+steal", "6.16.99", NULL, 5 },
	{ "scx_ktstr", "llc+steal", "6.17", NULL, 0 },
	{ "scx_ktstr", "steal+llc", "6.12", NULL, 0 },
	{ "scx_ktstr", "llc", "6.12", "too large", 0 },
	{ "scx_simple", NULL, "6.12.117", "any", 6 },
	{ "scx_simple", NULL, "6.12.118", "any", 0 },
	{ "scx_simple", "default", "6.11.3", "null: R0", 7 },
	{ "scx_simple", "default", "5.4", NULL, 7 },
	{ "scx_central", "x", "not a version", "failed to open system Kconfig", 8 },
	{ "scx_qmap", NULL, "not a version", NULL, 0 },
	{ "scx_centralized", "x", "6.12", NULL, 0 },
};

static void finds(void **state)
{
	auto_expects struct expects x = { 0 };
	struct err e = { 0 };

	(void)state;
	assert_int_equal(expects_parse(&x, EXPECTS_OF_SWEEP, file, sizeof(file) - 1, &e), 0);
	assert_int_equal(x.n, 6);
	for (size_t i = 0; i < countof(cases); i++) {
		const struct expect_cell c = { .scheduler = cases[i].scheduler,
					       .profile = cases[i].profile,
					       .kernel = cases[i].kernel };
		const struct expect *found = expects_find(&x, &c, cases[i].reason, "2026-11-25");

		assert_int_equal(found ? found->line : 0, cases[i].line);
	}
	assert_string_equal(x.v[2].reason, "too large: it is  so");
}

static void days(void **state)
{
	auto_expects struct expects x = { 0 };
	struct err e = { 0 };
	const struct expect_cell c = { .scheduler = "scx_qmap", .kernel = "7.3" };

	(void)state;
	assert_int_equal(expects_parse(&x, EXPECTS_OF_SWEEP, file, sizeof(file) - 1, &e), 0);
	assert_false(expect_is_over(&x.v[0], "2027-03-31"));
	assert_true(expect_is_over(&x.v[0], "2027-04-01"));
	assert_false(expect_is_over(&x.v[1], "9999-12-31"));
	/* One that holds comes before one that is over. */
	assert_int_equal(expects_find(&x, &c, "scx_bpf_consume", "2027-04-01")->line, 4);
}

static void of_tests(void **state)
{
	static const char list[] = "steal_* scx_qmap * 7.0.. - gap.max\n* eevdf * * -\n",
			  short_line[] = "t scx_qmap * -";
	const struct expect_cell steal = { .scheduler = "scx_qmap", .kernel = "7.3", .test = "steal_two" },
				 other = { .scheduler = "scx_qmap", .kernel = "7.3", .test = "steal" },
				 own = { .scheduler = "eevdf", .kernel = "6.12", .test = "x" },
				 none = { .scheduler = "eevdf", .kernel = "6.12" };
	auto_expects struct expects x = { 0 }, y = { 0 };
	struct err e = { 0 };

	(void)state;
	assert_int_equal(expects_parse(&x, EXPECTS_OF_TESTS, list, sizeof(list) - 1, &e), 0);
	assert_int_equal(expects_find(&x, &steal, "gap.max{a} 3 s > 2 s", "2026-11-25")->line, 1);
	assert_null(expects_find(&x, &steal, "spread{a}", "2026-11-25"));
	assert_null(expects_find(&x, &other, "gap.max", "2026-11-25"));
	assert_int_equal(expects_find(&x, &own, "anything", "2026-11-25")->line, 2);
	assert_null(expects_find(&x, &none, "anything", "2026-11-25"));
	assert_int_equal(expects_parse(&y, EXPECTS_OF_TESTS, short_line, sizeof(short_line) - 1, &e), -1);
	assert_non_null(strstr(e.msg, "a last day is missing"));
}

static const char *const bad[] = {
	"scx_qmap",
	"scx_qmap *",
	"scx_qmap * 7.0",
	"scx_qmap * seven -",
	"scx_qmap * .. -",
	"scx_qmap * 7.0..x -",
	"scx_qmap * 7.0 soon",
	"scx_qmap * 7.0 2026-13-01",
	"scx_qmap * 7.0 2026-02-30",
	"scx_qmap * 7.0 2026-1-1",
	"scx_qmap * 7.0 2026-01-00 x",
};

static void hostile(void **state)
{
	static const char nul[] = "a * * -\0b";

	(void)state;
	for (size_t i = 0; i < countof(bad); i++) {
		struct expects x = { 0 };
		struct err e = { 0 };
		auto_free char *text = xasprintf("# first\n%s\n", bad[i]);

		assert_true(expects_parse(&x, EXPECTS_OF_SWEEP, text, strlen(text), &e) < 0);
		assert_int_equal(e.code, X_USAGE);
		assert_non_null(strstr(e.msg, "line 2"));
	}
	struct expects x = { 0 };
	struct err e = { 0 };

	assert_true(expects_parse(&x, EXPECTS_OF_SWEEP, nul, sizeof(nul), &e) < 0);
	assert_int_equal(expects_parse(&x, EXPECTS_OF_SWEEP, "", 0, &e), 0);
	assert_int_equal(x.n, 0);
}

int main(void)
{
	const struct CMUnitTest tests[] = { cmocka_unit_test(finds), cmocka_unit_test(days), cmocka_unit_test(of_tests),
					    cmocka_unit_test(hostile) };

	return cmocka_run_group_tests(tests, NULL, NULL);
}
