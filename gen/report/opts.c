#include "gen/report/opts.h"
#include "gen/report/csv.h"
#include "gen/report/json.h"
#include "gen/report/markdown.h"
#include "gen/report/text.h"
#include "base/err.h"
#include "base/file.h"
#include "base/mem.h"
#include <time.h>

#define REPORT_MAX (64u << 20)

static int load_base(struct report_opts *o, struct err *e)
{
	auto_free char *text = NULL;
	size_t n;

	if (file_read(AT_FDCWD, o->diff, REPORT_MAX, &text, &n, e) < 0)
		return err_as(e, X_NO_INPUT, "--diff");
	if (saved_parse(&o->base, text, n, e) < 0)
		return err_as(e, X_USAGE, "--diff %s", o->diff);
	return 0;
}

int report_opts_load(struct report_opts *o, struct err *e)
{
	if (o->fail_growth != NO_GATE && !o->diff && !o->diff_bin)
		return err_set(e, X_USAGE, "--fail-growth needs --diff FILE or --diff-bin PATH to compare with");
	if (o->diff && load_base(o, e) < 0)
		return -1;
	return o->expect ? expects_load(&o->expects, EXPECTS_OF_SWEEP, o->expect, e) : 0;
}

void report_opts_free(struct report_opts *o)
{
	saved_free(&o->base);
	expects_free(&o->expects);
}

struct report report_opts_report(const struct report_opts *o)
{
	return (struct report){
		.raw = o->raw,
		.base = o->diff || o->diff_bin ? &o->base : NULL,
		.base_name = o->diff ? o->diff : o->diff_bin,
		.fail_over = o->fail_over,
		.fail_growth = o->fail_growth,
		.expects = o->expect ? &o->expects : NULL,
	};
}

void report_opts_print(const struct report_opts *o, FILE *f, const struct report *r)
{
	if (o->json)
		report_json(f, r);
	else if (o->csv)
		report_csv(f, r);
	else if (o->markdown)
		report_markdown(f, r);
	else
		report_text(f, r);
}

void report_opts_print_all(const struct report_opts *o, FILE *f, const struct report *all, size_t n)
{
	if (o->json) {
		report_json_all(f, all, n);
		return;
	}
	if (o->csv) {
		report_csv_all(f, all, n);
		return;
	}
	for (size_t i = 0; i < n; i++) {
		if (i)
			fputc('\n', f);
		report_opts_print(o, f, &all[i]);
	}
}

char *report_today(void)
{
	time_t now = time(NULL);
	struct tm t;

	localtime_r(&now, &t);
	return xasprintf("%04d-%02d-%02d", t.tm_year + 1900, t.tm_mon + 1, t.tm_mday);
}
