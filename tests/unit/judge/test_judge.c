/* test_judge.c: runs and expectations to verdicts, and reports of these against tests/golden/judge. BLESS=1 rewrites. Tests run in
 * the project's folder. */
#include "base/err.h"
#include "base/file.h"
#include "base/mem.h"
#include "judge/expect_fail.h"
#include "judge/judge.h"
#include "judge/report/report.h"
#include "judge/report/sidecar.h"
#include <fcntl.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdint.h>

#include <cmocka.h>

#define GOLDEN "tests/golden/judge/"

static const char text[] = "test llc_isolation\n"
			   "cgroup left cpuset=llc:0\n"
			   "cgroup right cpuset=llc:1\n"
			   "work left spin n=100%\n"
			   "work right bursty n=200%\n"
			   "hold 50%\n"
			   "  swap left right   # now\n"
			   "hold 50%\n";

#define HEAD \
	"\"format\":1,\"clock\":\"virtual\",\"shift\":1,\"seed\":11,\"release\":\"7.3.4\",\"topology\":\"1,2,4,1\"," \
	"\"scheduler\":\"scx_mine\",\"cpus\":8,\"tick_ns\":1000000"
#define MARKS \
	"\"marks\":[{\"name\":\"settle\",\"ns\":0},{\"name\":\"phase 1\",\"ns\":200000000,\"line\":6}," \
	"{\"name\":\"phase 2\",\"ns\":1200000000,\"line\":8},{\"name\":\"end\",\"ns\":2200000000}]," \
	"\"lines\":[{\"ns\":1000,\"line\":2},{\"ns\":1166000000,\"line\":7}]"
#define LATENCY \
	",\"latency\":{\"n\":3,\"min_ns\":5000,\"max_ns\":412000000,\"sum_ns\":412010000,\"sq\":1.6974e17," \
	"\"steps\":[[263,2],[785,1]]}"
#define PHASE(wall, cpu, iterations, gap, at, cpus, more) \
	"{\"wall_ns\":" wall ",\"cpu_ns\":" cpu ",\"wait_ns\":50000000,\"turns\":500,\"iterations\":" iterations \
	",\"work\":" iterations "0,\"migrations\":2,\"gap_ns\":" gap ",\"gap_at_ns\":" at \
	",\"gap_cpu\":6,\"gap_cpu_ns\":3000000,\"cpus\":\"" cpus "\"" more "}"
#define WORKER(id, type, group, allowed, p1, p2) \
	"{\"id\":" id ",\"type\":\"" type "\",\"group\":\"" group "\",\"allowed\":\"" allowed \
	"\",\"ended\":\"stopped\",\"reaped_ns\":1000000,\"phases\":[null," p1 "," p2 "]}"
#define SECOND "1000000000"
#define WORKERS(gap) \
	"\"workers\":[" WORKER( \
		"1", "spin", "left", "0-3", PHASE(SECOND, "900000000", "900", "4000000", "300000000", "0", ""), \
		PHASE(SECOND, "800000000", "800", "9000000", "1300000000", "1-3", \
		      "")) "," WORKER("2", "spin", "left", "0-3", \
				      PHASE(SECOND, "700000000", "700", "5000000", "300000000", "0-3", ""), \
				      PHASE(SECOND, "800000000", "800", "5000000", "1300000000", "0-3", \
					    "")) "," WORKER("5", "bursty", "right", "4-7", \
							    PHASE(SECOND, "400000000", "40", "5000000", "300000000", \
								  "4-7", ""), \
							    PHASE(SECOND, "200000000", "20", gap, "1204000000", "4-7", \
								  LATENCY)) "]"

static const char good[] = "{" HEAD ",\"outcome\":\"ran\"," MARKS "," WORKERS("20000000") "}";
static const char gapped[] = "{" HEAD ",\"outcome\":\"ran\"," MARKS "," WORKERS("412000000") "}";
static const char stalled[] =
	"{" HEAD
	",\"outcome\":\"stalled\",\"reason\":\"thrown out by the kernel: runnable task stall (ktstr-bursty[105] failed to run for 4.096s)\","
	"\"exit_kind\":\"SCX_EXIT_ERROR_STALL\",\"exit_code\":1026," MARKS "," WORKERS("412000000") "}";
