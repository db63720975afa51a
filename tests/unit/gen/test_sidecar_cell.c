/* test_sidecar_cell.c: what a cell writes is what test-stats reads. */
#include "base/err.h"
#include "json/keys.h"
#include "json/read.h"
#include "base/mem.h"
#include "gen/sweep/sidecar.h"
#include "stats/sidecar.h"
#include "verifier/result.h"
#include <math.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdint.h>

#include <cmocka.h>

static char *written(const struct sidecar_cell *c, size_t *n)
{
	char *text = NULL;
	FILE *f = xmemstream(&text, n);

	sidecar_cell_write(f, c);
	fclose(f);
	return text;
}

static bool near(double a, double b)
{
	return fabs(a - b) < 1e-9;
}

static void attached(void **state)
{
	struct prog progs[] = {
		{ .name = "enqueue", .verified_insns = 812345, .counted = true, .run_cnt = 4, .run_ns = 10 },
		{ .name = "init", .verified_insns = PROG_NONE },
	};
	struct proto_task tasks[] = {
		{ TASK_SPINS, 0, 100, 1000000000, 900000000, 20000000, 1, 2 },
		{ TASK_SPINS, 1, 50, 1000000000, 600000000, 3500000000, 0, 0 },
		{ .kind = TASK_SPINS, .cpu = 2 },
		{ TASK_SLEEPS, 1, 7, 1000000000, 1, 9000000000, 0, 9 },
	};
	struct kvm_stat counters[] = { { "exits", 1000 }, { "hypercalls", 3 } };
	struct kvm_vcpu vcpus[] = { { counters, 2 }, { counters, 1 } };
	struct result r = { .verdict = VERDICT_ATTACHED,
			    .progs = { progs, countof(progs) },
			    .tasks = { .done = true, .ms = 300, .v = tasks, .n = countof(tasks) },
			    .kvm = { vcpus, 2 } };
	struct sidecar_cell c = { .test = "verifier_x",
				  .scheduler = "x",
				  .topology = "1n2l2c1t",
				  .preset = "tiny-2llc",
				  .flags = "llc+steal",
				  .kernel = "6.12",
				  .result = &r };
	auto_json_keys struct json_keys keys = { 0 };
	struct names names = { 0 };
	auto_sidecar struct sidecar s = { 0 };
	struct err e = { 0 };
	size_t n;
	auto_free char *text = written(&c, &n);

	(void)state;
	if (sidecar_parse(&s, &names, &keys, text, n, &e) < 0)
		fail_msg("%s", e.msg);
	assert_string_equal(s.row.scenario, "verifier_x");
	assert_string_equal(s.row.topology, "tiny-2llc");
	assert_string_equal(s.row.flags, "llc+steal");
	assert_string_equal(s.row.kernel, "6.12");
	assert_string_equal(s.row.work_type, "CpuSpin");
	assert_true(s.row.passed);
	assert_true(near(s.row.m[M_SPREAD], 30));
	assert_true(near(s.row.m[M_GAP_MS], 3500));
	assert_true(near(s.row.m[M_MIGRATIONS], 2));
	assert_true(near(s.row.m[M_ITERATIONS], 150));
	assert_true(near(s.row.m[M_MIGRATION_RATIO], 2.0 / 150));
	assert_true(near(s.row.m[M_MEAN_DELAY_US], 250000));
	assert_true(near(s.row.m[M_WORST_DELAY_US], 400000));
	assert_true(near(s.row.m[M_STALLS], 0));
	assert_int_equal(s.n_insns, 1);
	assert_int_equal(s.insns[0].verified, 812345);
	assert_int_equal(s.n_callbacks, 1);
	assert_true(s.callbacks[0].cnt == 4 && s.callbacks[0].nsecs == 10 && near(s.callbacks[0].nsecs_per_call, 2.5));
	assert_true(s.has_kvm && s.vcpus == 2 && s.kvm[K_EXITS] == 2000 && s.kvm[K_HYPERCALLS] == 3);
	names_free(&names);
}

/* Members that 0.3.2 requires are there whatever became of the run. */
static void nothing_ran(void **state)
{
	static const enum verdict verdicts[] = { VERDICT_REJECTED, VERDICT_STALLED, VERDICT_DIED };

	(void)state;
	for (size_t i = 0; i < countof(verdicts); i++) {
		struct result r = { .verdict = verdicts[i], .reason = (char *)"a \"reason\"" };
		struct sidecar_cell c = { "verifier_x", "x", "1n1l1c1t", NULL, NULL, "7.3.4", &r };
		auto_json_keys struct json_keys keys = { 0 };
		struct names names = { 0 };
		auto_sidecar struct sidecar s = { 0 };
		auto_json struct json j = { 0 };
		auto_free char *detail = NULL;
		struct err e = { 0 };
		size_t n;
		auto_free char *text = written(&c, &n);

		if (sidecar_parse(&s, &names, &keys, text, n, &e) < 0 || json_parse(&j, text, n, &e) < 0)
			fail_msg("%s", e.msg);
		assert_false(s.row.passed);
		assert_string_equal(s.row.flags, "default");
		assert_string_equal(s.row.topology, "1n1l1c1t");
		assert_true(near(s.row.m[M_STALLS], verdicts[i] == VERDICT_STALLED));
		assert_int_equal(json_str(&j, json_at(&j, json_get(&j, 0, "details"), 0), &detail, &e), 0);
		assert_string_equal(detail, r.reason);
		names_free(&names);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = { cmocka_unit_test(attached), cmocka_unit_test(nothing_ran) };

	return cmocka_run_group_tests(tests, NULL, NULL);
}
