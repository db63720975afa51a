/* fuzz_facts.c: any text as run.json. What is taken is written and read again to the same, is judged and reported, and no figure of it
 * is anything but a finite number. */
#include "fuzz.h"

#include "judge/figure.h"
#include "judge/facts/difference.h"
#include "judge/judge.h"
#include "judge/report/report.h"
#include "judge/report/sidecar.h"
#include <math.h>

static const char seed[] =
	"{\"format\":1,\"clock\":\"virtual\",\"seed\":11,\"topology\":\"1,2,4,1\",\"scheduler\":\"s\",\"cpus\":8,\"outcome\":\"ejected\","
	"\"reason\":\"r\",\"exit_kind\":\"k\",\"exit_code\":-5,\"host\":{\"accel\":\"kvm\",\"stolen_ns\":7},\"reaped_ns\":9,\"end_ns\":10,"
	"\"marks\":[{\"name\":\"settle\",\"ns\":0,\"events\":{\"b\":2}},{\"name\":\"phase 1\",\"ns\":5,\"line\":4,\"programs\":"
	"[{\"name\":\"p\",\"runs\":3,\"ns\":9}],\"vars\":{\"x\":-1.5},\"events\":{\"b\":3}},{\"name\":\"end\",\"ns\":9,\"events\":{\"b\":5}}],"
	"\"looked\":[{\"events\":{\"b\":1},\"schedstat\":[[1,0,2,3,4,5,6,7,8]],\"programs\":[{\"name\":\"p\",\"runs\":1,\"ns\":2}]},null],"
	"\"sampled_ns\":[1,2,5,6,7,8,9],\"unlooked\":\"why\",\"samples\":[null,null,{\"nr\":[1,2],\"scx\":[0,1],\"flags\":[1,1],\"local\":"
	"[0,3],\"clock\":[5,6],\"curr\":[0,7],\"dsqs\":[{\"id\":2,\"nr\":3,\"pid\":7}],\"waiting\":2,\"tasks\":[{\"pid\":7,\"comm\":\"w\","
	"\"cpu\":1,\"ns\":4,\"ticks\":2,\"dsq\":2,\"cpus\":\"0-1\"}],\"idle\":[[0,0]]},{\"nr\":[1,2],\"clock\":[5,6],\"curr\":[0,7]},"
	"{\"nr\":[3,2],\"clock\":[5,6],\"curr\":[1,7]},{\"nr\":[3,2],\"clock\":[5,6],\"curr\":[1,7]},{\"nr\":[3,2],\"clock\":[5,6],"
	"\"curr\":[1,7],\"tasks\":[]}],"
	"\"lines\":[{\"ns\":1,\"line\":2}],\"refused\":[{\"what\":\"m\",\"error\":\"e\",\"line\":4,\"times\":2}],"
	"\"cgroups\":[{\"name\":\"a\",\"cpus\":\"0-3,8\",\"cpu_stat\":[{\"usage_usec\":5},null]}],"
	"\"workers\":[{\"id\":1,\"type\":\"spin\",\"group\":\"a\",\"line\":3,\"allowed\":\"0\",\"ended\":\"unreaped\",\"phases\":[null,"
	"{\"wall_ns\":1,\"cpu_ns\":2,\"wait_ns\":3,\"turns\":4,\"iterations\":5,\"work\":6,\"migrations\":7,\"gap_ns\":8,\"gap_at_ns\":9,"
	"\"gap_cpu\":3,\"gap_cpu_ns\":4,\"cpus\":\"2\",\"allowed\":\"1\",\"latency\":{\"n\":3,\"min_ns\":5,\"max_ns\":100,\"sum_ns\":110,"
	"\"sq\":10050,\"steps\":[[5,2],[82,1]]}}]},{\"id\":2,\"group\":\"a\",\"phases\":[{\"wall_ns\":600000000,\"iterations\":0}]}]}";

static const char lines[] =
	"isolated\ngap.max@each <= 1\nspread <= 1\nfairness >= 1\nshare.min > 50\niterations >= 0.5 * iterations of eevdf\nrate > 1\n"
	"efficiency > 1\nrate.cv < 1\nefficiency.cv < 1\nlatency.p50 < 1\nlatency.p99{a} < 1\nlatency.cv < 1\ndelay.mean < 9s\n"
	"delay.max < 9s\nslack.p99 < 1\nmigrations < 9\nmigration.ratio < 1\nmonitor\nevent.b == 0\nevent.b.rate < 1\nprog.*.ns < 1\n"
	"prog.p.runs < 1\nvar.x > 0\nlog has \"x\"\nlog lacks \"y\"\nprogress@2 off\ngap.cpu <= 1";

int LLVMFuzzerInitialize(int *argc, char ***argv)
{
	(void)argc, (void)argv;
	fuzz_seed("run", seed, sizeof(seed) - 1);
	return 0;
}

static char *written(const struct facts *f, size_t *n)
{
	char *text;
	FILE *to = xmemstream(&text, n);

	facts_write(to, f);
	fclose(to);
	return text;
}

static void figures(const struct facts *f)
{
	for (int i = 0; i < METRIC_LOG; i++) {
		const struct metric *m = metric_get((enum metric_id)i);

		for (int phase = PHASE_ALL; phase <= 2 && !m->finding; phase++) {
			const struct selection s = { .facts = f, .phase = phase };
			struct figure x = figure(m, m->named ? "*" : NULL, &s);

			MUST(x.has ? isfinite(x.v) : x.why != NULL);
		}
	}
}

static void judged(const struct facts *f)
{
	static const struct expect_place at = { "f", 1, 1 };
	auto_expectations struct expectations x = { 0 };
	auto_verdict struct ruling v = { 0 }, again = { 0 };
	const struct judge_other other = { "eevdf", f };
	const struct judge_run run = {
		.seed = f->seed, .facts = f, .kernel_log = "BUG: x", .kernel_log_n = 6, .others = &other, .n_others = 1
	};
	struct judge_request r = { .expectations = &x, .text = "a\nb\n", .expect_fail = "gap.max,stalled" };
	auto_judging struct judging j = { 0 };
	struct judge_report report = { .facts = f, .ran = "a\nb\n", .verdict = &v };
	auto_free char *text = NULL;
	struct err e = { 0 };
	size_t n;
	FILE *to;

	expectations_default(&x, true);
	MUST(expectations_add(&x, LAYER_TEST, lines, sizeof(lines) - 1, &at, &e) == 0);
	MUST(judge_begin(&j, &r, &e) == 0);
	judge_add(&j, &run);
	judge_add(&j, &run);
	judge_end(&j, &v);
	to = xmemstream(&text, &n);
	verdict_write(to, &v);
	fclose(to);
	MUST(verdict_read(&again, text, n, &e) == 0);
	to = fopen("/dev/null", "we");
	MUST(to);
	report_full(to, &report);
	judge_sidecar(to, &v, &v.seeds[0], f);
	fclose(to);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t n)
{
	auto_facts struct facts f = { 0 }, again = { 0 };
	auto_free char *one = NULL, *two = NULL;
	struct err e = { 0 };
	size_t n_one, n_two;

	if (facts_read(&f, (const char *)data, n, &e) < 0) {
		must_say_why(&e);
		return 0;
	}
	one = written(&f, &n_one);
	MUST(facts_read(&again, one, n_one, &e) == 0);
	two = written(&again, &n_two);
	MUST(n_one == n_two && !memcmp(one, two, n_one));
	MUST(!facts_difference(&f, &again));
	figures(&f);
	judged(&f);
	return 0;
}
