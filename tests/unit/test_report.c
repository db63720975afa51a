/* Reports of known cells against tests/golden/report. BLESS=1 rewrites. Tests run in the project's folder. */
#include "base/err.h"
#include "base/file.h"
#include "base/mem.h"
#include "gen/report.h"
#include "gen/run.h"
#include <setjmp.h>
#include <stdarg.h>
#include <stdint.h>

#include <cmocka.h>

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

static const struct {
	const char *golden;
	void (*print)(FILE *f, const struct report *r);
	const struct fixture *cells;
	size_t n;
	bool raw;
	const char *columns;
} cases[] = {
	{ "single.txt", report_text, single, countof(single), false, NULL },
	{ "kernels.txt", report_text, kernels, countof(kernels), false, NULL },
	{ "kernels.json", report_json, kernels, countof(kernels), false, NULL },
	{ "kernels.csv", report_csv, kernels, countof(kernels), false, NULL },
	{ "kernels.md", report_markdown, kernels, countof(kernels), false, NULL },
	{ "sweep.txt", report_text, sweep, countof(sweep), false, NULL },
	{ "sweep-raw.txt", report_text, sweep + 4, 1, true, NULL },
	{ "sweep-100.txt", report_text, sweep, countof(sweep), false, "100" },
	{ "sweep-40.txt", report_text, sweep, countof(sweep), false, "40" },
	{ "sweep.json", report_json, sweep, countof(sweep), false, NULL },
	{ "sweep.csv", report_csv, sweep, countof(sweep), false, NULL },
	{ "sweep.md", report_markdown, sweep, countof(sweep), false, NULL },
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
	(void)state;
	for (size_t i = 0; i < countof(cases); i++) {
		auto_report struct report r = {
			.scheduler = "scx_ktstr",
			.raw = cases[i].raw,
			.command = "cargo ktstr verifier --scheduler-bin ./scx_ktstr",
			.args = i % 2 ? "-- --slow" : NULL,
		};
		auto_free char *got = NULL;
		size_t n;

		fill(&r, cases[i].cells, cases[i].n);
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

int main(void)
{
	const struct CMUnitTest tests[] = { cmocka_unit_test(golden) };

	return cmocka_run_group_tests(tests, NULL, NULL);
}
