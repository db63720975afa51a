/* Reports of known cells against tests/golden/report. BLESS=1 rewrites. Tests run in the project's folder. */
#include "base/err.h"
#include "base/file.h"
#include "base/mem.h"
#include "gen/graph/plan.h"
#include "gen/report/csv.h"
#include "gen/report/json.h"
#include "gen/report/markdown.h"
#include "gen/report/report.h"
#include "gen/report/symbols.h"
#include "gen/report/text.h"
#include "gen/report/verdict.h"
#include "gen/graph/run.h"
#include "verifier/expect.h"
#include "verifier/saved.h"
#include <setjmp.h>
#include <stdarg.h>
#include <stdint.h>

#include <cmocka.h>

#include "scratch.h"

#define GOLDEN "tests/golden/report/"

struct fixture {
	const char *cell, *kernel, *profile, *topology;
	struct step_result step;
};

static const struct fixture single[] = { { "old-default", "6.12.117", NULL, NULL, { .state = STEP_CACHED } } };
static const struct fixture kernels[] = {
	{ "old-default", "6.12.117", NULL, NULL, { .state = STEP_RAN } },
	{ "ksym", "7.3.4", NULL, NULL, { .state = STEP_CACHED } },
	{ "died", "6.18.2", NULL, NULL, { .state = STEP_FAILED, .code = X_DIED, .text = (char *)"it died" } },
	{ "none", "7.0", NULL, NULL, { .state = STEP_NOT_RUN, .code = X_BAD_KERNEL, .text = (char *)"damaged" } },
};
static const struct fixture sweep[] = {
	{ "old-default", "6.12.117", "default", "1,1,1,1", { .state = STEP_CACHED } },
	{ "old-llc", "6.12.117", "llc", "1,1,1,1", { .state = STEP_CACHED } },
	{ "old-llc", "6.12.117", "llc+steal", "1,1,1,1", { .state = STEP_CACHED } },
	{ "new-default", "7.3.4", "default", "1,1,1,1", { .state = STEP_CACHED } },
	{ "new-llc", "7.3.4", "llc", "1,1,1,1", { .state = STEP_CACHED } },
	{ "new-llc", "7.3.4", "llc+steal", "1,1,1,1", { .state = STEP_CACHED } },
	{ "new-default", "7.3.4", "default", "1,2,4,1", { .state = STEP_CACHED } },
};

/* The same scheduler before: one program grew, one came, one went, one cell is of the other side only. */
static const char earlier[] =
	"{\"scheduler\": \"scx_ktstr\", \"cells\": ["
	"{\"kernel\": \"6.12.117\", \"profile\": \"default\", \"topology\": \"1,1,1,1\", \"programs\": ["
	"{\"name\": \"ktstr_enqueue\", \"verified_insns\": 100}, {\"name\": \"ktstr_gone\", \"verified_insns\": 5},"
	"{\"name\": \"ktstr_init\", \"verified_insns\": 78}, {\"name\": \"ktstr_exit\", \"verified_insns\": 24}]},"
	"{\"kernel\": \"6.12.117\", \"profile\": \"steal\", \"topology\": \"1,1,1,1\", \"programs\": []},"
	"{\"kernel\": \"7.3.4\", \"profile\": \"llc\", \"topology\": \"1,1,1,1\", \"programs\": ["
	"{\"name\": \"ktstr_enqueue\", \"verified_insns\": 100}]}]}";

static const char known[] = "scx_ktstr  llc*     7.0..     -           insn-limit\n"
			    "scx_ktstr  default  6.12.117  -           gone by now\n"
			    "scx_ktstr  *        7.3       2026-01-01  scx_bpf_consume\n";

