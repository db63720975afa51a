/* test_expectation.c: the text of expectations, and how their layers lie upon each other. */
#include "base/err.h"
#include "base/mem.h"
#include "judge/expect/expectation.h"
#include <setjmp.h>
#include <stdarg.h>
#include <stdint.h>

#include <cmocka.h>

static void add(struct expectations *x, enum expect_layer layer, const char *text)
{
	struct err e = { 0 };

	if (expectations_add(x, layer, text, strlen(text), NULL, &e) < 0)
		fail_msg("%s: %s", text, e.msg);
}

/* All lines, with "; " between them. */
static char *all(const struct expectations *x)
{
	char *text;
	size_t n;
	FILE *f = xmemstream(&text, &n);

	for (size_t i = 0; i < x->n; i++) {
		auto_free char *line = expectation_text(&x->v[i]);

		fprintf(f, "%s%s", i ? "; " : "", line);
	}
	fclose(f);
	return text;
}

static void is(const struct expectations *x, const char *want)
{
	auto_free char *got = all(x);

	assert_string_equal(got, want);
}

static void metrics(void **state)
{
	(void)state;
	for (int i = 0; i < METRICS_ALL; i++) {
		const struct metric *m = metric_get((enum metric_id)i);
		auto_free char *text = metric_text(m, "x"), *name = NULL;

		assert_int_equal(m->id, i);
		assert_ptr_equal(metric_find(text, &name), i == METRIC_LOG ? NULL : m);
		assert_int_equal(name != NULL, m->named);
	}
}

static void lines(void **state)
{
	static const char *const cases[][2] = {
		{ "isolated", "isolated" },
		{ "  gap.max <= 200ms  # short", "gap.max <= 200000000ns" },
		{ "gap.max<=200", "gap.max <= 200000000ns" },
		{ "gap.max{left}@2 < 1.5 s", "gap.max{left}@2 < 1500000000ns" },
		{ "latency.p99 <= 5", "latency.p99 <= 5000ns" },
		{ "latency.p99 <= 5 ns", "latency.p99 <= 5ns" },
		{ "latency.p99 <= 5µs", "latency.p99 <= 5000ns" },
		{ "spread <= 15%", "spread <= 15 %" },
		{ "spread@each <= 15", "spread@each <= 15 %" },
		{ "rate >= 100/s", "rate >= 100/s" },
		{ "efficiency >= 100/CPU-s", "efficiency >= 100/CPU-s" },
		{ "fairness{a/b} > 0.98", "fairness{a/b} > 0.98" },
		{ "iterations{small} >= 1.3 * iterations{small} of eevdf",
		  "iterations{small} >= 1.3 * iterations{small} of eevdf" },
		{ "rate > rate of llc+steal", "rate > rate of llc+steal" },
		{ "progress@settle", "progress@settle" },
		{ "event.SCX_EV_X == 0", "event.SCX_EV_X == 0" },
		{ "event.SCX_EV_X.rate@1 <= 200", "event.SCX_EV_X.rate@1 <= 200/s" },
		{ "prog.*dispatch.ns <= 2000", "prog.*dispatch.ns <= 2000ns" },
		{ "prog.a.b.runs >= 1", "prog.a.b.runs >= 1" },
		{ "var.nr_x >= -2", "var.nr_x >= -2" },
		{ "log has \"a \\\"# b\\\\\"", "log has \"a \\\"# b\\\\\"" },
		{ "log lacks \"WARN\"", "log lacks \"WARN\"" },
		{ "monitor", "imbalance <= 4; dsq.depth <= 50; wait.age <= 2000000000ns; rq.stuck" },
	};

	(void)state;
	for (size_t i = 0; i < countof(cases); i++) {
		auto_expectations struct expectations x = { 0 }, again = { 0 };

		add(&x, LAYER_TEST, cases[i][0]);
		is(&x, cases[i][1]);
		for (size_t k = 0; k < x.n; k++) {
			auto_free char *text = expectation_text(&x.v[k]);

			add(&again, LAYER_TEST, text);
		}
		is(&again, cases[i][1]);
	}
}

