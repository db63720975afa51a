/* test_rulings.c: what --expect makes of verdicts, and verdicts for CI systems. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include <string.h>

#include "base/err.h"
#include "base/mem.h"
#include "gen/matrix/rulings.h"
#include "verifier/expect.h"

#define TODAY "2026-11-30"

/* Of a test: a failure of gap.max on seed 1 and one of spread on seed 2, as far as asked for. */
struct sample {
	struct verdict_check checks[3];
	struct verdict_seed seeds[2];
	struct matrix_cell cell;
	struct fit fit;
	struct cell_verdict x;
	struct rulings all;
};

static void make(struct sample *s, enum judgement gap, enum judgement spread)
{
	*s = (struct sample){
		.checks = { { .metric = "gap.max",
			      .words = "gap.max{a} 3 s > 2 s: worker <1> & \"co\"",
			      .seed = 1,
			      .verdict = gap },
			    { .metric = "spread", .words = "spread{b} 50 % > 9 %", .seed = 2, .verdict = spread },
			    { .metric = "clean", .words = "clean", .seed = 2, .verdict = JUDGED_PASS } },
		.seeds = { { 1, gap, NULL }, { 2, spread, NULL } },
	};
	s->cell.fit = &s->fit;
	s->x = (struct cell_verdict){ .cell = &s->cell,
				      .v = { .test = "steal|two",
					     .kernel = "7.3.4",
					     .topology = "1,1,2,1",
					     .scheduler = "scx_mine",
					     .profile = "llc",
					     .again = "ktstr run steal --seed 1",
					     .verdict = judgement_worse(gap, spread),
					     .seeds = s->seeds,
					     .n_seeds = 2,
					     .checks = s->checks,
					     .n_checks = 3 },
				      .left = judgement_worse(gap, spread) };
	s->all = (struct rulings){ .v = &s->x, .n = 1 };
}

static const struct {
	enum judgement gap, spread;
	const char *list;
	enum known known;
	enum judgement left;
} cases[] = {
	{ JUDGED_FAIL, JUDGED_PASS, "steal* scx_mine llc 7.3 - gap.max{a}\n", KNOWN_FAILURE, JUDGED_PASS },
	{ JUDGED_FAIL, JUDGED_PASS, "steal* scx_mine llc 7.3 2026-11-30 gap.max\n", KNOWN_FAILURE, JUDGED_PASS },
	{ JUDGED_FAIL, JUDGED_PASS, "steal* scx_mine llc 7.3 2026-11-29 gap.max\n", KNOWN_OVER, JUDGED_FAIL },
	{ JUDGED_FAIL, JUDGED_PASS, "steal* scx_mine llc 7.3 - gap.max{b}\n", KNOWN_NOTHING, JUDGED_FAIL },
	{ JUDGED_FAIL, JUDGED_PASS, "steal* scx_mine default 7.3 -\n", KNOWN_NOTHING, JUDGED_FAIL },
	{ JUDGED_FAIL, JUDGED_FAIL, "* * * * - gap.max\n", KNOWN_IN_PART, JUDGED_FAIL },
	{ JUDGED_FAIL, JUDGED_FAIL, "* * * * - gap.max\n* * * * - spread\n", KNOWN_FAILURE, JUDGED_PASS },
	{ JUDGED_FAIL, JUDGED_INCONCLUSIVE, "* * * * - gap.max\n", KNOWN_FAILURE, JUDGED_INCONCLUSIVE },
	{ JUDGED_INCONCLUSIVE, JUDGED_PASS, "* * * * -\n", KNOWN_NOTHING, JUDGED_INCONCLUSIVE },
	{ JUDGED_BROKEN, JUDGED_FAIL, "* * * * - spread\n", KNOWN_FAILURE, JUDGED_BROKEN },
	{ JUDGED_PASS, JUDGED_PASS, "* * * * - spread\n", KNOWN_TO_FAIL, JUDGED_PASS },
	{ JUDGED_PASS, JUDGED_PASS, "* * * * 2026-11-29 spread\n", KNOWN_NOTHING, JUDGED_PASS },
	{ JUDGED_PASS, JUDGED_PASS, "other * * * - spread\n", KNOWN_NOTHING, JUDGED_PASS },
	{ JUDGED_SKIP, JUDGED_SKIP, "* * * * -\n", KNOWN_NOTHING, JUDGED_SKIP },
};

static void expected(void **state)
{
	(void)state;
	for (size_t i = 0; i < countof(cases); i++) {
		auto_expects struct expects list = { 0 };
		struct err e = { 0 };
		struct sample s;

		make(&s, cases[i].gap, cases[i].spread);
		if (expects_parse(&list, EXPECTS_OF_TESTS, cases[i].list, strlen(cases[i].list), &e) < 0)
			fail_msg("%s", e.msg);
		rulings_expect(&s.all, &list, TODAY);
		if (s.x.known != cases[i].known || s.x.left != cases[i].left)
			fail_msg("case %zu: %d, %s", i, (int)s.x.known, judgement_names[s.x.left]);
		assert_true(!s.x.entry == (s.x.known == KNOWN_NOTHING));
	}
}

