/* test_moment.c: at which moment of a run its guest is looked at. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include "gen/replay/cell.h"
#include "gen/replay/moment.h"
#include "judge/facts/facts.h"

#define MS 1000000ull

static struct verdict_check check(char *metric, uint64_t at, double value)
{
	return (struct verdict_check){ .metric = metric,
				       .seed = 3,
				       .verdict = JUDGED_FAIL,
				       .at_known = true,
				       .at_ns = at,
				       .value_known = true,
				       .value = value };
}

static uint64_t found(struct verdict_check *checks, size_t n, const struct facts *f)
{
	struct replay_cell c = { .seed = 3, .v = { .checks = checks, .n_checks = n } };
	auto_moment struct moment m = { 0 };

	c.v.verdict = n ? JUDGED_FAIL : JUDGED_PASS;
	moment_find(&m, &c, f);
	assert_non_null(m.words);
	return m.ns;
}

static void test_failed(void **state)
{
	const struct facts f = { .end_known = true, .end_ns = 1000 * MS };
	struct verdict_check v[] = { check("gap.max", 500 * MS, 200.0 * MS), check("share.min", 300 * MS, 0.2),
				     check("share.min", 100 * MS, 0.2) };

	(void)state;
	assert_int_equal(found(v, 1, &f), 600 * MS);
	assert_int_equal(found(v, 2, &f), 300 * MS);
	/* Another seed's, one that passed, and one that does not say when. */
	v[2].seed = 4;
	assert_int_equal(found(v, 3, &f), 300 * MS);
	v[2].seed = 3;
	v[2].verdict = JUDGED_PASS;
	assert_int_equal(found(v, 3, &f), 300 * MS);
	v[0].at_known = false;
	assert_int_equal(found(v, 1, &f), 990 * MS);
	/* Numbers that are none. */
	v[0] = check("gap.max", 500 * MS, 1e300);
	assert_int_equal(found(v, 1, &f), 500 * MS);
	v[0] = check("gap.max", UINT64_MAX, 10);
	assert_true(found(v, 1, &f) <= 990 * MS);
}

static void test_others(void **state)
{
	struct facts f = { .end_known = true, .end_ns = 1000 * MS };
	struct verdict_check v[] = { check("attached", 0, 0) };

	(void)state;
	assert_int_equal(found(NULL, 0, &f), 990 * MS);
	f.end_ns = 10 * MS;
	assert_int_equal(found(NULL, 0, &f), 9 * MS);
	f.outcome = OUTCOME_EJECTED;
	assert_int_equal(found(NULL, 0, &f), MOMENT_GONE);
	v[0].at_known = false;
	assert_int_equal(found(v, 1, &f), MOMENT_GONE);
	f = (struct facts){ 0 };
	assert_int_equal(found(NULL, 0, &f), MOMENT_GONE);
}

int main(void)
{
	const struct CMUnitTest tests[] = { cmocka_unit_test(test_failed), cmocka_unit_test(test_others) };

	return cmocka_run_group_tests(tests, NULL, NULL);
}
