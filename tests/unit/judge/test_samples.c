/* test_samples.c: samples of run queues: read, judged, summed up and put into words. */
#include "base/err.h"
#include "base/mem.h"
#include "judge/figure.h"
#include "judge/judge.h"
#include "judge/report/report.h"
#include "judge/report/sidecar.h"
#include "judge/sight.h"
#include "judge/summary.h"
#include <setjmp.h>
#include <stdarg.h>
#include <stdint.h>

#include <cmocka.h>

enum { SAMPLES = 12, EVERY_MS = 100 };

/* One with what is the same in all of them. */
#define SAMPLE(nr, local, clock, waits) \
	"{\"nr\":[" nr "],\"local\":[" local "],\"clock\":[" clock \
	"],\"curr\":[11,0,0,-1],\"dsqs\":[{\"id\":2,\"nr\":3,\"pid\":12}]," waits "}"
#define NOBODY "\"waiting\":0,\"tasks\":[],\"idle\":[]"
#define SOMEBODY(pid, ns, ticks) \
	"\"waiting\":3,\"tasks\":[{\"pid\":" pid ",\"comm\":\"w\",\"cpu\":1,\"ns\":" ns ",\"ticks\":" ticks \
	",\"dsq\":2,\"cpus\":\"0-2\"}],\"idle\":[[1,0]]"

/* Settle until 200 ms, phase 1 to 700 ms, phase 2 to the end. Worker 1 of a may use 0 to 2, worker 2 of b all four. */
static struct facts facts_of(const char *const sample[SAMPLES])
{
	struct facts f;
	struct err e = { 0 };
	char *text;
	size_t n;
	FILE *to = xmemstream(&text, &n);

	fputs("{\"format\":1,\"clock\":\"virtual\",\"seed\":1,\"outcome\":\"ran\",\"tick_ns\":4000000,\"cpus\":4,\"marks\":["
	      "{\"name\":\"settle\",\"ns\":0},{\"name\":\"phase 1\",\"ns\":200000000},{\"name\":\"phase 2\",\"ns\":700000000},"
	      "{\"name\":\"end\",\"ns\":1300000000}],\"workers\":[",
	      to);
	for (int i = 1; i <= 2; i++)
		fprintf(to,
			"%s{\"id\":%d,\"type\":\"spin\",\"group\":\"%s\",\"pid\":%d,\"allowed\":\"%s\",\"phases\":[{\"wall_ns\":1},"
			"{\"wall_ns\":500000000,\"iterations\":%d,\"gap_ns\":0},{\"wall_ns\":600000000,\"iterations\":5,\"gap_ns\":450000000,"
			"\"gap_at_ns\":700000000,\"gap_cpu\":1}]}",
			i > 1 ? "," : "", i, i > 1 ? "b" : "a", 10 + i, i > 1 ? "0-3" : "0-2", i);
	fputs("],\"sampled_ns\":[", to);
	for (int i = 0; i < SAMPLES; i++)
		fprintf(to, "%s%d", i ? "," : "", (i + 1) * EVERY_MS * 1000000);
	fputs("],\"samples\":[", to);
	for (int i = 0; i < SAMPLES; i++)
		fprintf(to, "%s%s", i ? "," : "", sample[i]);
	fputs("]}", to);
	fclose(to);
	if (facts_read(&f, text, n, &e) < 0)
		fail_msg("%s: %s", e.msg, text);
	free(text);
	/* Clocks go on where nothing else is said. */
	for (int i = 0; i < SAMPLES; i++)
		if (f.samples.v[i].clock.n && f.samples.v[i].clock.v[0] == 1)
			f.samples.v[i].clock.v[0] = 100 + i;
	return f;
}

#define CALM SAMPLE("1,0,1,9", "0,0,0,0", "1,2,3,4", NOBODY)

static struct figure of(const struct facts *f, enum metric_id id, const char *group, int phase)
{
	const struct selection s = { .facts = f, .group = group, .phase = phase };

	return figure(metric_get(id), NULL, &s);
}

