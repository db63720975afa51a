/* test_looks.c: what was seen in runs of one seed: read, laid on one time line, printed. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/err.h"
#include "base/mem.h"
#include "gen/replay/looks.h"
#include "gen/replay/page.h"
#include "judge/facts/facts.h"
#include "judge/verdict.h"

#define LOOK(now, turns, curr, more) SEEN(now, turns, "false", curr, more)
#define SEEN(now, turns, director, curr, more) \
	"{\"now\": " now ", \"turns\": " turns ", \"director\": " director ", \"nr\": [1, 0], \"curr\": [" curr \
	"]" more "}"
#define WAITS(ns) \
	", \"dsqs\": [{\"id\": 7, \"nr\": 1, \"pid\": 12}], \"waiting\": 1, \"tasks\": [{\"pid\": 12, \"comm\": \"bursty\", \"cpu\": 1, " \
	"\"ns\": " ns ", \"dsq\": 7, \"cpus\": \"0-1\"}]"
#define ALL(looks) "{\"format\": 1, \"looks\": [" looks "], \"thrown\": 3}"

static const char one[] = ALL(LOOK("1000000000", "10", "11, 0", "") "," SEEN(
	"1003000000", "13", "true", "11, 12", "") "," LOOK("1009000000", "19", "11, 0", WAITS("5000000")));
static const char two[] =
	ALL(LOOK("1000000000", "10", "11, 0", WAITS("1000")) "," SEEN("1005000000", "15", "true", "0, 11", ""));

static void lay(struct looks *l, struct facts *f)
{
	struct err e = { 0 };
	static struct facts_mark marks[2];
	static struct facts_worker worker = { .id = 4, .pid = 12, .type = "bursty" };

	marks[0] = (struct facts_mark){ .ns = 0 };
	marks[1] = (struct facts_mark){ .ns = 2000000 };
	*f = (struct facts){
		.marks = marks, .n_marks = 2, .workers = &worker, .n_workers = 1, .end_known = true, .end_ns = 500000
	};
	assert_int_equal(looks_add(l, one, strlen(one), &e), 0);
	assert_int_equal(looks_add(l, two, strlen(two), &e), 0);
	looks_lay(l, f);
}

static void one_time_line(void **state)
{
	auto_looks struct looks l = { 0 };
	struct facts f;

	(void)state;
	lay(&l, &f);
	assert_int_equal(l.n, 4);
	assert_int_equal(l.runs, 2);
	assert_int_equal(l.thrown, 6);
	assert_true(l.v[0].tasks_known);
	assert_int_equal(l.v[2].turns, 15);
	assert_true(l.go_known);
	assert_int_equal(look_at(&l, &l.v[1]), 0);
	assert_int_equal(look_at(&l, &l.v[0]), -3000000);
}

static char *printed(const struct page *p)
{
	char *text;
	size_t n;
	FILE *f = xmemstream(&text, &n);

	page_write(f, p);
	fclose(f);
	return text;
}

static void a_page(void **state)
{
	auto_looks struct looks l = { 0 };
	const struct verdict_check check = { .metric = "gap.max" };
	struct facts f;

	(void)state;
	lay(&l, &f);
	struct page p = { .looks = &l, .facts = &f, .check = &check, .at_ns = 1000000, .around_ns = 4000000 };
	auto_free char *text = printed(&p);

	assert_non_null(strstr(text, "4 looks in 2 runs of the same schedule\n"));
	assert_non_null(strstr(text, "    -3.000  pid 11       .             w4 bursty in DSQ 0x7 for 0.001 ms\n"));
	assert_non_null(strstr(text, "    +0.000  pid 11       w4 bursty"));
	assert_non_null(strstr(text, "    +1.000  ---- gap.max\n    +2.000  .            pid 11"));
	assert_null(strstr(text, "+6.000  "));
	assert_non_null(strstr(
		text,
		"the longest wait that was seen: w4 bursty (pid 12) for 5.000 ms, from +1.000 ms to +6.000 ms, in DSQ "
		"0x7, on the run queue of cpu1; it may run on cpu0-1; 1 of 2 CPUs idle; queues: 0x7 has 1\n"));
	p.rows = 1;
	auto_free char *few = printed(&p);

	assert_non_null(strstr(few, "earlier ones; --rows shows more"));
	p.at_ns = 900000000;
	auto_free char *none = printed(&p);

	assert_non_null(strstr(none, "nothing was seen within 4.000 ms of it"));
}

/* Times of a run.json or a verdict.json from elsewhere. */
static void far_away(void **state)
{
	auto_looks struct looks l = { 0 };
	struct facts_mark marks[] = { { .ns = UINT64_MAX }, { .ns = UINT64_MAX - 1 } };
	const struct facts f = { .marks = marks, .n_marks = 2, .end_known = true, .end_ns = UINT64_MAX };
	const struct page p = { .looks = &l, .facts = &f, .at_ns = UINT64_MAX, .around_ns = UINT64_MAX };
	struct err e = { 0 };

	(void)state;
	assert_int_equal(looks_add(&l, one, strlen(one), &e), 0);
	looks_lay(&l, &f);
	assert_false(l.go_known);
	auto_free char *text = printed(&p);

	assert_non_null(strstr(text, "when the scenario began was not seen"));
	assert_null(strstr(text, "----"));
}

static void nonsense(void **state)
{
	static const char *const texts[] = {
		"",
		"{}",
		"{\"looks\": {}}",
		"{\"looks\": [1]}",
		ALL("{}"),
		ALL("{\"now\": 1, \"turns\": 1, \"director\": true}"),
		ALL("{\"now\": 1, \"turns\": 1, \"director\": true, \"curr\": [], \"nr\": []}"),
		ALL("{\"now\": 1, \"turns\": 1, \"director\": true, \"curr\": [1], \"nr\": [1, 2]}"),
		ALL("{\"now\": 1, \"turns\": 1, \"director\": true, \"curr\": [null], \"nr\": [1]}"),
		ALL("{\"now\": -1, \"turns\": 1, \"director\": true, \"curr\": [1], \"nr\": [1]}"),
		ALL(LOOK("18446744073709551615", "1", "1, 2", "")),
		ALL(LOOK("1", "1", "1, 2", ", \"tasks\": [{}]")),
		ALL(LOOK("1", "1", "1, 2", ", \"dsqs\": [{\"id\": 1}]")),
	};

	(void)state;
	for (size_t i = 0; i < countof(texts); i++) {
		auto_looks struct looks l = { 0 };
		struct err e = { 0 };

		if (looks_add(&l, texts[i], strlen(texts[i]), &e) != -1 || e.code != X_FAIL || !*e.msg)
			fail_msg("%s: taken", texts[i]);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = { cmocka_unit_test(one_time_line), cmocka_unit_test(a_page),
					    cmocka_unit_test(far_away), cmocka_unit_test(nonsense) };

	return cmocka_run_group_tests(tests, NULL, NULL);
}