static void mistakes(void **state)
{
	static const char *const cases[][2] = {
		{ "gap.mx <= 1", "f.ktstr:7:12: no metric \"gap.mx\"; did you mean gap.max?" },
		{ "  max_gap_ms <= 1", "f.ktstr:7:14: no metric \"max_gap_ms\"; did you mean gap.max?" },
		{ "nonsense",
		  "f.ktstr:7:12: no metric \"nonsense\"; \"Expectations\" in docs/scenarios.md lists them" },
		{ "<= 1", "f.ktstr:7:12: a metric is missing here, as in \"gap.max <= 200ms\"" },
		{ "gap.max", "f.ktstr:7:19: gap.max needs a limit: one of <= >= < > == and a value, or \"off\"" },
		{ "gap.max <=", "f.ktstr:7:22: a limit is missing here" },
		{ "gap.max <= 1 parsec", "f.ktstr:7:25: not a unit of gap.max, which is in ms" },
		{ "fairness >= 1 %", "f.ktstr:7:26: not a unit of fairness, which has none" },
		{ "isolated <= 1", "f.ktstr:7:21: isolated holds or does not: it has no limit" },
		{ "attached{a}", "f.ktstr:7:20: attached is about the whole run and has no group" },
		{ "attached@1", "f.ktstr:7:20: attached is about the whole run and has no phases" },
		{ "gap.max{a <= 1", "f.ktstr:7:19: the } of this { is missing" },
		{ "gap.max{} <= 1", "f.ktstr:7:19: the name of a cgroup is missing between { and }" },
		{ "gap.max@0 <= 1", "f.ktstr:7:19: a phase is @1 and up, @settle or @each" },
		{ "gap.max@x <= 1", "f.ktstr:7:19: a phase is @1 and up, @settle or @each" },
		{ "gap.max <= 2 * gap.max",
		  "f.ktstr:7:34: \"of eevdf\", \"of base\" or \"of\" a profile is missing here" },
		{ "gap.max <= 2 * gap.max of ",
		  "f.ktstr:7:35: \"of eevdf\", \"of base\" or \"of\" a profile is missing here" },
		{ "gap.max <= rate of a", "f.ktstr:7:23: gap.max and rate are in different units" },
		{ "rate >= isolated of a", "f.ktstr:7:20: isolated has no figure to compare with" },
		{ "rate >= 1 2", "f.ktstr:7:22: not a unit of rate, which is in /s" },
		{ "isolated off off", "f.ktstr:7:25: this is too much behind an expectation" },
		{ "log \"x\"", "f.ktstr:7:16: log has \"TEXT\" or log lacks \"TEXT\" is expected" },
		{ "log has \"x", "f.ktstr:7:20: the \" that ends this text is missing" },
		{ "log has \"\"", "f.ktstr:7:20: an empty text is in every log" },
		{ "iterations >= 1e30", "f.ktstr:7:27: not a unit of iterations, which has none" },
		{ "iterations >= 1000000000000000000000", "f.ktstr:7:26: a number of at most 1e18 is expected" },
		{ "isolated\n  gap.mx off", "f.ktstr:8:3: no metric \"gap.mx\"; did you mean gap.max?" },
		{ "isolated\x01", "f.ktstr:7:12: a control character is in this line" },
	};

	(void)state;
	for (size_t i = 0; i < countof(cases); i++) {
		auto_expectations struct expectations x = { 0 };
		const struct expect_place at = { "f.ktstr", 7, 12 };
		struct err e = { 0 };

		assert_int_equal(expectations_add(&x, LAYER_TEST, cases[i][0], strlen(cases[i][0]), &at, &e), -1);
		assert_string_equal(e.msg, cases[i][1]);
		assert_int_equal(e.code, X_USAGE);
		assert_int_equal(x.n, 0);
	}
}

static void defaults(void **state)
{
	auto_expectations struct expectations x = { 0 }, without = { 0 };

	(void)state;
	expectations_default(&x, true);
	is(&x, "attached; clean; progress; gap.max <= 2000000000ns; reaped <= 2000000000ns");
	expectations_default(&without, false);
	is(&without, "clean; progress; gap.max <= 2000000000ns; reaped <= 2000000000ns");
}