#define COUNTED(n, ns, e) \
	"\"events\":{\"SCX_EV_SELECT_CPU_FALLBACK\":" e ",\"SCX_EV_DISPATCH_KEEP_LAST\":" n "}," \
	"\"programs\":[{\"name\":\"mine_enqueue\",\"runs\":" n ",\"ns\":" ns ",\"insns\":321}]"
static const char counted[] =
	"{" HEAD ",\"outcome\":\"stalled\",\"host\":{\"accel\":\"kvm\",\"stolen_ns\":5,\"kvm_stats\":{\"per_vcpu\":["
	"{\"exits\":100,\"halt_exits\":7},{\"exits\":50}]}},"
	"\"marks\":[{\"name\":\"settle\",\"ns\":0},{\"name\":\"phase 1\",\"ns\":200000000,\"line\":6," COUNTED(
		"10", "9000", "4") "},"
				   "{\"name\":\"phase 2\",\"ns\":1200000000,\"line\":8," COUNTED(
					   "60", "59000", "5") "},"
							       "{\"name\":\"end\",\"ns\":2200000000," COUNTED(
								       "110", "209000",
								       "25") "}]," WORKERS("412000000") "}";
static const char refused[] = "{" HEAD ",\"outcome\":\"refused\",\"reason\":\"the verifier said no\"}";

static const char over_a_border[] = "{" HEAD ",\"outcome\":\"ran\"," MARKS ",\"workers\":[" WORKER(
	"5", "bursty", "right", "4-7", PHASE(SECOND, "400000000", "40", "5000000", "300000000", "4-7", ""),
	PHASE(SECOND, "200000000", "20", "412000000", "900000000", "4-7", LATENCY)) "]}";

static struct facts facts_of(const char *json)
{
	struct facts f;
	struct err e = { 0 };

	if (facts_read(&f, json, strlen(json), &e) < 0)
		fail_msg("%s", e.msg);
	return f;
}

static void expect(struct expectations *x, const char *lines)
{
	struct err e = { 0 };

	expectations_default(x, true);
	if (expectations_add(x, LAYER_TEST, lines, strlen(lines), NULL, &e) < 0)
		fail_msg("%s", e.msg);
}

static const char quiet_log[] = "[    0.000000] Linux version 7.3.4\n";
static const char warned_log[] =
	"[    0.1] x\n[    2.345678][   T12] WARNING: CPU: 0 PID: 1 at kernel/sched/ext.c:1 f+0x1\n";

static void judged_all(struct ruling *v, struct judge_request *r, const char *lines, const struct judge_run *runs,
		       size_t n)
{
	auto_judging struct judging j = { 0 };
	auto_expectations struct expectations x = { 0 };
	struct err e = { 0 };

	expect(&x, lines);
	r->expectations = &x;
	r->test = "llc_isolation";
	r->text = text;
	if (judge_begin(&j, r, &e) < 0)
		fail_msg("%s", e.msg);
	for (size_t i = 0; i < n; i++)
		judge_add(&j, &runs[i]);
	judge_end(&j, v);
	r->expectations = NULL;
}

static void judged(struct ruling *v, struct judge_request *r, const char *lines, const struct judge_run *run)
{
	judged_all(v, r, lines, run, 1);
}

/* One run, and what the first check that did not pass says. */
static void one(const char *json, const char *lines, const char *expect_fail, enum judgement want, const char *words)
{
	auto_facts struct facts f = facts_of(json);
	auto_verdict struct ruling v = { 0 };
	const struct judge_run run = {
		.seed = 11, .facts = &f, .kernel_log = quiet_log, .kernel_log_n = sizeof(quiet_log) - 1
	};
	struct judge_request r = { .expect_fail = expect_fail };

	judged(&v, &r, lines, &run);
	const struct verdict_check *first = verdict_first(&v);

	if (v.verdict != want || (words && (!first || strcmp(first->words, words) != 0)))
		fail_msg("%s: %s: %s", lines, judgement_names[v.verdict], first ? first->words : "-");
}