static const struct {
	const char *golden;
	void (*print)(FILE *f, const struct report *r);
	const struct fixture *cells;
	size_t n;
	bool raw;
	const char *columns;
	bool diff, expect;
} cases[] = {
	{ "single.txt", report_text, single, countof(single), false, NULL, false, false },
	{ "kernels.txt", report_text, kernels, countof(kernels), false, NULL, false, false },
	{ "kernels.json", report_json, kernels, countof(kernels), false, NULL, false, false },
	{ "kernels.csv", report_csv, kernels, countof(kernels), false, NULL, false, false },
	{ "kernels.md", report_markdown, kernels, countof(kernels), false, NULL, false, false },
	{ "sweep.txt", report_text, sweep, countof(sweep), false, NULL, false, false },
	{ "sweep-raw.txt", report_text, sweep + 4, 1, true, NULL, false, false },
	{ "sweep-100.txt", report_text, sweep, countof(sweep), false, "100", false, false },
	{ "sweep-40.txt", report_text, sweep, countof(sweep), false, "40", false, false },
	{ "sweep.json", report_json, sweep, countof(sweep), false, NULL, false, false },
	{ "sweep.csv", report_csv, sweep, countof(sweep), false, NULL, false, false },
	{ "sweep.md", report_markdown, sweep, countof(sweep), false, NULL, false, false },
	{ "diff-single.txt", report_text, sweep, 1, false, NULL, true, false },
	{ "diff.txt", report_text, sweep, 2, false, NULL, true, false },
	{ "diff.json", report_json, sweep, 1, false, NULL, true, false },
	{ "diff-failed.txt", report_text, sweep + 4, 1, false, NULL, true, false },
	{ "diff.md", report_markdown, sweep, 2, false, NULL, true, false },
	{ "expect.txt", report_text, sweep, countof(sweep), false, NULL, false, true },
	{ "expect.json", report_json, sweep, 5, false, NULL, false, true },
};

static void fill(struct report *r, const struct fixture *v, size_t n)
{
	for (size_t i = 0; i < n; i++) {
		const struct cell_name name = { v[i].kernel, NULL, v[i].profile, v[i].topology };
		auto_free char *dir = xasprintf(GOLDEN "cells/%s", v[i].cell);

		report_add(r, &name, dir, &v[i].step);
	}
}

static void same_as_golden(const char *name, const char *got, size_t n)
{
	auto_free char *path = xasprintf(GOLDEN "%s", name);
	auto_free char *want = NULL;
	struct err e = { 0 };
	size_t n_want;

	if (getenv("BLESS"))
		assert_true(file_write(AT_FDCWD, path, got, n, &e) >= 0);
	if (file_read(AT_FDCWD, path, 1 << 20, &want, &n_want, &e) < 0)
		fail_msg("%s", e.msg);
	if (n != n_want || memcmp(got, want, n) != 0)
		fail_msg("%s: not what is wanted:\n%s", name, got);
}

static void golden(void **state)
{
	auto_expects struct expects x = { 0 };
	auto_saved struct saved a = { 0 };
	struct err e = { 0 };

	(void)state;
	assert_int_equal(saved_parse(&a, earlier, sizeof(earlier) - 1, &e), 0);
	assert_int_equal(expects_parse(&x, EXPECTS_OF_SWEEP, known, sizeof(known) - 1, &e), 0);
	for (size_t i = 0; i < countof(cases); i++) {
		auto_report struct report r = {
			.scheduler = "scx_ktstr",
			.raw = cases[i].raw,
			.command = "cargo ktstr verifier --scheduler-bin ./scx_ktstr",
			.args = i % 2 ? "-- --slow" : NULL,
			.base = cases[i].diff ? &a : NULL,
			.base_name = "before.json",
			.expects = cases[i].expect ? &x : NULL,
		};
		auto_free char *got = NULL;
		size_t n;

		fill(&r, cases[i].cells, cases[i].n);
		if (report_needs_symbols(&r)) {
			report_kernel(&r, "6.12.117", GOLDEN "kernels/old");
			report_kernel(&r, "7.3.4", GOLDEN "kernels/new");
			report_kernel(&r, "7.0", GOLDEN "kernels/none");
		}
		report_expect(&r, "2026-11-25");
		if (cases[i].columns)
			setenv("COLUMNS", cases[i].columns, 1);
		else
			unsetenv("COLUMNS");
		FILE *f = xmemstream(&got, &n);

		cases[i].print(f, &r);
		fclose(f);
		same_as_golden(cases[i].golden, got, n);
	}
}