static void test_imbalance(void **state)
{
#define HEAVY SAMPLE("6,1,2,9", "0,0,0,0", "1,2,3,4", NOBODY)
#define HEAVIER SAMPLE("0,0,8,9", "0,0,0,0", "1,2,3,4", NOBODY)
	const char *v[SAMPLES] = { HEAVIER, HEAVIER, CALM,  HEAVY,   HEAVY, HEAVIER,
				   HEAVY,   HEAVY,   HEAVY, HEAVIER, CALM,  "null" };
	auto_facts struct facts f = facts_of(v);

	(void)state;
	struct figure g = of(&f, METRIC_IMBALANCE, "a", PHASE_ALL);

	/* Six in a row have six times as many somewhere; CPU 3 is offline, and the lonely 8 last no five samples. */
	assert_true(g.has && g.v == 6 && g.cpu == 0);
	assert_int_equal(g.from_ns, 400000000);
	assert_int_equal(g.sample->ns, 800000000);
	assert_true(of(&f, METRIC_IMBALANCE, "b", PHASE_ALL).v == 6);
	/* Phase 1 has four that are behind the first two. */
	g = of(&f, METRIC_IMBALANCE, "a", 1);
	assert_false(g.has);
	assert_non_null(strstr(g.why, "fewer than five"));
	g = of(&f, METRIC_IMBALANCE, "nobody", PHASE_ALL);
	assert_true(g.none);
	struct samples_summary s = samples_summary(&f);

	assert_int_equal(s.n, 9);
	assert_true(s.max_imbalance == 8);
	assert_false(s.stall);
}

/* Lines that attach have two samples behind them left out, and those meanwhile; others have not, and it was there for nobody to see when they
 * were before the run. */
static void test_attached_later(void **state)
{
	static const struct {
		const char *what;
		uint64_t ns, took_ns;
		const char *failed;
		size_t left;
	} cases[] = {
		{ "attach", 0, 900000000, NULL, 9 },
		{ "restart", 450000000, 1000000, NULL, 7 },
		{ "attach", 450000000, 100000000, NULL, 6 },
		{ "replace", 500000000, 1, NULL, 6 },
		{ "attach", 1050000000, 1, NULL, 8 },
		{ "detach", 450000000, 1000000, NULL, 9 },
		{ "attach", 450000000, 1000000, "it is there", 9 },
		{ "attach", 250000000, 1, NULL, 7 },
		{ "attach", 1, UINT64_MAX - 1, NULL, 0 },
	};

	(void)state;
	for (size_t i = 0; i < sizeof(cases) / sizeof(*cases); i++) {
		const char *v[SAMPLES] = { CALM, CALM, CALM, CALM, CALM, CALM, CALM, CALM, CALM, CALM, CALM, "null" };
		auto_facts struct facts f = facts_of(v);

		f.favours = xcalloc(1, sizeof(*f.favours));
		f.n_favours = 1;
		*f.favours = (struct facts_favour){ .what = xstrdup(cases[i].what),
						    .failed = cases[i].failed ? xstrdup(cases[i].failed) : NULL,
						    .ns = cases[i].ns,
						    .took_ns = cases[i].took_ns };
		if (samples_summary(&f).n != cases[i].left)
			fail_msg("case %zu: %zu", i, samples_summary(&f).n);
	}
}

static void test_depth(void **state)
{
#define DEEP(n) SAMPLE("1,1,1,1", "0," n ",0,0", "1,2,3,4", NOBODY)
	const char *v[SAMPLES] = { DEEP("99"), DEEP("99"), DEEP("99"), DEEP("60"), DEEP("99"), DEEP("61"),
				   DEEP("62"), DEEP("99"), DEEP("3"),  DEEP("99"), CALM,       CALM };
	auto_facts struct facts f = facts_of(v);
	struct figure g = of(&f, METRIC_DSQ_DEPTH, NULL, PHASE_ALL);

	(void)state;
	assert_true(g.has && g.v == 60 && g.cpu == 1);
	assert_int_equal(samples_summary(&f).max_local, 99);
}

