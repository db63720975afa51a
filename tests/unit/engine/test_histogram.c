/* test_histogram.c: steps of times: in order, without holes, and no wider than 1/32. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include "engine/worker/histogram.h"
#include "scenario/random.h"

static void steps_follow_each_other(void **state)
{
	(void)state;
	assert_int_equal(histogram_floor(0), 0);
	for (unsigned i = 0; i < HISTOGRAM_STEPS; i++) {
		uint64_t first = histogram_floor(i), last = histogram_top(i);

		assert_true(first <= last);
		assert_int_equal(histogram_step(first), i);
		assert_int_equal(histogram_step(last), i);
		if (i + 1 < HISTOGRAM_STEPS)
			assert_int_equal(last + 1, histogram_floor(i + 1));
	}
	assert_int_equal(histogram_top(HISTOGRAM_STEPS - 1), UINT64_MAX);
}

static void no_step_is_wide(void **state)
{
	uint64_t seed = 1;

	(void)state;
	for (unsigned i = 0; i < 100000; i++) {
		uint64_t v = random_next(&seed) >> random_below(&seed, 64), top = histogram_top(histogram_step(v));

		assert_true(top >= v);
		/* (top - v) / v < 1/32, without the division */
		assert_true(v < 64 ? top == v : top - v < v / 32 + 1);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(steps_follow_each_other),
		cmocka_unit_test(no_step_is_wide),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