/* What a scheduler may print as its last line, and what becomes of it in a cell of each report. */
static const struct {
	const char *said, *csv, *markdown, *text;
} hostile[] = {
	{ "=HYPERLINK(\"http://x\"&A2)", ",\"'=HYPERLINK(\"\"http://x\"\"&A2)\"\n",
	  ": =HYPERLINK(\"http:&#8203;//x\"&amp;A2)</summary>", ": =HYPERLINK(\"http://x\"&A2)\n" },
	{ "+1", ",'+1\n", ": +1<", ": +1\n" },
	{ "-1", ",'-1\n", ": -1<", ": -1\n" },
	{ "@SUM(1)", ",'@SUM(1)\n", ": @&#8203;SUM(1)<", ": @SUM(1)\n" },
	{ "\t=1", ",' =1\n", ":  =1<", ":  =1\n" },
	{ "\r=1", ",' =1\n", ":  =1<", ":  =1\n" },
	{ "\033[m=1", ",'=1\n", ": =1<", ": =1\n" },
	{ "\n=1", ",' =1\n", ":  =1<", ":  =1\n" },
	{ " =1", ",' =1\n", ":  =1<", ":  =1\n" },
	{ "\u00a0=1", ",'\u00a0=1\n", ": \u00a0=1<", ": \u00a0=1\n" },
	{ "\uff1d1", ",'\uff1d1\n", ": \uff1d1<", ": \uff1d1\n" },
	{ "a;=1", ",\"a;=1\"\n", ": a;=1<", ": a;=1\n" },
	{ "1=1", ",1=1\n", ": 1=1<", ": 1=1\n" },
	{ "\302\23331mred\302\235"
	  "0;title\302\234.",
	  ",red.\n", ": red.<", ": red.\n" },
	{ "\033[2mdim\033[0m\033", ",dim?\n", ": dim?<", ": dim?\n" },
	{ "::add-mask::a", ",:?add-mask::a\n", ": :?add-mask::a<", ": :?add-mask::a\n" },
	{ "at #12 of www.x.org <b>", ",at #12 of www.x.org <b>\n", ": at #&#8203;12 of www&#8203;.x.org &lt;b&gt;<",
	  ": at #12 of www.x.org <b>\n" },
};

static char *printed(void (*print)(FILE *f, const struct report *r), const struct report *r)
{
	char *got = NULL;
	size_t n;
	FILE *f = xmemstream(&got, &n);

	print(f, r);
	fclose(f);
	return got;
}

static void has(const char *text, const char *what)
{
	if (!strstr(text, what))
		fail_msg("'%s' is not in:\n%s", what, text);
}

static void harmless(void **state)
{
	(void)state;
	for (size_t i = 0; i < countof(hostile); i++) {
		const struct fixture died = {
			"died",
			"6.18.2",
			NULL,
			NULL,
			{ .state = STEP_FAILED, .code = X_DIED, .text = (char *)hostile[i].said }
		};
		auto_report struct report r = { .scheduler = "scx_ktstr", .command = "cargo ktstr verifier" };

		fill(&r, &died, 1);
		free(r.cells[0].result.reason);
		r.cells[0].result.reason = xstrdup(hostile[i].said);
		auto_free char *csv = printed(report_csv, &r), *markdown = printed(report_markdown, &r);
		auto_free char *text = printed(report_text, &r);

		has(csv, hostile[i].csv);
		has(markdown, hostile[i].markdown);
		has(text, hostile[i].text);
	}
}

/* In place of every name that a report has from elsewhere. */
#define ODD "=|a`<b>@all [x](https://y)\n**#1\033[1m\302\23331m\342\200\256"

static void hasnt(const char *text, const char *what)
{
	if (strstr(text, what))
		fail_msg("'%s' is in:\n%s", what, text);
}

/* That many "|" which are not escaped: so many columns, and one. */
static size_t bars(const char *line)
{
	size_t n = 0;

	for (const char *c = line; *c && *c != '\n'; c++) {
		if (*c == '\\' && c[1])
			c++;
		else
			n += *c == '|';
	}
	return n;
}

static void same_columns(const char *text)
{
	size_t n = 0;

	for (const char *line = text; *line; line += strcspn(line, "\n"), line += *line == '\n') {
		if (*line == '|' && n)
			assert_int_equal(bars(line), n);
		n = *line == '|' ? bars(line) : 0;
	}
}

