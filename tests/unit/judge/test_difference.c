/* test_difference.c: the first difference of two runs that should be one. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include <string.h>

#include "base/err.h"
#include "base/mem.h"
#include "judge/facts/difference.h"

static const char run[] =
	"{\"format\":1,\"clock\":\"virtual\",\"seed\":3,\"outcome\":\"ran\",\"cpus\":2,\"end_ns\":2200000000,\"reaped_ns\":5,"
	"\"marks\":[{\"name\":\"settle\",\"ns\":0,\"events\":{\"E\":0}},{\"name\":\"phase 1\",\"ns\":200000000,\"events\":{\"E\":1}},"
	"{\"name\":\"phase 2\",\"ns\":1200000001,\"events\":{\"E\":2},\"programs\":[{\"name\":\"p\",\"runs\":7,\"ns\":70}]},"
	"{\"name\":\"end\",\"ns\":2200000000,\"events\":{\"E\":3}}],"
	"\"lines\":[{\"ns\":1000,\"line\":2}],"
	"\"cgroups\":[{\"name\":\"left\",\"cpus\":\"0\",\"cpu_stat\":[{\"u\":1},{\"u\":2},{\"u\":3},{\"u\":4}]}],"
	"\"workers\":[{\"id\":1,\"type\":\"spin\",\"group\":\"left\",\"ended\":\"stopped\",\"reaped_ns\":9,\"phases\":["
	"{\"wall_ns\":100,\"iterations\":10},{\"wall_ns\":200,\"iterations\":20},{\"wall_ns\":300,\"iterations\":30,\"latency\":"
	"{\"n\":1,\"min_ns\":5,\"max_ns\":5,\"sum_ns\":5,\"sq\":25,\"steps\":[[5,1]]}}]}]}";

/* The run with one part of its text in place of another. */
static char *with(const char *part, const char *other)
{
	const char *at = strstr(run, part);

	if (!at)
		fail_msg("there is no %s", part);
	return xasprintf("%.*s%s%s", (int)(at - run), run, other, at + strlen(part));
}

static char *difference(const char *text)
{
	auto_facts struct facts a = { 0 }, b = { 0 };
	struct err e = { 0 };

	if (facts_read(&a, run, sizeof(run) - 1, &e) < 0 || facts_read(&b, text, strlen(text), &e) < 0)
		fail_msg("%s", e.msg);
	auto_free char *back = facts_difference(&b, &a);
	char *found = facts_difference(&a, &b);

	assert_true(!back == !found);
	return found;
}

static const struct {
	const char *part, *other, *words;
} cases[] = {
	{ "\"ns\":1200000001", "\"ns\":1200000002",
	  "mark \"phase 2\" at +1.200000001 s: ns: 1200000001 and 1200000002" },
	{ "{\"E\":2}", "{\"E\":5}", "mark \"phase 2\" at +1.200000001 s: event E: 2 and 5" },
	{ "{\"E\":2}", "{\"F\":2}", "mark \"phase 2\" at +1.200000001 s: event E: in one of them only" },
	{ "\"runs\":7", "\"runs\":8", "mark \"phase 2\" at +1.200000001 s: runs of p: 7 and 8" },
	{ "{\"u\":3}", "{\"u\":6}", "mark \"phase 2\" at +1.200000001 s: cgroup left: cpu_stat u: 3 and 6" },
	{ "\"iterations\":10", "\"iterations\":11",
	  "mark \"phase 1\" at +0.200000000 s: worker 1 (spin in left), phase 0: iterations: 10 and 11" },
	{ "\"iterations\":20", "\"x\":20",
	  "mark \"phase 2\" at +1.200000001 s: worker 1 (spin in left), phase 1: iterations: in one of them only" },
	{ "\"wall_ns\":300", "\"wall_ns\":301",
	  "mark \"end\" at +2.200000000 s: worker 1 (spin in left), phase 2: wall_ns: 300 and 301" },
	{ "\"n\":1,\"min_ns\":5,\"max_ns\":5,\"sum_ns\":5,\"sq\":25,\"steps\":[[5,1]]",
	  "\"n\":1,\"min_ns\":6,\"max_ns\":6,\"sum_ns\":6,\"sq\":36,\"steps\":[[6,1]]",
	  "mark \"end\" at +2.200000000 s: worker 1 (spin in left), phase 2: latency: 5 and 6 ns in all" },
	{ "\"line\":2", "\"line\":3", "line 2 at 1000 ns and line 3 at 1000 ns" },
	{ "\"outcome\":\"ran\"", "\"outcome\":\"stalled\"", "outcome: ran and stalled" },
	{ "\"reaped_ns\":9", "\"reaped_ns\":8", "worker 1: reaped_ns: 9 and 8" },
	{ "\"reaped_ns\":5", "\"reaped_ns\":6", "reaped_ns: 5 and 6" },
	{ "\"ended\":\"stopped\"", "\"ended\":\"crashed\"", "worker 1: ended: stopped and crashed" },
	{ ",{\"name\":\"end\",\"ns\":2200000000,\"events\":{\"E\":3}}", "", "marks: 4 and 3" },
};

static void first(void **state)
{
	(void)state;
	for (size_t i = 0; i < countof(cases); i++) {
		auto_free char *text = with(cases[i].part, cases[i].other), *found = difference(text);

		if (!found || strcmp(found, cases[i].words) != 0)
			fail_msg("%s: %s instead of %s", cases[i].other, found ? found : "none", cases[i].words);
	}
}

/* Of two the one that the guest came to first. */
static void earlier(void **state)
{
	auto_free char *text = with("\"iterations\":20},{\"wall_ns\":300", "\"iterations\":21},{\"wall_ns\":301"),
		       *found = difference(text);

	(void)state;
	assert_string_equal(
		found, "mark \"phase 2\" at +1.200000001 s: worker 1 (spin in left), phase 1: iterations: 20 and 21");
}

static void none(void **state)
{
	auto_free char *text = with("\"format\":1,", "\"format\":1, \"unknown\": 7,"), *found = difference(text);

	(void)state;
	assert_null(found);
}

int main(void)
{
	const struct CMUnitTest tests[] = { cmocka_unit_test(first), cmocka_unit_test(earlier),
					    cmocka_unit_test(none) };

	return cmocka_run_group_tests(tests, NULL, NULL);
}