static void limits(void **state)
{
	(void)state;
	one(good, "", NULL, JUDGED_PASS, NULL);
	one(gapped, "gap.max <= 200ms", NULL, JUDGED_FAIL,
	    "gap.max{right} 412 ms > 200 ms: worker 5 (bursty) waited for cpu6 from +1.204 s, phase 2, 38 ms after \"swap left "
	    "right\"");
	one(gapped, "gap.max{right}@1 <= 200ms", NULL, JUDGED_PASS, NULL);
	one(gapped, "gap.max@each <= 200ms", NULL, JUDGED_FAIL,
	    "gap.max{right}@2 412 ms > 200 ms: worker 5 (bursty) waited for cpu6 from +1.204 s, phase 2, 38 ms after \"swap "
	    "left right\"");
	one(gapped, "gap.max <= 200ms\ngap.max{right} off", NULL, JUDGED_PASS, NULL);
	one(gapped, "gap.max <= 200ms\ngap.max@2 off", NULL, JUDGED_PASS, NULL);
	one(good, "gap.max <= 4.1ms", NULL, JUDGED_FAIL,
	    "gap.max{right} 20 ms > 4.1 ms: worker 5 (bursty) waited for cpu6 from +1.204 s, phase 2, 38 ms after \"swap left "
	    "right\" (and 2 more workers)");
	one(over_a_border, "gap.max <= 200ms", NULL, JUDGED_FAIL,
	    "gap.max{right} 412 ms > 200 ms: worker 5 (bursty) waited for cpu6 from +0.900 s, phase 1 to phase 2, 899 ms after "
	    "\"cgroup left cpuset=llc:0\"");
	one(good, "iterations >= 100", NULL, JUDGED_FAIL, "iterations{right} 60 < 100: worker 5 (bursty)");
	one(good, "iterations{left} >= 3201", NULL, JUDGED_FAIL, "iterations{left} 3200 < 3201");
	one(good, "iterations{left} > 3199\niterations{left} < 3201", NULL, JUDGED_PASS, NULL);
	one(good, "iterations{left} == 3200", NULL, JUDGED_PASS, NULL);
	one(good, "spread{left} <= 9", NULL, JUDGED_FAIL, "spread{left} 10 % > 9 %");
	one(good, "share.min{left} >= 76", NULL, JUDGED_FAIL, "share.min{left} 75 % < 76 %: worker 2 (spin)");
	one(good, "isolated", NULL, JUDGED_PASS, NULL);
	one(good, "migrations{right} <= 4", NULL, JUDGED_PASS, NULL);
	one(good, "delay.max <= 100us", NULL, JUDGED_INCONCLUSIVE,
	    "delay.max{left} 100 µs against 100 µs: finer than this guest can tell: with several CPUs that is two ticks of its "
	    "kernel, 8 ms at 250 Hz (and 2 more workers)");
}

static void without_a_value(void **state)
{
	(void)state;
	one(good, "spread{right} <= 9", NULL, JUDGED_INCONCLUSIVE, "spread{right}: fewer than two workers were there");
	one(good, "spread <= 50", NULL, JUDGED_INCONCLUSIVE, "spread{right}: fewer than two workers were there");
	one(good, "latency.p99{left} <= 5ms", NULL, JUDGED_INCONCLUSIVE,
	    "latency.p99{left}: no wake-up was timed there");
	one(good, "latency.max <= 500ms", NULL, JUDGED_PASS, NULL);
	one(good, "slack.p99 <= 5ms", NULL, JUDGED_INCONCLUSIVE, "slack.p99: no wake-up was timed there");
	one(good, "monitor", NULL, JUDGED_INCONCLUSIVE,
	    "imbalance{left}: this run did not look at run queues; --monitor has it do so (and 1 more group)");
	one(good, "event.X <= 1", NULL, JUDGED_INCONCLUSIVE, "event.X: this run did not record events of sched_ext");
	one(good, "iterations{none} >= 1", NULL, JUDGED_INCONCLUSIVE, "iterations{none}: this run has no such cgroup");
	one(good, "rate >= rate of eevdf", NULL, JUDGED_INCONCLUSIVE,
	    "rate{left}: the other side came to no run with this seed (and 2 more workers)");
	one(good, "log has \"xyz\"", NULL, JUDGED_INCONCLUSIVE, "log: this run kept no log of the scheduler");
	one(refused, "gap.max <= 1s", NULL, JUDGED_FAIL, "attached: the verifier said no");
	one(refused, "gap.max <= 1s\nattached off", NULL, JUDGED_INCONCLUSIVE, "progress: the scenario did not run");
}