/* What decides is whether expect_fail was met; that others failed is as it should be. */
static void of_expect_fail(void **state)
{
	static const char text[] = "* * * * - did not fail\n", gap[] = "* * * * - gap.max\n";
	auto_expects struct expects list = { 0 }, other = { 0 };
	struct err e = { 0 };
	struct sample s, t;

	(void)state;
	make(&s, JUDGED_FAIL, JUDGED_PASS);
	s.checks[2] = (struct verdict_check){
		.metric = "expect_fail", .words = "… did not fail", .seed = 2, .verdict = JUDGED_FAIL
	};
	t = s;
	t.all.v = &t.x;
	t.x.v.checks = t.checks;
	assert_int_equal(expects_parse(&list, EXPECTS_OF_TESTS, text, sizeof(text) - 1, &e), 0);
	assert_int_equal(expects_parse(&other, EXPECTS_OF_TESTS, gap, sizeof(gap) - 1, &e), 0);
	rulings_expect(&s.all, &list, TODAY);
	assert_int_equal(s.x.known, KNOWN_FAILURE);
	rulings_expect(&t.all, &other, TODAY);
	assert_int_equal(t.x.known, KNOWN_NOTHING);
}

static char *written(void (*how)(FILE *, const struct rulings *), const struct rulings *all)
{
	char *text;
	size_t n;
	FILE *f = xmemstream(&text, &n);

	how(f, all);
	fclose(f);
	return text;
}

static void junit(void **state)
{
	struct sample s;

	(void)state;
	make(&s, JUDGED_FAIL, JUDGED_PASS);
	auto_free char *failed = written(rulings_junit, &s.all);

	assert_string_equal(
		failed,
		"<?xml version=\"1.0\" encoding=\"UTF-8\"?>\n"
		"<testsuite name=\"ktstr\" tests=\"1\" failures=\"1\" errors=\"0\" skipped=\"0\">\n"
		"  <testcase name=\"steal|two\" classname=\"scx_mine.llc.7.3.4.1,1,2,1\">\n"
		"    <failure message=\"gap.max{a} 3 s &gt; 2 s: worker &lt;1&gt; &amp; &quot;co&quot;\">again: ktstr run steal --seed 1"
		"</failure>\n"
		"  </testcase>\n"
		"</testsuite>\n");
	make(&s, JUDGED_PASS, JUDGED_PASS);
	auto_free char *passed = written(rulings_junit, &s.all);

	assert_non_null(strstr(passed, "failures=\"0\""));
	assert_non_null(strstr(passed, "1,1,2,1\"/>\n"));
	make(&s, JUDGED_BROKEN, JUDGED_PASS);
	s.checks[0].words = "QEMU \x1b[31mdied\xef\xbf\xbe \xff]]>\x01";
	auto_free char *broken = written(rulings_junit, &s.all);

	assert_non_null(strstr(broken, "<error message="));
	assert_null(strchr(broken, '\x1b'));
	assert_non_null(strstr(broken, "message=\"QEMU died ?]]&gt;?\""));
	assert_null(strstr(broken, "\xef\xbf\xbe"));
	make(&s, JUDGED_INCONCLUSIVE, JUDGED_PASS);
	auto_free char *open = written(rulings_junit, &s.all);

	assert_non_null(strstr(open, "<skipped message="));
}

static void markdown(void **state)
{
	struct sample s;

	(void)state;
	make(&s, JUDGED_FAIL, JUDGED_PASS);
	auto_free char *text = written(rulings_markdown, &s.all);

	assert_string_equal(
		text,
		"### Scenarios: 0 of 1 passed\n\n"
		"| verdict | test | scheduler | kernel | topology | seeds pass |  |\n"
		"|---|---|---|---|---|---|---|\n"
		"| fail | steal\\|two | scx_mine llc | 7.3.4 | 1,1,2,1 | 1 of 2 | gap.max{a} 3 s &gt; 2 s: worker "
		"&lt;1&gt; &amp; \"co\" |\n"
		"\nsteal\\|two again:\n\n```\nktstr run steal --seed 1\n```\n");
}

int main(void)
{
	const struct CMUnitTest tests[] = { cmocka_unit_test(expected), cmocka_unit_test(of_expect_fail),
					    cmocka_unit_test(junit), cmocka_unit_test(markdown) };

	return cmocka_run_group_tests(tests, NULL, NULL);
}
