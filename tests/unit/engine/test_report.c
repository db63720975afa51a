/* test_report.c: whatever workers wrote into their seats, what is told of them can be read. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "base/err.h"
#include "base/mem.h"
#include "engine/report.h"
#include "json/read.h"
#include "scenario/random.h"
#include "scenario/scenario.h"

static struct scenario scenario;
static struct scenario_plan plan;
static struct group_state group;
static struct worker worker;
static struct record record;
static struct director director;

static int prepare(void **state)
{
	static const char text[] = "cgroup a\nwork a spin n=1\nhold 1s\n";
	struct scenario_error e;
	struct places p;

	(void)state;
	assert_true(places_parse(&p, "1,1,2,1"));
	assert_int_equal(scenario_parse(&scenario, text, sizeof text - 1, &e), SCENARIO_OK);
	assert_int_equal(scenario_plan_make(&plan, &scenario, &p, &e), SCENARIO_OK);
	director = (struct director){ .plan = &plan, .groups = &group };
	director.crew = (struct crew){ .plan = &plan, .workers = &worker, .n = 1 };
	assert_int_equal(stage_make(&director.crew.stage, 1, 1, false), 0);
	worker = (struct worker){ .records = &record, .n_records = 1 };
	for (size_t i = 0; i < plan.n_steps && !worker.step; i++)
		worker.step = plan.steps[i].work ? &plan.steps[i] : NULL;
	assert_non_null(worker.step);
	return 0;
}

static int drop(void **state)
{
	(void)state;
	stage_free(&director.crew.stage);
	scenario_plan_free(&plan);
	scenario_free(&scenario);
	return 0;
}

static void must_be_read(void)
{
	auto_free char *text = NULL;
	struct err e = { 0 };
	struct json j;
	size_t n;
	FILE *f = open_memstream(&text, &n);

	assert_non_null(f);
	report_write(f, &director, 1);
	assert_int_equal(fclose(f), 0);
	if (json_parse(&j, text, n, &e) < 0)
		fail_msg("%s: %s", e.msg, text);
	json_free(&j);
}

static void words_of_any_bytes(void **state)
{
	struct seat *s = stage_seat(&director.crew.stage, 0);
	uint64_t random = 1;

	(void)state;
	for (unsigned round = 0; round < 1000; round++) {
		for (size_t i = 0; i < sizeof s->error; i++)
			s->error[i] = (char)random_next(&random);
		must_be_read();
	}
}

static void squares_of_no_number(void **state)
{
	(void)state;
	for (int i = 0; i < 2; i++) {
		record.woken = (struct spread){ .n = 1, .sq = i ? (double)INFINITY : (double)NAN };
		must_be_read();
	}
	record.woken = record.timed = (struct spread){ .n = 1, .sq = 1e308 };
	must_be_read();
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(words_of_any_bytes),
		cmocka_unit_test(squares_of_no_number),
	};

	return cmocka_run_group_tests(tests, prepare, drop);
}