static void layers(void **state)
{
	auto_expectations struct expectations x = { 0 };

	(void)state;
	expectations_default(&x, true);
	add(&x, LAYER_SCHEDULER, "gap.max <= 500\nspread <= 10\nprogress off");
	is(&x, "attached; clean; gap.max <= 500000000ns; reaped <= 2000000000ns; spread <= 10 %");
	/* Another group or phase is another expectation. */
	add(&x, LAYER_TEST, "gap.max{a} <= 300\ngap.max@2 <= 100");
	is(&x, "attached; clean; gap.max <= 500000000ns; reaped <= 2000000000ns; spread <= 10 %; gap.max{a} <= "
	       "300000000ns; gap.max@2 <= 100000000ns");
	/* Whatever the operator: a later layer wins. */
	add(&x, LAYER_TEST, "spread >= 5");
	add(&x, LAYER_COMMAND, "reaped off\nattached off");
	is(&x, "clean; gap.max <= 500000000ns; spread >= 5 %; gap.max{a} <= 300000000ns; gap.max@2 <= 100000000ns");
	/* Off in all groups and phases, unless they are named. */
	add(&x, LAYER_COMMAND, "gap.max off");
	is(&x, "clean; spread >= 5 %");
	add(&x, LAYER_COMMAND, "gap.max <= 1s\ngap.max{a} off");
	is(&x, "clean; spread >= 5 %; gap.max <= 1000000000ns; gap.max{a} off");
}

static void within_a_layer(void **state)
{
	auto_expectations struct expectations x = { 0 };

	(void)state;
	add(&x, LAYER_TEST, "rate >= 10\nrate <= 20\nrate >= 0.5 * rate of eevdf");
	is(&x, "rate >= 10/s; rate <= 20/s; rate >= 0.5 * rate of eevdf");
	add(&x, LAYER_TEST, "rate > 11");
	is(&x, "rate > 11/s; rate <= 20/s; rate >= 0.5 * rate of eevdf");
	add(&x, LAYER_COMMAND, "rate >= 1");
	is(&x, "rate >= 1/s");
	add(&x, LAYER_COMMAND, "log has \"a\"\nlog lacks \"b\"\nlog lacks \"a\"");
	is(&x, "rate >= 1/s; log lacks \"a\"; log lacks \"b\"");
	add(&x, LAYER_COMMAND, "log has \"b\" off\nmonitor\nmonitor off");
	is(&x, "rate >= 1/s; log lacks \"a\"");
}

static void named_groups(void **state)
{
	static const char *const groups[] = { "left", "right" };
	auto_expectations struct expectations x = { 0 };
	const struct expect_place at = { NULL, 3, 1 };
	struct err e = { 0 };
	static const char good[] = "spread{left} <= 1\nrate{right}@2 >= rate{left}@1 of base";
	static const char bad_group[] = "isolated{lefty}", bad_phase[] = "isolated@3";

	(void)state;
	assert_int_equal(expectations_add(&x, LAYER_TEST, good, strlen(good), &at, &e), 0);
	assert_int_equal(expectations_check(&x, groups, 2, 2, "f", &e), 0);
	assert_int_equal(expectations_add(&x, LAYER_COMMAND, bad_group, strlen(bad_group), &at, &e), 0);
	assert_int_equal(expectations_check(&x, groups, 2, 2, "f", &e), -1);
	assert_string_equal(e.msg, "f:3:1: no cgroup \"lefty\" in this test; did you mean \"left\"?");
	add(&x, LAYER_COMMAND, "isolated off");
	assert_int_equal(expectations_add(&x, LAYER_COMMAND, bad_phase, strlen(bad_phase), &at, &e), 0);
	assert_int_equal(expectations_check(&x, groups, 2, 2, NULL, &e), -1);
	assert_string_equal(e.msg, "line 3:1: @3, and this test has 2 phases: each \"hold\" ends one");
}

static void others(void **state)
{
	auto_expectations struct expectations x = { 0 };

	(void)state;
	add(&x, LAYER_TEST, "rate >= rate of eevdf\nspread <= spread of base\niterations >= iterations of eevdf");
	auto_free const char **v = expectations_others(&x);

	assert_string_equal(v[0], "base");
	assert_string_equal(v[1], "eevdf");
	assert_null(v[2]);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(metrics),      cmocka_unit_test(lines),  cmocka_unit_test(mistakes),
		cmocka_unit_test(defaults),     cmocka_unit_test(layers), cmocka_unit_test(within_a_layer),
		cmocka_unit_test(named_groups), cmocka_unit_test(others),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
