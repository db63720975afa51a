/* test_sidecar.c: a sidecar that the judge wrote (test_judge.c), as test-stats reads it. */
#include "base/err.h"
#include "base/file.h"
#include "base/mem.h"
#include "json/keys.h"
#include "stats/sidecar.h"
#include <fcntl.h>
#include <math.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdint.h>

#include <cmocka.h>

static void golden(void **state)
{
	auto_sidecar struct sidecar s = { 0 };
	auto_json_keys struct json_keys keys = { 0 };
	auto_free char *text = NULL;
	struct names names = { 0 };
	struct err e = { 0 };
	size_t n;
	/* Three latencies: two of some 5 us, one of 412 ms. */
	double mean = 412010000.0 / 3, cv = sqrt(1.6974e17 / 3 - mean * mean) / mean;

	(void)state;
	if (file_read(AT_FDCWD, "tests/golden/judge/sidecar.json", 1 << 20, &text, &n, &e) < 0 ||
	    sidecar_parse(&s, &names, &keys, text, n, &e) < 0)
		fail_msg("%s", e.msg);
	assert_string_equal(s.row.scenario, "llc_isolation");
	assert_string_equal(s.row.topology, "1n2l4c1t");
	assert_string_equal(s.row.flags, "llc");
	assert_string_equal(s.row.kernel, "7.3.4");
	assert_false(s.row.passed || s.row.skipped || s.row.inconclusive);
	assert_int_equal(s.row.replica, 11);
	assert_true(s.row.m[M_SPREAD] == 10 && s.row.m[M_GAP_MS] == 412 && s.row.m[M_STALLS] == 1);
	assert_true(s.row.m[M_ITERATIONS] == 3260 && s.row.m[M_MIGRATIONS] == 12);
	assert_true(s.row.m[M_MEAN_DELAY_US] == 100000 && s.row.m[M_P99_WAKE_US] == 412000);
	assert_true(fabs(s.row.m[M_WAKE_CV] - cv) < 1e-9);
	assert_true(s.row.m[M_FALLBACK] == 21 && s.row.m[M_KEEP_LAST] == 100);
	assert_int_equal(s.n_callbacks, 1);
	assert_string_equal(s.callbacks[0].name, "mine_enqueue");
	assert_true(s.callbacks[0].cnt == 100 && s.callbacks[0].nsecs == 200000 &&
		    s.callbacks[0].nsecs_per_call == 2000);
	assert_true(s.n_insns == 1 && s.insns[0].verified == 321);
	assert_true(s.has_kvm && s.vcpus == 2 && s.kvm[K_EXITS] == 150 && s.kvm[K_HALT_EXITS] == 7);
	names_free(&names);
}

int main(void)
{
	const struct CMUnitTest tests[] = { cmocka_unit_test(golden) };

	return cmocka_run_group_tests(tests, NULL, NULL);
}