/* Absences that were asked for are no fault; how long an attach took is a figure. */
static void asked_for(void **state)
{
	static const char lines[] =
		"{\"format\": 1, \"clock\": \"virtual\", \"outcome\": \"ran\", \"asked\": ["
		"{\"what\": \"detach\", \"ns\": 1, \"took_ns\": 900000000},"
		"{\"what\": \"attach\", \"ns\": 2, \"took_ns\": 200000000},"
		"{\"what\": \"restart\", \"ns\": 3, \"took_ns\": 300000000}], \"marks\": [], \"workers\": []}";

	(void)state;
	one(lines, "attached\nprogress off\nclean off", NULL, JUDGED_PASS, NULL);
	one(lines, "attach.max < 300ms\nprogress off\nclean off", NULL, JUDGED_FAIL, "attach.max 300 ms >= 300 ms");
	one(good, "attach.max <= 1s", NULL, JUDGED_INCONCLUSIVE,
	    "attach.max: no line of this run had the scheduler attached");
}

static void printed(void **state)
{
	static const char lines[] =
		"{\"format\": 1, \"clock\": \"virtual\", \"outcome\": \"ran\", \"marks\": [], \"workers\": [], \"programs\": ["
		"{\"group\": \"-\", \"values\": {\"qps\": 3}}, {\"group\": \"a\", \"values\": {\"qps\": 4.5}}]}";

	(void)state;
	one(lines, "program.qps == 7.5\nprogress off\nclean off", NULL, JUDGED_PASS, NULL);
	one(lines, "program.qps > 8\nprogress off\nclean off", NULL, JUDGED_FAIL, "program.qps 7.5 <= 8");
	one(lines, "program.tps > 8\nprogress off\nclean off", NULL, JUDGED_INCONCLUSIVE,
	    "program.tps: no program of this run printed such a figure");
}

static void findings(void **state)
{
	auto_facts struct facts f = facts_of(good);
	auto_verdict struct ruling v = { 0 };
	const struct judge_run run = {
		.seed = 1, .facts = &f, .kernel_log = warned_log, .kernel_log_n = sizeof(warned_log) - 1
	};
	struct judge_request r = { 0 };

	(void)state;
	one(stalled, "gap.max off", NULL, JUDGED_FAIL,
	    "attached: thrown out by the kernel: runnable task stall (ktstr-bursty[105] failed to run for "
	    "4.096s) (SCX_EXIT_ERROR_STALL), exit code 1026");
	judged(&v, &r, "", &run);
	assert_int_equal(v.verdict, JUDGED_FAIL);
	assert_string_equal(verdict_first(&v)->words,
			    "clean: the kernel said: WARNING: CPU: 0 PID: 1 at kernel/sched/ext.c:1 f+0x1");

	free(f.workers[0].phases[1].latency);
	f.workers[0].phases[1].v[FACTS_ITERATIONS] = f.workers[0].phases[1].v[FACTS_WORK] = 0;
	f.workers[1].phases[2].v[FACTS_ITERATIONS] = f.workers[1].phases[2].v[FACTS_WORK] = 0;
	f.workers[1].phases[1].v[FACTS_ITERATIONS] = 0; /* part of a long one */
	f.workers[2].phases[2].cpus = (struct cpus){ .bits = { 0xff } };
	auto_verdict struct ruling w = { 0 };

	judged(&w, &r, "clean off\nprogress{left}@1 off\nisolated", &run);
	assert_string_equal(verdict_first(&w)->words,
			    "progress{left}: worker 2 (spin) made no iteration in phase 2 (1000 ms)");
	assert_string_equal(w.checks[w.n_checks - 1].words,
			    "isolated{right}: worker 5 (bursty) ran on cpu0-3 in phase 2; it may use 4-7");
}