static void odd_names(struct report *r, struct saved *a)
{
	for (size_t i = 0; i < r->n; i++) {
		free(r->cells[i].kernel);
		r->cells[i].kernel = xstrdup(ODD);
		for (size_t k = 0; k < r->cells[i].result.progs.n; k++)
			strcpy(r->cells[i].result.progs.v[k].name, ODD);
	}
	for (size_t i = 0; i < a->n; i++) {
		if (i < 2) {
			free(a->cells[i].kernel);
			a->cells[i].kernel = xstrdup(ODD);
		}
		for (size_t k = 0; k < a->cells[i].progs.n; k++)
			strcpy(a->cells[i].progs.v[k].name, ODD);
	}
	free(a->cells[a->n - 1].profile);
	a->cells[a->n - 1].profile = xstrdup(ODD);
}

static void names_of_others(void **state)
{
	static const char *const live[] = { "<b>",  "@all", "https://y", "[x](",
					    "**#1", "\033", "\302\233",  "\342\200\256" };
	static const size_t cells[] = { 2, 7 }; /* programs down, programs across */

	(void)state;
	for (size_t i = 0; i < countof(cells); i++) {
		auto_saved struct saved a = { 0 };
		auto_report struct report r = { .scheduler = ODD, .base = &a, .base_name = ODD };
		struct err e = { 0 };

		assert_int_equal(saved_parse(&a, earlier, sizeof(earlier) - 1, &e), 0);
		for (size_t k = 0; k < cells[i]; k++)
			fill(&r, &sweep[k % 3],
			     1); /* those that attached: what stands in a line of HTML is no Markdown */
		odd_names(&r, &a);
		auto_free char *markdown = printed(report_markdown, &r), *csv = printed(report_csv, &r);
		auto_free char *text = printed(report_text, &r);

		for (size_t k = 0; k < countof(live); k++)
			hasnt(markdown, live[k]);
		same_columns(markdown);
		has(markdown, "\n**A: =\\|a\\`&lt;b&gt;");
		has(markdown, "\n- only in A: ");
		hasnt(csv, ",=");
		hasnt(csv, "\n=");
		for (size_t k = 5; k < countof(live); k++) {
			hasnt(csv, live[k]);
			hasnt(text, live[k]);
		}
	}
}

/* A report that others have saved has names as guests have. */
static void names_of_a_saved_report(void **state)
{
	static const char json[] = "{\"scheduler\": \"x\", \"cells\": [{\"kernel\": \"6.12\", \"programs\": ["
				   "{\"name\": \"a\\u001b[1m\\nb\\u202e\", \"verified_insns\": 1}]}]}";
	auto_saved struct saved a = { 0 };
	struct err e = { 0 };

	(void)state;
	assert_int_equal(saved_parse(&a, json, sizeof(json) - 1, &e), 0);
	assert_string_equal(a.cells[0].progs.v[0].name, "a?[1m?b???");
}

static const struct {
	const struct fixture *cells;
	size_t n;
	uint64_t over, growth;
	bool expect;
	int code;
	const char *word;
} verdicts[] = {
	{ single, 1, NO_GATE, NO_GATE, false, X_SUCCESS, NULL },
	{ single, 1, 456, NO_GATE, false, X_SUCCESS, NULL },
	{ single, 1, 455, NO_GATE, false, X_OVER, "ktstr_dispatch on 6.12.117: 456 instructions, --fail-over is 455" },
	{ single, 1, 0, NO_GATE, false, X_OVER, "4 programs are over budget" },
	{ sweep, 3, 0, NO_GATE, false, X_OVER, "and 7 more" },
	{ sweep, 1, NO_GATE, 23, false, X_SUCCESS, NULL },
	{ sweep, 1, NO_GATE, 22, false, X_OVER, "100 -> 123 instructions, --fail-growth is 22 %" },
	{ sweep, 1, NO_GATE, 0, false, X_OVER, "1 program is over budget" },
	{ sweep, countof(sweep), 0, 0, false, X_REJECTED, "7.3.4 llc 1,1,1,1 rejected: BPF program is too large" },
	{ sweep + 1, countof(sweep) - 1, NO_GATE, NO_GATE, true, X_SUCCESS, NULL },
	{ sweep, countof(sweep), NO_GATE, NO_GATE, true, X_PASSED, "line 2 of the expected failures" },
	{ kernels + 1, 1, NO_GATE, NO_GATE, true, X_REJECTED, "it was expected until 2026-01-01 (line 3)" },
	{ kernels, 3, NO_GATE, NO_GATE, false, X_DIED, "6.18.2 died" },
};

