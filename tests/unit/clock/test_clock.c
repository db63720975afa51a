/* test_clock.c: clocks chosen, written down, and as QEMU's options. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include <string.h>

#include "base/err.h"
#include "base/mem.h"
#include "text/argv.h"
#include "clock/clock.h"

static void chosen(void **state)
{
	static const struct {
		const char *name;
		uint64_t shift, seed;
		unsigned cpus;
		bool ok, virtual;
		unsigned got;
	} cases[] = {
		{ NULL, CLOCK_UNSAID, CLOCK_UNSAID, 1, true, false, 0 },
		{ "real", CLOCK_UNSAID, CLOCK_UNSAID, 1, true, false, 0 },
		{ "virtual", CLOCK_UNSAID, CLOCK_UNSAID, 8, true, true, 1 },
		{ "virtual", CLOCK_UNSAID, CLOCK_UNSAID, 9, true, true, 0 },
		{ "virtual", 5, 7, 9, true, true, 5 },
		{ "virtual", CLOCK_SHIFT_MAX + 1, 7, 9, false, false, 0 },
		{ "real", 1, CLOCK_UNSAID, 1, false, false, 0 },
		{ NULL, CLOCK_UNSAID, 1, 1, false, false, 0 },
	};

	(void)state;
	for (size_t i = 0; i < countof(cases); i++) {
		struct err e = { 0 };
		struct clock c;
		int r = clock_choose(&c, cases[i].name, cases[i].shift, cases[i].seed, cases[i].cpus, &e);

		assert_int_equal(r, cases[i].ok ? 0 : -1);
		assert_int_equal(r < 0 ? e.code : 0, r < 0 ? X_USAGE : 0);
		if (r == 0) {
			assert_int_equal(c.virtual, cases[i].virtual);
			assert_int_equal(c.shift, cases[i].got);
		}
	}
}

static void written(void **state)
{
	static const char *const bad[] = { "",
					   "virtual",
					   "virtual 1",
					   "virtual 1 2 3",
					   "unreal",
					   "virtual 11 0",
					   "virtual 01 0",
					   "virtual 1 -1",
					   "virtual 1 18446744073709551616",
					   "virtual  1 1" };
	static const struct clock good[] = { { 0 }, { true, 1, 0 }, { true, 10, UINT64_MAX } };

	(void)state;
	for (size_t i = 0; i < countof(bad); i++) {
		struct err e = { 0 };
		struct clock c;

		assert_int_equal(clock_read(&c, bad[i], &e), -1);
	}
	for (size_t i = 0; i < countof(good); i++) {
		auto_free char *text = NULL;
		struct err e = { 0 };
		struct clock c;
		size_t n;
		FILE *f = xmemstream(&text, &n);

		clock_write(f, &good[i]);
		fclose(f);
		assert_int_equal(clock_read(&c, text, &e), 0);
		assert_true(c.virtual == good[i].virtual && c.shift == good[i].shift && c.seed == good[i].seed);
	}
}

static void arguments(void **state)
{
	const struct clock real = { 0 }, virtual = { true, 3, 42 };
	auto_argv struct argv none = { 0 }, some = { 0 };

	(void)state;
	clock_args(&none, &real);
	assert_int_equal(none.n, 0);
	clock_args(&some, &virtual);
	auto_free char *text = argv_quote((const char *const *)some.v);

	assert_string_equal(text, "-icount shift=3,sleep=off -rtc base=2026-01-01,clock=vm -seed 42");
}

/* What follows from a seed is the same always, and differs from that of its neighbour. */
static void seeds(void **state)
{
	const struct clock a = { true, 1, 0 }, b = { true, 1, 1 };
	unsigned char x[20], y[20], z[20];

	(void)state;
	clock_random(&a, x, sizeof(x));
	clock_random(&a, y, sizeof(y));
	clock_random(&b, z, sizeof(z));
	assert_memory_equal(x, y, sizeof(x));
	assert_memory_not_equal(x, z, sizeof(x));
	assert_int_equal(clock_delay_ns(&a), clock_delay_ns(&a));
	assert_int_not_equal(clock_delay_ns(&a), clock_delay_ns(&b));
	assert_true(clock_delay_ns(&a) < CLOCK_DELAY_NS);
}

/* What is computed takes longer by the guest's clock with a larger shift, and nothing less than usual. */
static void slower(void **state)
{
	(void)state;
	assert_int_equal(clock_slower(&(struct clock){ true, 0, 0 }), 1);
	assert_int_equal(clock_slower(&(struct clock){ true, 1, 0 }), 1);
	assert_int_equal(clock_slower(&(struct clock){ true, 2, 0 }), 2);
	assert_int_equal(clock_slower(&(struct clock){ true, CLOCK_SHIFT_MAX, 0 }), 512);
	assert_int_equal(clock_slower(&(struct clock){ false, 0, 0 }), 1);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(chosen), cmocka_unit_test(written), cmocka_unit_test(arguments),
		cmocka_unit_test(seeds),  cmocka_unit_test(slower),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