static void expected_failures(void **state)
{
	struct err e = { 0 };

	(void)state;
	one(gapped, "gap.max <= 200ms", "gap.max", JUDGED_PASS, NULL);
	one(gapped, "gap.max <= 200ms", "gap.max: worker 5", JUDGED_PASS, NULL);
	one(gapped, "gap.max <= 200ms", "gap.max: worker 6", JUDGED_FAIL,
	    "expected to fail with \"worker 6\", and these words are not in: gap.max{right} 412 ms > 200 ms: worker 5 "
	    "(bursty) waited for cpu6 from +1.204 s, phase 2, 38 ms after \"swap left right\"");
	one(good, "gap.max <= 200ms", "gap.max", JUDGED_FAIL, "expected to fail with gap.max, and did not fail");
	one(stalled, "gap.max <= 200ms", "stalled", JUDGED_FAIL, NULL);
	one(stalled, "gap.max <= 200ms", "stalled,gap.max: runnable task stall", JUDGED_PASS, NULL);
	one(stalled, "gap.max off", "ejected", JUDGED_FAIL, NULL);
	one(good, "slack.p99 <= 1s", "slack.p99", JUDGED_INCONCLUSIVE, NULL);
	assert_int_equal(expect_fail_check("gap.mx", &e), -1);
	assert_string_equal(
		e.msg,
		"expect_fail: \"gap.mx\" is neither a metric nor one of ejected, ended, stalled and refused; did "
		"you mean gap.max?");
	assert_int_equal(expect_fail_check(" : x", &e), -1);
	assert_int_equal(expect_fail_check("stalled, gap.max: x", &e), 0);
}

static void other_side(void **state)
{
	auto_facts struct facts mine = facts_of(good), theirs = facts_of(good);
	const struct judge_other others[] = { { "base", &mine }, { "eevdf", &theirs } };
	const struct judge_run run = {
		.seed = 11, .facts = &mine, .kernel_log = "", .scheduler_log = "", .others = others, .n_others = 2
	};
	struct judge_request r = { 0 };
	auto_verdict struct ruling v = { 0 }, w = { 0 };

	(void)state;
	theirs.workers[0].phases[1].v[FACTS_ITERATIONS] = 5000;
	judged(&v, &r, "iterations{left} >= 0.5 * iterations{left} of eevdf", &run);
	assert_int_equal(v.verdict, JUDGED_FAIL);
	assert_string_equal(verdict_first(&v)->words, "iterations{left} 3200 < 3650 (0.5 * iterations{left} of eevdf)");
	assert_true(verdict_first(&v)->limit == 3650);
	judged(&w, &r, "iterations >= 0.25 * iterations of eevdf\niterations@2 >= iterations@2 of eevdf", &run);
	assert_int_equal(w.verdict, JUDGED_PASS);
}

static void real_time(void **state)
{
	auto_facts struct facts f = facts_of(gapped);
	const struct judge_run run = { .seed = 11, .facts = &f, .kernel_log = "" };
	struct judge_request r = { 0 };
	static const struct {
		const char *accel;
		uint64_t stolen, cpus;
		enum judgement want;
	} cases[] = {
		{ "kvm", 0, 8, JUDGED_FAIL },
		{ "host", 0, 8, JUDGED_FAIL },
		{ "kvm", 300000000, 8, JUDGED_INCONCLUSIVE }, /* it is 212 ms too long */
		{ "kvm", 100000000, 8, JUDGED_FAIL },
		{ "kvm", 150000000, 1, JUDGED_INCONCLUSIVE }, /* more than 5 % of 2.2 s */
		{ "kvm", 100000000, 1, JUDGED_FAIL },
		{ "tcg", 0, 8, JUDGED_INCONCLUSIVE },
	};

	(void)state;
	f.virtual_time = false;
	f.stolen_known = f.end_known = true;
	f.end_ns = 2200000000;
	for (size_t i = 0; i < countof(cases); i++) {
		auto_verdict struct ruling v = { 0 };

		f.accel = (char *)cases[i].accel;
		f.stolen_ns = cases[i].stolen;
		f.cpus = cases[i].cpus;
		judged(&v, &r, "gap.max <= 200ms", &run);
		assert_int_equal(v.verdict, cases[i].want);
	}
	f.accel = NULL;
}

