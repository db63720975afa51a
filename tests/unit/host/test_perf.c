/* test_perf.c: what performance mode came to as JSON, and QEMU's list of vCPU threads. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include <string.h>

#include "base/err.h"
#include "json/read.h"
#include "json/write.h"
#include "base/mem.h"
#include "host/perf.h"

static char *written(const struct perf *p)
{
	struct jsonw w;
	char *text;
	size_t n;
	FILE *f = xmemstream(&text, &n);

	jsonw_init(&w, f);
	w.compact = true;
	jsonw_obj(&w);
	perf_write(&w, p);
	jsonw_end_obj(&w);
	fclose(f);
	return text;
}

static void round_trip(void **state)
{
	struct perf p = { .on = true, .vcpus = 2, .pin = { .cpu = { 3, 5 }, .service = 7 }, .huge = true }, got;
	auto_json struct json j = { 0 };
	struct err e = { 0 };

	(void)state;
	perf_warn(&p, "%d things", 3);
	auto_free char *text = written(&p);

	assert_string_equal(text, "{\"perf_mode\":{\"vcpus\":[3,5],\"service\":7,\"huge_pages\":true,\"fifo\":false,"
				  "\"warnings\":[\"performance_mode: WARNING: 3 things\"]}}");
	assert_int_equal(json_parse(&j, text, strlen(text), &e), 0);
	assert_int_equal(perf_read(&got, &j, 0, &e), 0);
	auto_free char *again = written(&got);

	assert_string_equal(again, text);
	perf_free(&p);
	perf_free(&got);
	auto_free char *none = written(&p);

	assert_string_equal(none, "{}");
}

static void warnings_are_bounded(void **state)
{
	struct perf p = { .on = true }, told;

	(void)state;
	for (int i = 0; i < 20; i++)
		perf_warn(&p, "%d", i);
	assert_int_equal(p.n_warnings, PERF_WARNINGS);
	perf_take(&told, &p);
	assert_int_equal(p.n_warnings, 0);
	assert_int_equal(told.n_warnings, PERF_WARNINGS);
	perf_free(&p);
	perf_free(&told);
}

static void hostile(void **state)
{
	static const char *const cases[] = {
		"{\"perf_mode\": 1}",
		"{\"perf_mode\": {}}",
		"{\"perf_mode\": {\"vcpus\": []}}",
		"{\"perf_mode\": {\"vcpus\": [1]}}",
		"{\"perf_mode\": {\"vcpus\": [4096], \"service\": 1}}",
		"{\"perf_mode\": {\"vcpus\": [null], \"service\": 1}}",
		"{\"perf_mode\": {\"vcpus\": [1], \"service\": -1}}",
		"{\"perf_mode\": {\"vcpus\": [1], \"service\": 1, \"fifo\": 3}}",
		"{\"perf_mode\": {\"vcpus\": [1], \"service\": 1, \"warnings\": [\"a\", 2]}}",
		"{\"perf_mode\": {\"vcpus\": [1], \"service\": 1, \"warnings\": [1,2,3,4,5,6,7,8,9]}}",
	};

	(void)state;
	for (size_t i = 0; i < countof(cases); i++) {
		auto_json struct json j = { 0 };
		struct perf p = { .vcpus = 77 };
		struct err e = { 0 };

		assert_int_equal(json_parse(&j, cases[i], strlen(cases[i]), &e), 0);
		if (perf_read(&p, &j, 0, &e) >= 0)
			fail_msg("accepted: %s", cases[i]);
		assert_int_equal(e.code, X_FAIL);
		assert_int_equal(p.vcpus, 77);
	}
}

static void threads(void **state)
{
	static const char text[] =
		"[{\"thread-id\": 801, \"props\": {\"core-id\": 1}, \"cpu-index\": 1, \"target\": \"x86_64\"},"
		" {\"thread-id\": 800, \"cpu-index\": 0}]";
	static const char *const refused[] = {
		"",
		"{}",
		"[]",
		"[{\"thread-id\": 800, \"cpu-index\": 0}]",
		"[{\"thread-id\": 800, \"cpu-index\": 0}, 3]",
		"[{\"thread-id\": 800, \"cpu-index\": 0}, {\"thread-id\": 801, \"cpu-index\": 0}]",
		"[{\"thread-id\": 800, \"cpu-index\": 0}, {\"thread-id\": 801, \"cpu-index\": 2}]",
		"[{\"thread-id\": 800, \"cpu-index\": 0}, {\"thread-id\": 0, \"cpu-index\": 1}]",
		"[{\"thread-id\": 800, \"cpu-index\": 0}, {\"thread-id\": -1, \"cpu-index\": 1}]",
		"[{\"thread-id\": 800, \"cpu-index\": 0}, {\"thread-id\": 4294967296, \"cpu-index\": 1}]",
		"[{\"thread-id\": 800, \"cpu-index\": 0}, {\"cpu-index\": 1}]",
	};
	pid_t thread[2];
	struct err e = { 0 };

	(void)state;
	assert_int_equal(perf_threads(thread, 2, text, strlen(text), &e), 0);
	assert_int_equal(thread[0], 800);
	assert_int_equal(thread[1], 801);
	for (size_t i = 0; i < countof(refused); i++) {
		e = (struct err){ 0 };
		if (perf_threads(thread, 2, refused[i], strlen(refused[i]), &e) >= 0)
			fail_msg("accepted: %s", refused[i]);
		assert_int_equal(e.code, X_VM);
		assert_non_null(strstr(e.msg, "query-cpus-fast"));
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(round_trip),
		cmocka_unit_test(warnings_are_bounded),
		cmocka_unit_test(hostile),
		cmocka_unit_test(threads),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
