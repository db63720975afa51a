/* test_shrink.c: what a scenario is made smaller by, and what is left of it. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/mem.h"
#include "gen/explore/smaller.h"
#include "gen/explore/whole.h"
#include "gen/shrink/shrink.h"
#include "scenario/catalogue.h"
#include "scenario/scenario.h"

static bool parse(struct scenario *s, const char *text)
{
	struct scenario_error why = { 0 };

	return scenario_parse(s, text, strlen(text), &why) == SCENARIO_OK;
}

static char *written(const struct scenario *s)
{
	char *text;
	size_t n;
	FILE *f = xmemstream(&text, &n);

	scenario_write(f, s);
	fclose(f);
	return text;
}

/* The text after one move; NULL: it left all as it was. */
static char *moved(const char *text, struct shrink_move m)
{
	struct scenario s = { 0 };

	if (!parse(&s, text))
		fail_msg("no scenario: %s", text);
	char *left = shrink_apply(&s, &m) ? written(&s) : NULL;

	scenario_free(&s);
	return left;
}

static void one_move(void **state)
{
	static const struct {
		const char *text;
		struct shrink_move m;
		const char *left; /* without "ktstr 1"; NULL: nothing */
	} cases[] = {
		{ "cgroup a; cgroup a/b; cgroup c; work a/b spin; work c spin; swap a c; hold 1s",
		  { SHRINK_GROUPS, 0, 1 },
		  "cgroup c\nwork c spin\nhold 1s\n" },
		{ "mark a; cgroup a; cgroup ab; hold 1s", { SHRINK_GROUPS, 0, 1 }, "mark a\ncgroup ab\nhold 1s\n" },
		{ "cgroup a; work a spin", { SHRINK_GROUPS, 0, 1 }, NULL },
		{ "hold 1s", { SHRINK_GROUPS, 0, 1 }, NULL },
		{ "work - spin; hold 1s; hold 2s", { SHRINK_LINES, 1, 1 }, "work - spin\nhold 2s\n" },
		{ "work - spin; hold 1s; hold 2s", { SHRINK_LINES, 1, 9 }, "work - spin\n" },
		{ "work - spin; hold 1s", { SHRINK_LINES, 0, 2 }, NULL },
		{ "work - spin; every 10ms {; mark m; } for 1s; hold 1s",
		  { SHRINK_LINES, 1, 1 },
		  "work - spin\nhold 1s\n" },
		{ "work - spin; every 10ms {; mark m; } for 1s", { SHRINK_LINES, 3, 1 }, NULL },
		{ "every 10ms {; each llc {; nice - 3; }; } for 1s; hold 1s", { SHRINK_LINES, 0, 3 }, "hold 1s\n" },
		{ "work - spin; every 10ms {; mark m; } for 1s", { SHRINK_BLOCKS, 0, 1 }, "work - spin\nmark m\n" },
		{ "every 10ms {; each llc {; nice a$ 3; }; } for 1s; hold 1s",
		  { SHRINK_BLOCKS, 0, 1 },
		  "each llc {\n  nice a$ 3\n}\nhold 1s\n" },
		{ "work - spin n=5", { SHRINK_WORKERS, 0, 1 }, "work - spin n=2\n" },
		{ "work - spin n=1", { SHRINK_WORKERS, 0, 1 }, NULL },
		{ "work - spin n=400%", { SHRINK_WORKERS, 0, 1 }, "work - spin n=200%\n" },
		{ "work - spin n=40%", { SHRINK_WORKERS, 0, 1 }, NULL },
		{ "workers 8; work - spin", { SHRINK_WORKERS, 1, 1 }, "workers 4\nwork - spin\n" },
		{ "workers 8; work - spin n=1", { SHRINK_WORKERS, 1, 1 }, NULL },
		{ "hold 101ms", { SHRINK_TIMES, 0, 1 }, "hold 50ms\n" },
		{ "hold 30ms", { SHRINK_TIMES, 0, 1 }, NULL },
		{ "hold 50%", { SHRINK_TIMES, 0, 1 }, NULL },
		{ "hold 50%", { SHRINK_TIMES, 1, 1 }, "duration 1s\nhold 50%\n" },
		{ "hold 1s", { SHRINK_TIMES, 1, 1 }, NULL },
		{ "topology 1,2,4,1; hold 1s", { SHRINK_CPUS, 0, 1 }, "topology 1,2,2,1\nhold 1s\n" },
		{ "topology 1,2,4,2; hold 1s", { SHRINK_CPUS, 1, 1 }, "topology 1,2,4,1\nhold 1s\n" },
		{ "topology 2,2,4,1; hold 1s", { SHRINK_CPUS, 2, 1 }, NULL },
		{ "topology 2,2,4,1; hold 1s", { SHRINK_CPUS, 3, 1 }, "topology 1,2,4,1\nhold 1s\n" },
		{ "topology tiny-2llc; hold 1s", { SHRINK_CPUS, 0, 1 }, NULL },
		{ "topology 1,2,4,1/mem=512; hold 1s", { SHRINK_CPUS, 0, 1 }, NULL },
		{ "hold 1s; expect gap.max <= 1s; expect attached",
		  { SHRINK_EXPECTATIONS, 0, 1 },
		  "hold 1s\nexpect attached\n" },
	};

	(void)state;
	for (size_t i = 0; i < countof(cases); i++) {
		auto_free char *left = moved(cases[i].text, cases[i].m);
		auto_free char *want = cases[i].left ? xasprintf("ktstr 1\n%s", cases[i].left) : NULL;

		if (!want != !left || (want && strcmp(want, left) != 0))
			fail_msg("%s: %s", cases[i].text, left ? left : "nothing");
	}
}

