/* test_histogram.c: steps, sums and percentiles against sorted lists of the times themselves. */
#include "base/mem.h"
#include "judge/facts/histogram.h"
#include <math.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdint.h>

#include <cmocka.h>

static uint64_t draw(uint64_t *state)
{
	*state = *state * 6364136223846793005u + 1442695040888963407u;
	return *state >> 11;
}

static void steps(void **state)
{
	(void)state;
	for (unsigned s = 0; s < HISTOGRAM_STEPS; s++) {
		uint64_t first = step_first(s), last = step_last(s);

		assert_true(first <= last);
		assert_int_equal(step_of(first), s);
		assert_int_equal(step_of(last), s);
		assert_true(s + 1 == HISTOGRAM_STEPS ? last == UINT64_MAX : step_first(s + 1) == last + 1);
		/* No time of a step is told wrong by more than 1/32. */
		assert_true((double)(last - first) <= (double)first / 32);
	}
}

static int by_size(const void *a, const void *b)
{
	uint64_t x = *(const uint64_t *)a, y = *(const uint64_t *)b;

	return x < y ? -1 : x > y;
}

/* Groups of times, counted apart and added, against all of them sorted. */
static void percentiles(void **state)
{
	static const double ps[] = { 0.01, 0.25, 0.5, 0.9, 0.99, 0.999, 1 };
	uint64_t seed = 7;

	(void)state;
	for (unsigned round = 0; round < 200; round++) {
		size_t n = draw(&seed) % 400;
		auto_free uint64_t *v = xcalloc(n + 1, sizeof(*v));
		struct histogram all = { 0 }, parts[3] = { 0 };
		long double sum = 0, squares = 0;
		uint64_t got;
		double cv;

		for (size_t i = 0; i < n; i++) {
			v[i] = draw(&seed) >> draw(&seed) % 53;
			histogram_count(&parts[i % 3], v[i]);
			sum += v[i];
		}
		for (size_t i = 0; i < 3; i++)
			histogram_add(&all, &parts[i]);
		qsort(v, n, sizeof(*v), by_size);
		assert_int_equal(all.n, n);
		assert_true(all.sum_ns == (uint64_t)sum);
		for (size_t i = 0; i < countof(ps); i++) {
			/* In whole numbers: 0.99 as a double is a little more or less. */
			size_t rank = ((size_t)lround(ps[i] * 1000) * n + 999) / 1000;

			assert_int_equal(histogram_percentile(&all, ps[i], &got), n > 0);
			if (!n)
				continue;
			assert_true(got >= v[rank - 1] && got - v[rank - 1] <= v[rank - 1] / 32);
			assert_true(got >= v[0] && got <= v[n - 1]);
		}
		assert_int_equal(histogram_cv(&all, &cv), sum > 0);
		if (sum > 0) {
			for (size_t i = 0; i < n; i++)
				squares += (v[i] - sum / n) * (v[i] - sum / n);
			assert_true(fabsl(cv - sqrtl(squares / n) / (sum / n)) < 1e-6);
		}
		for (size_t i = 0; i < 3; i++)
			histogram_free(&parts[i]);
		histogram_free(&all);
	}
}

static void overflow(void **state)
{
	struct histogram h = { 0 }, twice = { 0 };
	uint64_t ns;
	double cv;

	(void)state;
	histogram_count(&h, UINT64_MAX);
	histogram_count(&h, UINT64_MAX);
	assert_true(h.sum_ns == UINT64_MAX);
	h.n = h.v[0].count = UINT64_MAX;
	histogram_add(&twice, &h);
	histogram_add(&twice, &h);
	assert_true(twice.n == UINT64_MAX);
	assert_true(histogram_percentile(&twice, 0.99, &ns) && ns == UINT64_MAX);
	assert_true(histogram_cv(&twice, &cv) && isfinite(cv));
	histogram_free(&h);
	histogram_free(&twice);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(steps),
		cmocka_unit_test(percentiles),
		cmocka_unit_test(overflow),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
