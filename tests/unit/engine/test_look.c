/* test_look.c: what is a gap and what is not. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include <string.h>

#include "engine/worker/look.h"

static struct stage_head stage;
static struct seat seat;

static int begin(void **state)
{
	(void)state;
	memset(&stage, 0, sizeof stage);
	memset(&seat, 0, sizeof seat);
	seat.ready_ns = 1000;
	return 0;
}

static struct tally tally_of(const struct latency *l)
{
	static struct latency copy;
	struct tally t;

	assert_true(look_latency(&copy, &t, l));
	return t;
}

static const struct moment *at(uint64_t now, uint64_t cpu_ns, unsigned cpu)
{
	static struct moment m;

	m = (struct moment){ now, cpu_ns, cpu };
	return &m;
}

static void between_looks(void **state)
{
	(void)state;
	look(&stage, &seat, at(1100, 90, 3));
	look(&stage, &seat, at(1500, 100, 5));
	look(&stage, &seat, at(1600, 190, 5));
	assert_int_equal(look_gaps(&seat).ns, 400);
	assert_int_equal(look_gaps(&seat).at_ns, 1100);
	assert_int_equal(look_gaps(&seat).cpu, 5);
	assert_int_equal(look_gaps(&seat).cpu_ns, 90);
	assert_int_equal(seat.cpus[0], 1 << 3 | 1 << 5);
}

static void planned_sleep_is_none(void **state)
{
	(void)state;
	look_sleeps(&stage, &seat, at(1010, 0, 0), 9000);
	assert_int_equal(look_open(&seat, 8000), 0);
	assert_int_equal(look_open(&seat, 9700), 700);
	look_woken(&stage, &seat, &seat.timed, at(9050, 0, 0), 9000);
	assert_int_equal(look_gaps(&seat).ns, 50);
	assert_int_equal(look_gaps(&seat).at_ns, 9000);
	assert_int_equal(tally_of(&seat.timed).max, 50);
	assert_int_equal(seat.timed.steps[histogram_step(50)], 1);
	assert_int_equal(tally_of(&seat.woken).max, 0);
}

/* While it waits nobody knows of a gap; from when it was let go everybody does. */
static void partners_delay_is_none(void **state)
{
	(void)state;
	look_waits(&stage, &seat, at(1010, 0, 0), 7);
	assert_int_equal(seat.waits, 8);
	assert_int_equal(look_open(&seat, 5000), 0);
	seat.ready_ns = 6000;
	assert_int_equal(look_open(&seat, 6400), 400);
	look_woken(&stage, &seat, &seat.woken, at(6600, 0, 0), 6000);
	assert_int_equal(look_gaps(&seat).ns, 600);
	assert_int_equal(tally_of(&seat.woken).sum, 600);
	assert_int_equal(seat.waits, 0);
}

static void nothing_to_wait_for(void **state)
{
	(void)state;
	look_waits(&stage, &seat, at(1010, 0, 0), 7);
	look_went_on(&stage, &seat, at(4000, 0, 0));
	assert_int_equal(look_gaps(&seat).ns, 10);
	assert_int_equal(tally_of(&seat.woken).sum, 0);
	assert_int_equal(seat.ready_ns, 4000);
}

static void a_phase_begins_anew(void **state)
{
	(void)state;
	look(&stage, &seat, at(2000, 500, 1));
	look_sleeps(&stage, &seat, at(2010, 510, 1), 3000);
	look_woken(&stage, &seat, &seat.timed, at(3500, 510, 1), 3000);
	stage.phase = 1;
	stage.cpus_since = 1;
	look(&stage, &seat, at(3530, 515, 2));
	assert_int_equal(look_gaps(&seat).ns, 30);
	assert_int_equal(look_gaps(&seat).cpu_ns, 5);
	assert_int_equal(seat.cpus[0], 1 << 2);
	assert_int_equal(look_gaps(&seat).phase, 1);
	assert_int_equal(seat.since, 1);
	/* counts are not of a phase, extremes are */
	assert_int_equal(tally_of(&seat.timed).sum, 500);
	assert_int_equal(tally_of(&seat.timed).phase, 0);
	look_woken(&stage, &seat, &seat.timed, at(3600, 520, 2), 3590);
	assert_int_equal(tally_of(&seat.timed).sum, 510);
	assert_int_equal(tally_of(&seat.timed).phase, 1);
	assert_int_equal(tally_of(&seat.timed).max, 10);
}

static void frozen_is_no_gap(void **state)
{
	(void)state;
	look(&stage, &seat, at(2000, 0, 0));
	seat.thawed_ns = 80000;
	assert_int_equal(look_open(&seat, 80010), 10);
	look(&stage, &seat, at(80300, 0, 0));
	assert_int_equal(look_gaps(&seat).ns, 1000); /* of before */
	look_sleeps(&stage, &seat, at(80300, 0, 0), 90000);
	seat.thawed_ns = 200000;
	look_woken(&stage, &seat, &seat.timed, at(200100, 0, 0), 90000);
	assert_int_equal(tally_of(&seat.timed).max, 100);
	assert_int_equal(look_gaps(&seat).ns, 1000);
}

static void clocks_that_go_backwards(void **state)
{
	(void)state;
	look(&stage, &seat, at(900, 100, 0));
	look(&stage, &seat, at(800, 50, SEAT_CPUS));
	look_woken(&stage, &seat, &seat.woken, at(700, 20, UINT32_MAX), 750);
	assert_int_equal(look_gaps(&seat).ns, 0);
	assert_int_equal(look_gaps(&seat).cpu_ns, 100);
	assert_int_equal(tally_of(&seat.woken).sum, 1);
	assert_int_equal(seat.cpus[0], 1);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup(between_looks, begin),
		cmocka_unit_test_setup(planned_sleep_is_none, begin),
		cmocka_unit_test_setup(partners_delay_is_none, begin),
		cmocka_unit_test_setup(nothing_to_wait_for, begin),
		cmocka_unit_test_setup(a_phase_begins_anew, begin),
		cmocka_unit_test_setup(frozen_is_no_gap, begin),
		cmocka_unit_test_setup(clocks_that_go_backwards, begin),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