static void test_waits(void **state)
{
	const char *v[SAMPLES] = {
		SAMPLE("1,0,1,0", "0,0,0,0", "1,2,3,4", SOMEBODY("11", "900000000", "1")), /* too early */
		CALM,
		CALM,
		SAMPLE("1,0,1,0", "0,0,0,0", "2,2,3,4", SOMEBODY("12", "30000000", "8")),
		CALM,
		SAMPLE("1,0,1,0", "0,0,0,0", "3,2,3,4", SOMEBODY("11", "50000000", "2")),
		SAMPLE("1,0,1,0", "0,0,0,0", "4,2,3,4", SOMEBODY("12", "20000000", "6")),
		SAMPLE("1,0,1,0", "0,0,0,0", "5,2,3,4", SOMEBODY("12", "120000000", "61")),
		CALM,
		SAMPLE("1,0,1,0", "0,0,0,0", "6,2,3,4", SOMEBODY("77", "70000000", "3")),
		CALM,
		CALM,
	};
	auto_facts struct facts f = facts_of(v);
	struct figure g = of(&f, METRIC_WAIT_AGE, NULL, PHASE_ALL);

	(void)state;
	/* The watchdog's count is older than the last time that it was put into a queue. */
	assert_true(g.has && g.v == 240e6);
	assert_int_equal(g.sample->ns, 800000000);
	assert_int_equal(g.from_ns, 560000000);
	/* Idle at 600, 700 and 800 ms, and the last of them waited for longer than that. */
	g = of(&f, METRIC_IDLE_WHILE_WAITING, NULL, PHASE_ALL);
	assert_true(g.has && g.v == 200e6 && g.cpu == 1 && g.task->pid == 12);
	assert_int_equal(g.from_ns, 600000000);
	assert_true(of(&f, METRIC_IDLE_WHILE_WAITING, NULL, 1).v == 50e6 ||
		    of(&f, METRIC_IDLE_WHILE_WAITING, NULL, 1).v == 0);
	auto_free char *seen = sight_of_wait(&f, facts_worker(&f, 2), 700000000, 1150000000);

	assert_string_equal(
		seen,
		"at +0.800 s: cpu1 idle, DSQ 2 held worker 2 (spin in b) for 240 ms, the oldest of 3 that waited");
	auto_free char *any = sight_of_wait(&f, NULL, 0, UINT64_MAX);

	assert_string_equal(
		any, "at +0.100 s: cpu1 idle, DSQ 2 held worker 1 (spin in a) for 900 ms, the oldest of 3 that waited");
	assert_null(sight_of_wait(&f, facts_worker(&f, 1), 700000000, 1150000000));
}

static void judged(const struct facts *f, const char *line, enum judgement want, const char *words, const char *sight)
{
	auto_expectations struct expectations x = { 0 };
	auto_verdict struct ruling v = { 0 };
	const struct judge_run run = { .seed = 1, .facts = f, .kernel_log = "", .kernel_log_n = 0 };
	const struct judge_request r = { .test = "t", .expectations = &x };
	auto_judging struct judging j = { 0 };
	struct err e = { 0 };

	expectations_default(&x, true);
	if (expectations_add(&x, LAYER_TEST, line, strlen(line), NULL, &e) < 0 || judge_begin(&j, &r, &e) < 0)
		fail_msg("%s", e.msg);
	judge_add(&j, &run);
	judge_end(&j, &v);
	const struct verdict_check *first = &v.checks[v.n_checks - 1];

	for (size_t i = 0; i < v.n_checks; i++)
		if (!strncmp(v.checks[i].words, words, 6))
			first = &v.checks[i];
	if (first->verdict != want || strcmp(first->words, words) != 0)
		fail_msg("%s: %s: \"%s\", not \"%s\"", line, judgement_names[first->verdict], first->words, words);
	if (sight ? !first->sight || strcmp(first->sight, sight) != 0 : first->sight != NULL)
		fail_msg("%s: \"%s\"", line, first->sight ? first->sight : "(none)");
}

