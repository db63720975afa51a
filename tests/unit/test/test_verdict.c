/* test_verdict.c: figures that a function of the host asks for. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include <stdlib.h>
#include <string.h>

#include "base/mem.h"
#include "judge/facts/facts.h"
#include "test/verdict.h"

static const char *asked;

static void judge(struct ktstr_verdict *v)
{
	assert_true(ktstr_figure(v, asked, -7) == -7);
}

KTSTR_SCENARIO(judged, .scenario = "work - spin\nhold 1s", .judge = judge);

static enum judgement judged(const char *metric, char **said)
{
	const struct declared d = { .t = ktstr_test_judged, .name = "judged" };
	const struct facts facts = { 0 };
	const struct verdict_run run = { .seed = 1, .facts = &facts, .json = "{}" };
	size_t n;
	FILE *f = xmemstream(said, &n);
	enum judgement j;

	asked = metric;
	j = verdict_judge(f, &d, &run);
	fclose(f);
	return j;
}

static void what_is_no_metric(void **state)
{
	static const char *const all[] = { "",
					   " ",
					   "#",
					   " # gap.max",
					   "\t#",
					   "gap.maxx",
					   "gap.max\ngap.max",
					   "gap.max <= 1ms",
					   "gap.max off",
					   "monitor",
					   "monitor off #",
					   "isolated",
					   "log has \"x\"",
					   "gap.max{",
					   "gap.max{a}@0",
					   "{a}" };

	(void)state;
	for (size_t i = 0; i < countof(all); i++) {
		auto_free char *said = NULL;

		assert_int_equal(judged(all[i], &said), JUDGED_FAIL);
		assert_non_null(strstr(said, "ktstr_figure(\""));
	}
}

static void without_a_value(void **state)
{
	auto_free char *said = NULL;

	(void)state;
	assert_int_equal(judged("gap.max{a}@1", &said), JUDGED_PASS);
	assert_string_equal(said, "");
}

int main(void)
{
	static const struct CMUnitTest tests[] = {
		cmocka_unit_test(what_is_no_metric),
		cmocka_unit_test(without_a_value),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
