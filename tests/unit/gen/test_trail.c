/* test_trail.c: seeds that come to their end in any order, and what is known of them then. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "base/mem.h"
#include "gen/explore/trail.h"

static const struct failure *hear(struct trail *t, uint64_t seed, enum judgement verdict)
{
	struct verdict_seed one = { .seed = seed, .verdict = verdict };
	struct verdict_check check = { .metric = "m", .words = "it waited", .seed = seed, .verdict = JUDGED_FAIL };
	const struct ruling v = { .kernel = "k",
				  .verdict = verdict,
				  .seeds = &one,
				  .n_seeds = 1,
				  .checks = &check,
				  .n_checks = verdict == JUDGED_FAIL };

	return trail_hear(t, seed, verdict == JUDGED_BROKEN ? NULL : &v);
}

static void in_order(void **state)
{
	struct trail t = { .first = 5, .last = 9 };

	(void)state;
	trail_begin(&t);
	assert_null(hear(&t, 7, JUDGED_PASS));
	const struct failure *f = hear(&t, 6, JUDGED_FAIL);

	assert_non_null(f);
	assert_int_equal(f->seed, 6);
	assert_null(hear(&t, 6, JUDGED_FAIL)); /* no news */
	assert_null(hear(&t, 5, JUDGED_BROKEN));
	assert_null(hear(&t, 8, JUDGED_INCONCLUSIVE));
	assert_false(trail_enough(&t));
	trail_settle(&t);
	assert_int_equal(t.next, 9);
	assert_int_equal(t.passed, 1);
	assert_int_equal(t.broken, 1);
	assert_int_equal(t.inconclusive, 1);
	assert_int_equal(t.n_failures, 1);
	assert_string_equal(t.kernel, "k");
	assert_false(trail_over(&t));
	assert_null(hear(&t, 9, JUDGED_PASS));
	trail_settle(&t);
	assert_true(trail_over(&t));
	trail_free(&t);
}

/* What lies behind the first failure is not told of, and is not waited for once all in front of it is known. */
static void until_fail(void **state)
{
	struct trail t = { .first = 1, .last = 100, .until_fail = true };

	(void)state;
	trail_begin(&t);
	assert_non_null(hear(&t, 4, JUDGED_FAIL));
	assert_non_null(hear(&t, 3, JUDGED_FAIL));
	assert_false(trail_enough(&t));
	assert_null(hear(&t, 1, JUDGED_PASS));
	assert_false(trail_enough(&t));
	assert_null(hear(&t, 2, JUDGED_PASS));
	assert_true(trail_enough(&t));
	trail_settle(&t);
	assert_int_equal(t.next, 4);
	assert_int_equal(t.passed, 2);
	assert_int_equal(t.n_failures, 1);
	assert_int_equal(t.failures[0].seed, 3);
	assert_true(trail_over(&t));
	trail_free(&t);
}

/* A round that was ended: behind a gap nothing counts as tried, and no failure is lost. */
static void gap(void **state)
{
	struct trail t = { .first = 1, .last = 9 };

	(void)state;
	trail_begin(&t);
	assert_null(hear(&t, 1, JUDGED_PASS));
	assert_null(hear(&t, 3, JUDGED_PASS));
	assert_non_null(hear(&t, 4, JUDGED_FAIL));
	trail_settle(&t);
	assert_int_equal(t.next, 2);
	assert_int_equal(t.passed, 1);
	assert_int_equal(t.n_failures, 1);
	assert_int_equal(t.failures[0].seed, 4);
	trail_free(&t);
}

static void mute(void **state)
{
	struct trail t = { .first = 1, .last = 9 };

	(void)state;
	trail_begin(&t);
	assert_false(trail_mute(&t));
	assert_null(hear(&t, 1, JUDGED_BROKEN));
	trail_settle(&t);
	assert_true(trail_mute(&t));
	assert_true(trail_over(&t));
	trail_free(&t);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(in_order),
		cmocka_unit_test(until_fail),
		cmocka_unit_test(gap),
		cmocka_unit_test(mute),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
