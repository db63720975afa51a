/* test_facts.c: run.json read and written, and what is no run.json. */
#include "base/err.h"
#include "base/mem.h"
#include "judge/facts/facts.h"
#include <setjmp.h>
#include <stdarg.h>
#include <stdint.h>

#include <cmocka.h>

static char *written(const struct facts *f)
{
	char *text;
	size_t n;
	FILE *to = xmemstream(&text, &n);

	facts_write(to, f);
	fclose(to);
	return text;
}

static const char whole[] =
	"{\"format\": 1, \"clock\": \"virtual\", \"shift\": 1, \"seed\": 11, \"release\": \"7.3.4\", \"unknown\": [1, {}],"
	" \"topology\": \"1,2,4,1\", \"profile\": \"llc\", \"scheduler\": \"scx_mine\", \"outcome\": \"ejected\","
	" \"reason\": \"it \\u001b[31mwas\", \"exit_kind\": \"SCX_EXIT_ERROR\", \"exit_code\": -5, \"tick_ns\": 1000000,"
	" \"host\": {\"accel\": \"kvm\", \"stolen_ns\": 7}, \"cpus\": 8, \"reaped_ns\": 9, \"end_ns\": 10,"
	" \"marks\": [{\"name\": \"settle\", \"ns\": 0, \"events\": {\"b\": 2, \"a\": 1}},"
	"  {\"name\": \"phase 1\", \"ns\": 5, \"line\": 4, \"programs\": [{\"name\": \"p\", \"runs\": 3, \"ns\": 9}],"
	"   \"vars\": {\"x\": -1.5}}],"
	" \"lines\": [{\"ns\": 1, \"line\": 2}],"
	" \"refused\": [{\"what\": \"move\", \"error\": \"No space\", \"line\": 4, \"times\": 2}],"
	" \"restarts\": 2, \"asked\": [{\"what\": \"attach\", \"line\": 5, \"ns\": 0, \"took_ns\": 70, \"failed\": \"late\"},"
	"  {\"what\": \"replace\", \"profile\": \"llc\", \"line\": 6, \"ns\": 80, \"took_ns\": 9}],"
	" \"programs\": [{\"group\": \"-\", \"line\": 3, \"pid\": 7, \"ended\": \"exited 0\", \"values\": {\"b\": 2.5, \"a\": 1}}],"
	" \"cgroups\": [{\"name\": \"a\", \"cpus\": \"0-3,8\", \"cpu_stat\": [{\"usage_usec\": 5}, null]}],"
	" \"workers\": [{\"id\": 2, \"group\": \"b\", \"phases\": []},"
	"  {\"id\": 1, \"type\": \"spin\", \"group\": \"a\", \"comm\": \"spin\", \"line\": 3, \"pid\": 100, \"allowed\": \"0\","
	"   \"ended\": \"stopped\", \"reaped_ns\": 4, \"error\": null, \"phases\": [null, {\"wall_ns\": 1, \"cpu_ns\": null,"
	"    \"gap_cpu\": 3, \"cpus\": \"\", \"allowed\": \"1\", \"latency\": {\"n\": 3, \"min_ns\": 5, \"max_ns\": 100,"
	"    \"sum_ns\": 110, \"sq\": 10050, \"steps\": [[5, 2], [82, 1]]}}]}]}";

static void read_and_written(void **state)
{
	auto_facts struct facts f = { 0 }, again = { 0 };
	struct err e = { 0 };

	(void)state;
	if (facts_read(&f, whole, strlen(whole), &e) < 0)
		fail_msg("%s", e.msg);
	assert_int_equal(f.n_workers, 2);
	assert_int_equal(f.workers[0].id, 1);
	assert_int_equal(f.phases, 2);
	assert_false(f.workers[0].phases[0].there);
	const struct facts_phase *p = &f.workers[0].phases[1];

	assert_true(p->there && p->has[FACTS_WALL] && !p->has[FACTS_CPU] && !p->has[FACTS_ITERATIONS]);
	assert_int_equal(p->v[FACTS_GAP_ON], 3);
	assert_true(p->cpus_known && cpus_count(&p->cpus) == 0);
	assert_int_equal(p->latency->n, 3);
	assert_null(p->slack);
	assert_int_equal(cpus_count(&f.cgroups[0].cpus), 5);
	assert_true(f.cgroups[0].stats[0].known && !f.cgroups[0].stats[1].known);
	assert_true(*named_get(&f.marks[0].events, "b") == 2);
	assert_null(named_get(&f.marks[0].events, "c"));
	assert_ptr_equal(facts_phase_mark(&f, 1), &f.marks[1]);
	assert_null(facts_phase_mark(&f, 2));
	assert_ptr_equal(facts_worker(&f, 2), &f.workers[1]);
	assert_null(facts_worker(&f, 3));
	assert_int_equal(f.n_programs, 1);
	assert_true(*named_get(&f.programs[0].values, "b") == 2.5);
	assert_int_equal(f.restarts, 2);
	assert_int_equal(f.n_favours, 2);
	assert_string_equal(f.favours[0].failed, "late");
	assert_null(f.favours[0].profile);
	assert_string_equal(f.favours[1].profile, "llc");
	assert_int_equal(f.favours[1].took_ns, 9);
	assert_true(facts_has_group(&f, "b") && !facts_has_group(&f, "c"));

	auto_free char *one = written(&f);

	if (facts_read(&again, one, strlen(one), &e) < 0)
		fail_msg("%s", e.msg);
	auto_free char *two = written(&again);

	assert_string_equal(one, two);
}