static void verdict(void **state)
{
	auto_expects struct expects x = { 0 };
	auto_saved struct saved a = { 0 };
	struct err e = { 0 };

	(void)state;
	assert_int_equal(saved_parse(&a, earlier, sizeof(earlier) - 1, &e), 0);
	assert_int_equal(expects_parse(&x, EXPECTS_OF_SWEEP, known, sizeof(known) - 1, &e), 0);
	for (size_t i = 0; i < countof(verdicts); i++) {
		const struct run run = { 0 };
		const struct plan plan = { 0 };
		auto_report struct report r = {
			.scheduler = "scx_ktstr",
			.base = verdicts[i].growth != NO_GATE ? &a : NULL,
			.fail_over = verdicts[i].over,
			.fail_growth = verdicts[i].growth,
			.expects = verdicts[i].expect ? &x : NULL,
		};

		fill(&r, verdicts[i].cells, verdicts[i].n);
		report_expect(&r, "2026-11-25");
		e = (struct err){ 0 };
		assert_int_equal(report_verdict(&r, 1, &run, &plan, &e), verdicts[i].code ? -1 : 0);
		assert_int_equal(e.code, verdicts[i].code);
		if (verdicts[i].word && !strstr(e.msg, verdicts[i].word))
			fail_msg("'%s' is not in: %s", verdicts[i].word, e.msg);
	}
}

/* Of several schedulers the worst decides, wherever it stands; one that is well changes nothing. */
static void verdict_of_several(void **state)
{
	static const struct {
		const struct fixture *cells;
		size_t n;
	} of[] = { { single, 1 }, { kernels, 3 }, { sweep, countof(sweep) } };
	static const struct {
		size_t order[3], n;
		uint64_t over;
		int code;
	} all[] = {
		{ { 0 }, 1, NO_GATE, X_SUCCESS },     { { 0, 2 }, 2, NO_GATE, X_REJECTED },
		{ { 2, 0 }, 2, NO_GATE, X_REJECTED }, { { 0, 1, 2 }, 3, NO_GATE, X_DIED },
		{ { 2, 1, 0 }, 3, NO_GATE, X_DIED },  { { 0, 2 }, 2, 455, X_REJECTED },
		{ { 0, 0 }, 2, 455, X_OVER },
	};

	(void)state;
	for (size_t i = 0; i < countof(all); i++) {
		const struct run run = { 0 };
		const struct plan plan = { 0 };
		struct report r[3] = { 0 };
		struct err e = { 0 };

		for (size_t k = 0; k < all[i].n; k++) {
			r[k] = (struct report){ .scheduler = "x", .fail_over = all[i].over, .fail_growth = NO_GATE };
			fill(&r[k], of[all[i].order[k]].cells, of[all[i].order[k]].n);
		}
		assert_int_equal(report_verdict(r, all[i].n, &run, &plan, &e), all[i].code ? -1 : 0);
		assert_int_equal(e.code, all[i].code);
		for (size_t k = 0; k < all[i].n; k++)
			report_free(&r[k]);
	}
}

/* What cannot be read is gone, so that the next run makes it again. */
static void damaged(void **state)
{
	const struct step_result step = { .state = STEP_CACHED };
	auto_report struct report r = { .scheduler = "scx_ktstr" };
	auto_free char *path = xasprintf("%s/result.json", (char *)*state);

	scratch_file(*state, "result.json", "\0\0\0", 3);
	report_add(&r, &(struct cell_name){ .kernel = "6.12" }, *state, &step);
	assert_int_equal(r.cells[0].code, X_FAIL);
	assert_non_null(strstr(r.cells[0].failure, "made again by the next run"));
	assert_false(file_exists(path));
}

int main(void)
{
	const struct CMUnitTest tests[] = { cmocka_unit_test(golden),
					    cmocka_unit_test(harmless),
					    cmocka_unit_test(names_of_others),
					    cmocka_unit_test(names_of_a_saved_report),
					    cmocka_unit_test(verdict),
					    cmocka_unit_test(verdict_of_several),
					    in_scratch(damaged) };

	return cmocka_run_group_tests(tests, NULL, NULL);
}
