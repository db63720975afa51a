#include "base/err.h"
#include "base/mem.h"
#include "verifier/result.h"
#include <setjmp.h>
#include <stdarg.h>
#include <stdint.h>

#include <cmocka.h>

static char *written(const struct result *r, size_t *n)
{
	char *text = NULL;
	FILE *f = xmemstream(&text, n);

	result_write(f, r);
	fclose(f);
	return text;
}

static void round_trip(void **state)
{
	struct prog v[] = { { "ktstr_enqueue", 7, 123, 456, 789, 64, true, 0, 1ull << 60, "ktstr_enqueue" },
			    { "ktstr_dispatch", 8, 1000001, PROG_NONE, PROG_NONE, PROG_NONE, false, 0, 0, "" } };
	struct proto_task tasks[] = { { TASK_SPINS, 3, 77, 5000, 4000, 300, 2, 1 }, { .kind = TASK_YIELDS } };
	struct kvm_stat counters[] = { { "exits", 1000 }, { "halt_wait_ns", UINT64_MAX } };
	struct kvm_vcpu vcpus[] = { { counters, 2 }, { counters, 1 } };
	struct result r = { .verdict = VERDICT_REJECTED,
			    .reason = (char *)"a \"quoted\"\nreason",
			    .accel = (char *)"tcg",
			    .release = (char *)"6.12.117",
			    .status = 256,
			    .cold = true,
			    .fallback = (char *)"its state was truncated",
			    .progs = { v, 2 },
			    .tasks = { .done = true, .ms = 50, .v = tasks, .n = countof(tasks) },
			    .ms = { 65.5, 12, 1400.25, 0.75, 9.5, 3 },
			    .kvm = { vcpus, 2 } };
	auto_result struct result got = { 0 };
	struct err e = { 0 };
	size_t n, m;
	auto_free char *text = written(&r, &n);

	(void)state;
	assert_int_equal(result_parse(&got, text, n, &e), 0);
	auto_free char *again = written(&got, &m);

	assert_string_equal(again, text);
	assert_int_equal(got.verdict, VERDICT_REJECTED);
	assert_string_equal(got.reason, r.reason);
	assert_null(got.ops);
	assert_true(got.cold);
	assert_string_equal(got.fallback, r.fallback);
	assert_int_equal(got.progs.v[1].verified_insns, 1000001);
	assert_int_equal(got.progs.v[1].stack_depth, PROG_NONE);
	assert_int_equal(got.kvm.n, 2);
	assert_true(kvm_vcpu_stat(&got.kvm.vcpus[0], "halt_wait_ns") == UINT64_MAX);
	assert_int_equal(kvm_vcpu_stat(&got.kvm.vcpus[1], "halt_wait_ns"), 0);
	assert_true(got.progs.v[0].counted);
	assert_int_equal(got.progs.v[0].run_ns, 1ull << 60);
	assert_false(got.progs.v[1].counted);
	assert_true(got.tasks.done);
	assert_int_equal(got.tasks.n, 2);
	assert_memory_equal(got.tasks.v, tasks, sizeof(tasks));
}

static const char *const bad[] = {
	"",
	"[]",
	"{}",
	"{\"verdict\": \"splendid\"}",
	"{\"verdict\": 3}",
	"{\"verdict\": \"attached\", \"programs\": [1]}",
	"{\"verdict\": \"attached\", \"programs\": [{\"name\": \"a name that is much too long for a program, because it has far more than the one hundred and twenty-seven characters that there is room for\"}]}",
	"{\"verdict\": \"attached\", \"programs\": [{\"name\": \"x\", \"id\": 4294967296}]}",
	"{\"verdict\": \"attached\", \"programs\": [{\"name\": \"x\", \"id\": -1}]}",
	"{\"verdict\": \"attached\", \"programs\": [{}]}",
	"{\"verdict\": \"attached\", \"kvm_stats\": 1}",
	"{\"verdict\": \"attached\", \"kvm_stats\": {}}",
	"{\"verdict\": \"attached\", \"kvm_stats\": {\"per_vcpu\": [[]]}}",
	"{\"verdict\": \"attached\", \"kvm_stats\": {\"per_vcpu\": [{\"exits\": -1}]}}",
	"{\"verdict\": \"attached\", \"kvm_stats\": {\"per_vcpu\": [{\"exits\": null}]}}",
	"{\"verdict\": \"attached\", \"kvm_stats\": {\"per_vcpu\": [{\"no name\": 1}]}}",
	"{\"verdict\": \"attached\"",
	"{\"verdict\": \"attached\", \"programs\": [{\"name\": \"x\", \"run_cnt\": -1}]}",
	"{\"verdict\": \"attached\", \"dispatches\": true}",
	"{\"verdict\": \"attached\", \"dispatches\": {\"tasks\": [{}]}}",
	"{\"verdict\": \"attached\", \"dispatches\": {\"tasks\": [{\"kind\": \"rests\"}]}}",
	"{\"verdict\": \"attached\", \"dispatches\": {\"tasks\": [{\"kind\": \"spin\", \"cpu\": 1e99}]}}",
};

static void hostile(void **state)
{
	(void)state;
	for (size_t i = 0; i < countof(bad); i++) {
		struct result r = { 0 };
		struct err e = { 0 };

		assert_true(result_parse(&r, bad[i], strlen(bad[i]), &e) < 0);
		assert_true(e.code && e.msg[0]);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = { cmocka_unit_test(round_trip), cmocka_unit_test(hostile) };

	return cmocka_run_group_tests(tests, NULL, NULL);
}