static void verdicts(void **state)
{
	static const struct verdict_rules strict = { 0 }, lenient = { true, false, false },
					  no_skip = { false, true, true };

	(void)state;
	assert_int_equal(judgement_exit(JUDGED_PASS, &strict), 0);
	assert_int_equal(judgement_exit(JUDGED_FAIL, &strict), 1);
	assert_int_equal(judgement_exit(JUDGED_INCONCLUSIVE, &strict), 2);
	assert_int_equal(judgement_exit(JUDGED_INCONCLUSIVE, &lenient), 0);
	assert_int_equal(judgement_exit(JUDGED_SKIP, &strict), 0);
	assert_int_equal(judgement_exit(JUDGED_SKIP, &no_skip), 1);
	assert_int_equal(judgement_exit(JUDGED_BROKEN, &strict), 6);
	assert_int_equal(judgement_exit(JUDGED_BROKEN, &no_skip), 5);
	assert_int_equal(judgement_worse(JUDGED_SKIP, JUDGED_PASS), JUDGED_PASS);
	assert_int_equal(judgement_worse(JUDGED_FAIL, JUDGED_BROKEN), JUDGED_BROKEN);
}

static char *written(void (*write)(FILE *, const void *), const void *what)
{
	char *out;
	size_t n;
	FILE *f = xmemstream(&out, &n);

	write(f, what);
	fclose(f);
	return out;
}

static void write_verdict(FILE *f, const void *v)
{
	verdict_write(f, v);
}

static void same_as_golden(const char *name, const char *got)
{
	auto_free char *path = xasprintf(GOLDEN "%s", name), *want = NULL;
	struct err e = { 0 };
	size_t n;

	if (getenv("BLESS"))
		assert_true(file_write(AT_FDCWD, path, got, strlen(got), &e) >= 0);
	if (file_read(AT_FDCWD, path, 1 << 20, &want, &n, &e) < 0)
		fail_msg("%s", e.msg);
	if (n != strlen(got) || memcmp(got, want, n) != 0)
		fail_msg("%s: not what is wanted:\n%s", name, got);
}

/* Eight seeds: one fails, one came to nothing it could say. */
static void reports(void **state)
{
	auto_facts struct facts ok = facts_of(good), bad = facts_of(gapped), stall = facts_of(stalled);
	struct judge_run runs[8];
	struct judge_request r = { .kernel = "7.3.4",
				   .topology = "1,2,4,1",
				   .preset = "smt-2llc",
				   .profile = "llc+steal",
				   .scheduler = "scx_mine",
				   .again = "ktstr run llc.ktstr" };
	auto_verdict struct ruling v = { 0 }, s = { 0 }, p = { 0 }, again = { 0 };
	const struct report_log logs[] = { { "kernel", "/c/kernel.log", quiet_log, sizeof(quiet_log) - 1 },
					   { "scheduler", NULL, "started\n\x1b[31mworking\x1b[0m", 24 } };
	struct judge_report report = { &v, NULL, &bad, text, text, logs, 2, 0 };
	struct err e = { 0 };
	char *out;
	size_t n;

	(void)state;
	for (size_t i = 0; i < 8; i++)
		runs[i] = (struct judge_run){ .seed = 8 + i, .facts = i == 3 ? &bad : &ok, .kernel_log = "" };
	judged_all(&v, &r, "isolated\ngap.max <= 200ms\nlatency.p99 <= 500ms", runs, 8);
	FILE *f = xmemstream(&out, &n);

	report_full(f, &report);
	fclose(f);
	same_as_golden("fail.txt", out);
	free(out);

	auto_free char *json = written(write_verdict, &v);

	same_as_golden("fail.json", json);
	if (verdict_read(&again, json, strlen(json), &e) < 0)
		fail_msg("%s", e.msg);
	auto_free char *twice = written(write_verdict, &again);

	assert_string_equal(json, twice);

	runs[0].facts = &stall;
	judged(&s, &r, "gap.max <= 200ms\nslack.p99 <= 1ms", runs);
	report = (struct judge_report){ &s, NULL, &stall, text, text, NULL, 0, 0 };
	f = xmemstream(&out, &n);
	report_full(f, &report);
	fclose(f);
	same_as_golden("stalled.txt", out);
	free(out);

	runs[0].facts = &ok;
	judged(&p, &r, "isolated", runs);
	report = (struct judge_report){ &p, NULL, &ok, text, text, logs, 2, 0 };
	f = xmemstream(&out, &n);
	report_full(f, &report);
	fclose(f);
	same_as_golden("pass.txt", out);
	free(out);
}

