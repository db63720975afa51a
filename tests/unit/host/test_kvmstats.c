/* test_kvmstats.c: what QEMU answers, and what anybody may have written instead. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include <string.h>

#include "base/err.h"
#include "json/write.h"
#include "base/mem.h"
#include "host/kvmstats.h"

#define VCPU(path, stats) "{\"provider\": \"kvm\", \"qom-path\": \"" path "\", \"stats\": [" stats "]}"

static void answer(void **state)
{
	static const char text[] = "[" VCPU(
		"/machine/unattached/device[0]",
		"{\"name\": \"guest_mode\", \"value\": 0}, {\"name\": \"exits\", \"value\": 18446744073709551615},"
		"{\"name\": \"halt_wait_hist\", \"value\": [1, 2, 3]}, {\"name\": \"blocking\", \"value\": true}") "," VCPU("/machine/unattached/device[3]",
															    "{\"name\": \"exits\", \"value\": 7}") "]";
	auto_kvm_stats struct kvm_stats s = { 0 };
	auto_free char *wrote = NULL;
	struct err e = { 0 };
	struct jsonw w;
	size_t n;

	(void)state;
	assert_int_equal(kvm_stats_answer(&s, text, strlen(text), &e), 0);
	assert_int_equal(s.n, 2);
	assert_int_equal(s.vcpus[0].n, 3);
	assert_true(kvm_vcpu_stat(&s.vcpus[0], "exits") == UINT64_MAX);
	assert_int_equal(kvm_vcpu_stat(&s.vcpus[0], "blocking"), 1);
	assert_int_equal(kvm_vcpu_stat(&s.vcpus[0], "halt_wait_hist"), 0);
	assert_int_equal(kvm_vcpu_stat(&s.vcpus[1], "exits"), 7);
	FILE *f = xmemstream(&wrote, &n);
	jsonw_init(&w, f);
	w.compact = true;
	jsonw_obj(&w);
	kvm_stats_write(&w, &s);
	jsonw_end_obj(&w);
	fclose(f);
	assert_string_equal(wrote, "{\"kvm_stats\":{\"per_vcpu\":[{\"guest_mode\":0,\"exits\":18446744073709551615,"
				   "\"blocking\":1},{\"exits\":7}]}}");
}

static void none(void **state)
{
	auto_kvm_stats struct kvm_stats s = { 0 };
	auto_free char *wrote = NULL;
	struct err e = { 0 };
	struct jsonw w;
	size_t n;

	(void)state;
	assert_int_equal(kvm_stats_answer(&s, "[]", 2, &e), 0);
	assert_int_equal(s.n, 0);
	FILE *f = xmemstream(&wrote, &n);
	jsonw_init(&w, f);
	w.compact = true;
	jsonw_obj(&w);
	kvm_stats_write(&w, &s);
	jsonw_end_obj(&w);
	fclose(f);
	assert_string_equal(wrote, "{}");
}

static void hostile(void **state)
{
	static const struct {
		const char *text, *says;
	} cases[] = {
		{ "", "query-stats" },
		{ "{}", "not a list of vCPUs" },
		{ "[7]", "vCPU 0: no counters" },
		{ "[{\"stats\": 3}]", "vCPU 0: no counters" },
		{ "[" VCPU("a", "") ", {}]", "vCPU 1: no counters" },
		{ "[" VCPU("a", "3") "]", "without name or value" },
		{ "[" VCPU("a", "{\"name\": \"exits\"}") "]", "without name or value" },
		{ "[" VCPU("a", "{\"value\": 3}") "]", "without name or value" },
		{ "[" VCPU("a", "{\"name\": \"exits\", \"value\": -3}") "]", "no number" },
		{ "[" VCPU("a", "{\"name\": \"exits\", \"value\": null}") "]", "no number" },
		{ "[" VCPU("a", "{\"name\": \"exits\", \"value\": 18446744073709551616}") "]", "no number" },
		{ "[" VCPU("a", "{\"name\": \"\", \"value\": 3}") "]", "not the name of a counter" },
		{ "[" VCPU("a", "{\"name\": \"\\u001b[2J\", \"value\": 3}") "]", "not the name of a counter" },
		{ "[" VCPU("a", "{\"name\": \"0123456789012345678901234567890123456789012345678901234567890123\","
				" \"value\": 3}") "]",
		  "not the name of a counter" },
		{ "[" VCPU("a", "{\"name\": \"exits\", \"value\": 3}, {\"name\": \"exits\", \"value\": 4}") "]",
		  "twice" },
	};

	(void)state;
	for (size_t i = 0; i < countof(cases); i++) {
		struct kvm_stats s = { 0 };
		struct err e = { 0 };

		assert_true(kvm_stats_answer(&s, cases[i].text, strlen(cases[i].text), &e) < 0);
		assert_int_equal(e.code, X_VM);
		assert_null(s.vcpus);
		if (!strstr(e.msg, cases[i].says))
			fail_msg("case %zu: %s", i, e.msg);
	}
}

static char *many(const char *before, const char *each, int n, const char *after)
{
	char *text;
	size_t len;
	FILE *f = xmemstream(&text, &len);

	fputs(before, f);
	for (int i = 0; i < n; i++) {
		fputs(i ? "," : "", f);
		fprintf(f, each, i);
	}
	fputs(after, f);
	fclose(f);
	return text;
}

static void bounds(void **state)
{
	static const char counter[] = "{\"name\": \"c%d\", \"value\": 1}";
	static const struct {
		const char *before, *each, *after;
		int most;
	} cases[] = {
		{ "[", "{\"stats\": [], \"cpu\": %d}", "]", 252 },
		{ "[{\"stats\": [", counter, "]}]", 512 },
	};

	(void)state;
	for (size_t i = 0; i < countof(cases); i++) {
		auto_free char *most = many(cases[i].before, cases[i].each, cases[i].most, cases[i].after);
		auto_free char *over = many(cases[i].before, cases[i].each, cases[i].most + 1, cases[i].after);
		auto_kvm_stats struct kvm_stats s = { 0 };
		struct err e = { 0 };

		assert_int_equal(kvm_stats_answer(&s, most, strlen(most), &e), 0);
		kvm_stats_free(&s);
		assert_true(kvm_stats_answer(&s, over, strlen(over), &e) < 0);
		assert_non_null(strstr(e.msg, "at most"));
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(answer),
		cmocka_unit_test(none),
		cmocka_unit_test(hostile),
		cmocka_unit_test(bounds),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