static void broken(void **state)
{
	static const char *const cases[][2] = {
		{ "", "line 1, column 1" },
		{ "[]", "an object is expected, not a list" },
		{ "{}", "outcome is missing" },
		{ "{\"outcome\": \"ran\"} x", "line 1, column 20" },
		{ "{\"outcome\": \"flew\"}", "outcome: ran, ejected … is expected" },
		{ "{\"format\": 2, \"outcome\": \"ran\"}", "format: 2 is one this version cannot read" },
		{ "{\"clock\": 1}", "clock: a string is expected, not a number" },
		{ "{\"seed\": -1}", "seed: -1 is out of range" },
		{ "{\"release\": \"a\\u0000b\"}", "release: a text without NUL" },
		{ "{\"workers\": [{\"id\": 1}]}", "workers: 0: group is missing" },
		{ "{\"workers\": [{\"id\": 1, \"group\": \"a\"}, {\"id\": 1, \"group\": \"a\"}]}",
		  "workers: worker 1 twice" },
		{ "{\"workers\": [{\"id\": 1, \"group\": \"a\", \"allowed\": \"0-\"}]}",
		  "workers: 0: allowed: a list of CPUs" },
		{ "{\"workers\": [{\"id\": 1, \"group\": \"a\", \"phases\": [{\"turns\": 1.5}]}]}",
		  "workers: 0: phases: 0: turns: a whole number is expected" },
		{ "{\"workers\": [{\"phases\": [{\"latency\": {\"n\": 1, \"steps\": [[1, 1], [1, 1]]}}]}]}",
		  "workers: 0: phases: 0: latency: steps: they must ascend" },
		{ "{\"workers\": [{\"phases\": [{\"latency\": {\"n\": 2, \"steps\": [[1, 1]]}}]}]}",
		  "workers: 0: phases: 0: latency: n is 2, and steps have 1" },
		{ "{\"workers\": [{\"phases\": [{\"latency\": {\"n\": 1, \"min_ns\": 1, \"max_ns\": 9, \"steps\": [[1, 1]]}}]}]}",
		  "workers: 0: phases: 0: latency: min_ns, max_ns and sq do not belong" },
		{ "{\"workers\": [{\"phases\": [{\"latency\": {\"steps\": [[1920, 1]]}}]}]}",
		  "workers: 0: phases: 0: latency: steps: 0: a step below 1920" },
		{ "{\"workers\": [{\"phases\": [{\"latency\": {\"steps\": [[1, 2, 3]]}}]}]}",
		  "workers: 0: phases: 0: latency: steps: 0: two numbers are expected" },
		{ "{\"marks\": [{\"ns\": 1}]}", "marks: 0: name is missing" },
		{ "{\"marks\": [{\"name\": \"a\", \"programs\": [{\"name\": \"p\"}]}]}",
		  "marks: 0: programs: 0: at most" },
		{ "{\"marks\": [{\"name\": \"a\", \"programs\": [{\"name\": \"p\", \"runs\": 1}, {\"name\": \"p\", \"runs\": 1}]}]}",
		  "marks: 0: programs: a program twice" },
		{ "{\"marks\": [{\"name\": \"a\", \"events\": {\"x\": \"1\"}}]}",
		  "marks: 0: events: x: a number is expected" },
		{ "{\"marks\": [{\"name\": \"a\", \"vars\": {\"x\": 1e301}}]}", "marks: 0: vars: x: out of range" },
	};

	(void)state;
	for (size_t i = 0; i < countof(cases); i++) {
		auto_facts struct facts f = { 0 };
		struct err e = { 0 };

		assert_int_equal(facts_read(&f, cases[i][0], strlen(cases[i][0]), &e), -1);
		if (strncmp(e.msg, cases[i][1], strlen(cases[i][1])) != 0)
			fail_msg("%s: %s", cases[i][0], e.msg);
		assert_int_equal(e.code, X_FAIL);
	}
}

/* Words of a guest stand in lines of ours. */
static void one_line(void **state)
{
	static const char text[] =
		"{\"outcome\": \"ejected\", \"reason\": \"x\\nerror: \\u001b[31mnot ours\", \"workers\": ["
		"{\"id\": 1, \"group\": \"a\\r\\nb\", \"comm\": \"c\\td\\u0085\"}]}";
	auto_facts struct facts f = { 0 };
	struct err e = { 0 };

	(void)state;
	if (facts_read(&f, text, strlen(text), &e) < 0)
		fail_msg("%s", e.msg);
	assert_string_equal(f.reason, "x error: not ours");
	assert_null(strpbrk(f.workers[0].group, "\r\n"));
	assert_string_equal(f.workers[0].comm, "c d?");
}

static void too_many(void **state)
{
	auto_facts struct facts f = { 0 };
	struct err e = { 0 };
	char *text;
	size_t n;
	FILE *to = xmemstream(&text, &n);

	(void)state;
	fputs("{\"outcome\": \"ran\", \"workers\": [", to);
	for (unsigned i = 0; i <= FACTS_WORKERS; i++)
		fprintf(to, "%s{\"id\": %u, \"group\": \"a\"}", i ? "," : "", i);
	fputs("]}", to);
	fclose(to);
	assert_int_equal(facts_read(&f, text, n, &e), -1);
	assert_string_equal(e.msg, "workers: more than 4096");
	free(text);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(read_and_written),
		cmocka_unit_test(broken),
		cmocka_unit_test(one_line),
		cmocka_unit_test(too_many),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