static void test_words(void **state)
{
#define STANDS SAMPLE("5,1,1,0", "0,70,0,0", "7,2,3,4", SOMEBODY("12", "398000000", "3"))
	const char *v[SAMPLES] = { CALM, CALM, CALM, CALM, CALM, STANDS, STANDS, STANDS, STANDS, STANDS, CALM, CALM };
	const char *none[SAMPLES] = { "null", "null", "null", "null", "null", "null",
				      "null", "null", "null", "null", "null", "null" };
	auto_facts struct facts f = facts_of(v), empty = facts_of(none);

	(void)state;
	judged(&f, "imbalance{b} <= 4", JUDGED_FAIL, "imbalance{b} 5 > 4: cpu0 had 5 tasks from +0.600 s to +1.000 s",
	       NULL);
	judged(&f, "dsq.depth <= 50", JUDGED_FAIL, "dsq.depth 70 > 50: the local DSQ of cpu1 from +0.600 s to +1.000 s",
	       NULL);
	judged(&f, "wait.age <= 100ms", JUDGED_FAIL,
	       "wait.age 398 ms > 100 ms: worker 2 (spin in b) waited in DSQ 2 at +0.600 s", NULL);
	judged(&f, "idle.while.waiting <= 100ms", JUDGED_FAIL,
	       "idle.while.waiting 398 ms > 100 ms: cpu1 idle, and worker 2 (spin in b) waited in DSQ 2 from +0.602 s to +1.000 s",
	       NULL);
	judged(&f, "rq.stuck", JUDGED_FAIL,
	       "rq.stuck: the clock of cpu0's run queue stood still from +600 ms to +1000 ms, while task 11 ran there",
	       NULL);
	judged(&f, "gap.max{b} <= 100ms", JUDGED_FAIL,
	       "gap.max{b} 450 ms > 100 ms: worker 2 (spin) waited for cpu1 from +0.700 s, phase 2",
	       "at +1.000 s: cpu1 idle, DSQ 2 held worker 2 (spin in b) for 398 ms, the oldest of 3 that waited");
	judged(&empty, "dsq.depth <= 50", JUDGED_INCONCLUSIVE, "dsq.depth: no sample was taken there", NULL);
	/* A look that nobody can tell the time of makes all of them useless. */
	f.samples.n_ns--;
	samples_settle(&f.samples);
	judged(&f, "dsq.depth <= 50", JUDGED_INCONCLUSIVE, "dsq.depth: 12 samples were taken at 11 times", NULL);
	empty.samples.known = false;
	judged(&empty, "rq.stuck", JUDGED_INCONCLUSIVE,
	       "rq.stuck: this run did not look at run queues; --monitor has it do so", NULL);
}

static void test_sidecar(void **state)
{
	const char *v[SAMPLES] = { CALM, CALM, CALM, CALM, CALM, STANDS, STANDS, STANDS, STANDS, STANDS, CALM, CALM };
	auto_facts struct facts f = facts_of(v);
	struct ruling r = { .test = (char *)"t" };
	const struct verdict_seed seed = { 1, JUDGED_PASS, NULL };
	auto_free char *text = NULL;
	size_t n;
	FILE *to = xmemstream(&text, &n);

	(void)state;
	f.marks[1].schedstat_known = f.marks[3].schedstat_known = true;
	f.marks[3].schedstat[SCHEDSTAT_RUN_DELAY] = 2200;
	judge_sidecar(to, &r, &seed, &f);
	fclose(to);
	assert_non_null(strstr(text, "\"total_samples\": 10"));
	assert_non_null(strstr(text, "\"max_imbalance_ratio\": 5,"));
	assert_non_null(strstr(text, "\"max_local_dsq_depth\": 70"));
	assert_non_null(strstr(text, "\"stall_detected\": true"));
	assert_non_null(strstr(text, "\"run_delay_rate\": 2e+03,"));
	assert_null(strstr(text, "event_deltas"));
}

static void test_bad(void **state)
{
	static const char *const bad[] = {
		"\"samples\":[{\"nr\":[\"x\"]}]",
		"\"samples\":[{\"idle\":[[0,0]],\"tasks\":[]}]",
		"\"samples\":[{\"idle\":[[512,0]],\"tasks\":[{}]}]",
		"\"samples\":[{\"idle\":[[0,0,0]],\"tasks\":[{}]}]",
		"\"samples\":[{\"tasks\":[{\"cpus\":\"x\"}]}]",
		"\"samples\":{}",
		"\"sampled_ns\":[-1]",
		"\"looked\":[{\"schedstat\":[[1,2]]}]",
	};

	(void)state;
	for (size_t i = 0; i < countof(bad); i++) {
		auto_free char *text = xasprintf("{\"format\":1,\"outcome\":\"ran\",%s}", bad[i]);
		struct err e = { 0 };
		struct facts f;

		if (facts_read(&f, text, strlen(text), &e) == 0)
			fail_msg("%s was taken", bad[i]);
		assert_int_equal(e.code, X_FAIL);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_imbalance), cmocka_unit_test(test_attached_later), cmocka_unit_test(test_depth),
		cmocka_unit_test(test_waits),     cmocka_unit_test(test_words),          cmocka_unit_test(test_sidecar),
		cmocka_unit_test(test_bad),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