/* Until nothing more is taken, of what still holds a needle. */
static char *smallest(const char *text, const char *needle, unsigned *tries)
{
	char *now = xstrdup(text);
	struct shrink_move m;
	struct shrink k;
	struct scenario s;

	shrink_begin(&k);
	while (parse(&s, now) && shrink_next(&k, &s, &m)) {
		struct scenario again = { 0 };
		auto_free char *words = NULL;
		size_t n;
		FILE *f = xmemstream(&words, &n);

		shrink_words(f, &s, &m);
		fclose(f);
		assert_true(n > 0);
		char *left = shrink_apply(&s, &m) ? written(&s) : NULL;
		bool took = left && strcmp(left, now) != 0 && parse(&again, left) && strstr(left, needle);

		scenario_free(&again);
		scenario_free(&s);
		shrink_took(&k, took);
		++*tries;
		assert_true(*tries < 100000);
		if (took) {
			free(now);
			now = left;
		} else {
			free(left);
		}
	}
	scenario_free(&s);
	return now;
}

static void to_the_end(void **state)
{
	unsigned tries = 0;
	auto_free char *left =
		smallest("topology 1,2,4,2; cgroup a; cgroup b; work a spin n=8; work b yield n=800%\n"
			 "hold 50%; every 100ms {; swap a b; mark here; } for 50%; stop a; expect gap.max <= 1s",
			 "yield", &tries);

	(void)state;
	assert_string_equal(left, "ktstr 1\ntopology 1,1,1,1\nwork b yield n=25%\n");
	assert_true(tries < 80);
}

/* Every scenario there is gets to an end, and its smallest parts are texts. */
static void catalogue_ends(void **state)
{
	(void)state;
	for (size_t i = 0; i < n_catalogue; i++) {
		auto_free char *text = xstrndup(catalogue[i].text, catalogue[i].n);
		unsigned tries = 0;
		auto_free char *left = smallest(text, "hold", &tries);

		assert_true(strlen(left) > 0);
	}
}

static void how_it_fails(void **state)
{
	struct verdict_seed seeds[] = { { 4, JUDGED_PASS, NULL }, { 5, JUDGED_FAIL, NULL }, { 6, JUDGED_FAIL, NULL } };
	struct verdict_check checks[] = {
		{ .metric = "share", .words = "a", .seed = 4, .verdict = JUDGED_FAIL },
		{ .metric = "reaped", .words = "b", .seed = 5, .verdict = JUDGED_FAIL, .at_known = true, .at_ns = 9 },
		{ .metric = "gap.max", .words = "c", .seed = 5, .verdict = JUDGED_FAIL, .at_known = true, .at_ns = 3 },
		{ .metric = "share", .words = "d", .seed = 6, .verdict = JUDGED_FAIL },
		{ .metric = "progress", .words = "e", .seed = 6, .verdict = JUDGED_PASS },
	};
	const struct ruling v = { .seeds = seeds, .n_seeds = 3, .checks = checks, .n_checks = 5 };
	struct failure f;

	(void)state;
	assert_true(failure_find(&f, &v, NULL));
	assert_int_equal(f.seed, 5);
	assert_string_equal(f.metric, "gap.max");
	failure_free(&f);
	assert_true(failure_find(&f, &v, "reaped"));
	assert_string_equal(f.words, "b");
	failure_free(&f);
	assert_true(failure_find(&f, &v, "share"));
	assert_int_equal(f.seed, 6);
	failure_free(&f);
	assert_false(failure_find(&f, &v, "progress"));
}

static void how_large_it_is(void **state)
{
	struct scenario s;
	struct extent x;

	(void)state;
	assert_true(parse(&s, "topology 1,2,2,1; settle 100ms; work - spin n=3; hold 1s"));
	assert_true(whole_extent(&x, &s));
	assert_int_equal(x.lines, 2);
	assert_int_equal(x.workers, 3);
	assert_int_equal(x.cpus, 4);
	assert_int_equal(x.ns, 1100000000);
	auto_free char *text = whole_text(&s, 77);

	assert_non_null(strstr(text, "seeds 1 first=77\n"));
	scenario_free(&s);
	assert_true(parse(&s, "topology 1,1,1,1; cgroup a cpuset=llc:1; hold 1s"));
	assert_false(whole_extent(&x, &s));
	scenario_free(&s);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(one_move),     cmocka_unit_test(to_the_end),      cmocka_unit_test(catalogue_ends),
		cmocka_unit_test(how_it_fails), cmocka_unit_test(how_large_it_is),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
