#include "base/err.h"
#include "base/mem.h"
#include "kernel/name/releases.h"
#include <setjmp.h>
#include <stdarg.h>
#include <stdint.h>

#include <cmocka.h>

#include "kernel_words.h"

static const char file[] = "{\"latest_stable\": {\"version\": \"6.16.3\"}, \"releases\": ["
			   "{\"moniker\": \"mainline\", \"version\": \"6.17-rc2\", \"iseol\": false},"
			   "{\"moniker\": \"stable\", \"version\": \"6.16.3\", \"iseol\": false},"
			   "{\"moniker\": \"stable\", \"version\": \"6.15.11\", \"iseol\": false},"
			   "{\"moniker\": \"longterm\", \"version\": \"6.12.43\", \"iseol\": false},"
			   "{\"moniker\": \"longterm\", \"version\": \"6.6.102\", \"iseol\": false},"
			   "{\"moniker\": \"longterm\", \"version\": \"5.4.296\", \"iseol\": false},"
			   "{\"moniker\": \"linux-next\", \"version\": \"next-20260815\", \"iseol\": false},"
			   "{\"moniker\": \"odd\"}, {\"moniker\": 1, \"version\": \"6.1\"}, 7, null,"
			   "{\"moniker\": \"stable\", \"version\": \"6.1\\u0000\"}]}";

static struct releases rel;

static int set_up(void **state)
{
	struct err e = { 0 };

	(void)state;
	return releases_parse(&rel, file, strlen(file), &e);
}

static int tear_down(void **state)
{
	(void)state;
	releases_free(&rel);
	return 0;
}

static void parsed(void **state)
{
	struct err e = { 0 };

	(void)state;
	assert_int_equal(rel.n, 6);
	assert_string_equal(rel.v[0].version, "6.17-rc2");
	assert_string_equal(releases_latest(&rel, &e), "6.15.11");
}

static const struct {
	const char *prefix, *version;
	int code;
} series[] = {
	{ "6.12", "6.12.43", 0 },     { "6.16", "6.16.3", 0 },      { "6.17", NULL, X_NO_KERNEL },
	{ "6.1", NULL, X_NO_KERNEL }, { "6", "6.16.3", 0 },         { "5", "5.4.296", 0 },
	{ "7", NULL, X_NO_KERNEL },   { "6.", NULL, X_USAGE },      { "6-rc1", NULL, X_USAGE },
	{ "six", NULL, X_USAGE },     { "6.12.43", NULL, X_USAGE }, { "6.17-rc2", NULL, X_USAGE },
	{ "", NULL, X_USAGE },
};

static void newest_of_series(void **state)
{
	(void)state;
	for (size_t i = 0; i < countof(series); i++) {
		const struct kernel_word w = word_of(series[i].prefix);
		struct err e = { 0 };
		const char *v = releases_series(&rel, &w, &e);

		if (series[i].version)
			assert_string_equal(v, series[i].version);
		else
			assert_null(v);
		assert_int_equal(e.code, series[i].code);
	}
}

static const struct {
	const char *text, *list; /* NULL: an error with this code */
	int code;
} ranges[] = {
	{ "6.12..6.16", "6.12.43 6.15.11 6.16.3 ", 0 },
	{ "6.6..6.12", "6.6.102 6.12.43 ", 0 },
	{ "5.0..9.0", "5.4.296 6.6.102 6.12.43 6.15.11 6.16.3 ", 0 },
	{ "6.12..6.12", "6.12.43 ", 0 },
	{ "6.7..6.8", NULL, X_NO_KERNEL },
	{ "6.16..6.12", NULL, X_USAGE },
	{ "6.12..", NULL, X_USAGE },
	{ "..6.12", NULL, X_USAGE },
	{ "6.12...6.16", NULL, X_USAGE },
	{ "6.12.3..6.16", NULL, X_USAGE },
};

static void series_between(void **state)
{
	(void)state;
	for (size_t i = 0; i < countof(ranges); i++) {
		struct err e = { 0 };
		const char *v[8];
		struct kernel_word w;
		int n = kernel_word_parse(&w, ranges[i].text, &e);

		if (n == 0)
			n = releases_range(&rel, &w, v, countof(v), &e);
		char list[256] = "";

		for (int k = 0; k < n; k++)
			snprintf(list + strlen(list), sizeof(list) - strlen(list), "%s ", v[k]);
		assert_string_equal(list, ranges[i].list ? ranges[i].list : "");
		assert_int_equal(e.code, ranges[i].code);
	}
}

static const char *const bad[] = { "", "[]", "{}", "{\"releases\": {}}", "<html></html>" };

static void hostile(void **state)
{
	struct releases none = { 0 };
	struct err e = { 0 };

	(void)state;
	for (size_t i = 0; i < countof(bad); i++)
		assert_true(releases_parse(&none, bad[i], strlen(bad[i]), &e) < 0);
	assert_int_equal(releases_parse(&none, "{\"releases\": []}", 16, &e), 0);
	assert_null(releases_latest(&none, &e));
	releases_free(&none);
}

int main(void)
{
	const struct CMUnitTest tests[] = { cmocka_unit_test(parsed), cmocka_unit_test(newest_of_series),
					    cmocka_unit_test(series_between), cmocka_unit_test(hostile) };

	return cmocka_run_group_tests(tests, set_up, tear_down);
}