/* Everything but commands and the text fits; what a log says has no power over the terminal. */
static void narrow(void **state)
{
	enum { WIDTH = 60 };
	auto_facts struct facts bad = facts_of(gapped);
	const struct judge_run run = { .seed = 11, .facts = &bad, .kernel_log = "" };
	struct judge_request r = { .again = "ktstr run llc.ktstr" };
	static const char log[] =
		"\x1b]0;title\x07short\n"
		"a long line of a scheduler that goes on and on äöü and does not end before column sixty\n\n";
	const struct report_log logs[] = { { "scheduler", NULL, log, sizeof(log) - 1 } };
	auto_verdict struct ruling v = { 0 };
	const struct judge_report report = {
		&v,   "a note that is long enough to be broken where there is a blank, if any",
		&bad, text,
		NULL, logs,
		1,    WIDTH
	};
	auto_free char *out = NULL;
	size_t n;

	(void)state;
	judged(&v, &r, "gap.max <= 200ms", &run);
	FILE *f = xmemstream(&out, &n);

	report_full(f, &report);
	fclose(f);
	assert_null(strchr(out, '\x1b'));
	assert_null(strchr(out, '\x07'));
	assert_non_null(strstr(out, "\n    a long line of a scheduler that goes on and on äöü and …\n"));
	assert_non_null(strstr(out, "\n  phase    cgroup  workers  latency"));
	for (const char *line = out, *next; *line; line = next) {
		size_t len = strcspn(line, "\n"), columns = 0;

		next = line + len + 1;
		for (size_t i = 0; i < len; i++)
			columns += ((unsigned char)line[i] & 0xc0) != 0x80;
		if (columns > WIDTH && strncmp(line, "  again:", 8) != 0)
			fail_msg("%zu columns: %.*s", columns, (int)len, line);
	}
}

static void broken_and_skipped(void **state)
{
	auto_facts struct facts ok = facts_of(good);
	struct judge_run runs[] = { { .seed = 1, .facts = &ok, .kernel_log = "" },
				    { .seed = 2, .without = JUDGED_SKIP, .why = "this kernel lacks X" },
				    { .seed = 3, .why = "the guest panicked before it was ready" } };
	struct judge_request r = { 0 };
	auto_verdict struct ruling v = { 0 }, w = { 0 };

	(void)state;
	judged_all(&v, &r, "", runs, 2);
	assert_int_equal(v.verdict, JUDGED_PASS);
	judged_all(&w, &r, "", runs, 3);
	assert_int_equal(w.verdict, JUDGED_BROKEN);
	assert_null(verdict_first(&w));
	assert_string_equal(verdict_worst_seed(&w)->words, "the guest panicked before it was ready");
}

/* tests/unit/judge/test_sidecar.c reads it as test-stats does. */
static void sidecars(void **state)
{
	auto_facts struct facts f = facts_of(counted);
	const struct judge_run run = { .seed = 11, .facts = &f, .kernel_log = "" };
	struct judge_request r = {
		.kernel = "7.3.4", .topology = "1,2,4,1", .profile = "llc", .scheduler = "scx_mine"
	};
	auto_verdict struct ruling v = { 0 };
	char *out;
	size_t n;

	(void)state;
	judged(&v, &r, "", &run);
	FILE *to = xmemstream(&out, &n);

	judge_sidecar(to, &v, &v.seeds[0], &f);
	fclose(to);
	same_as_golden("sidecar.json", out);
	free(out);

	auto_free char *name = judge_sidecar_name(&v, &v.seeds[0]);

	assert_string_equal(name, "llc_isolation.1_2_4_1.llc.7.3.4.ktstr.json");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(limits),     cmocka_unit_test(without_a_value), cmocka_unit_test(asked_for),
		cmocka_unit_test(printed),    cmocka_unit_test(findings),        cmocka_unit_test(expected_failures),
		cmocka_unit_test(other_side), cmocka_unit_test(real_time),       cmocka_unit_test(verdicts),
		cmocka_unit_test(reports),    cmocka_unit_test(narrow),          cmocka_unit_test(broken_and_skipped),
		cmocka_unit_test(sidecars),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
