/* opts.h: the options of a verb that are about its report: form, comparison, gates, expected failures. */
#pragma once
#include "gen/report/report.h"
#include "verifier/expect.h"
#include "verifier/saved.h"
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>

struct report_opts {
	bool raw, json, csv, markdown;
	const char *diff, *diff_bin, *expect;
	uint64_t fail_over, fail_growth;
	struct saved base;      /* from diff; or what the verb found for diff_bin */
	struct expects expects; /* from expect */
};

#define REPORT_OPTS_INIT \
	{ \
		.fail_over = NO_GATE, .fail_growth = NO_GATE \
	}

/* Entries of the verb's table, for a struct report_opts v. */
#define REPORT_OPTS(v) \
	{ .name = "raw", \
	  .type = OPT_FLAG, \
	  .out = &(v).raw, \
	  .help = "print the whole scheduler log, with loops not collapsed" }, \
		{ .name = "json", \
		  .type = OPT_FLAG, \
		  .out = &(v).json, \
		  .conflicts = "csv markdown", \
		  .help = "print the report as JSON" }, \
		{ .name = "csv", \
		  .type = OPT_FLAG, \
		  .out = &(v).csv, \
		  .conflicts = "markdown", \
		  .help = "print it as CSV, one line per program" }, \
		{ .name = "markdown", \
		  .type = OPT_FLAG, \
		  .out = &(v).markdown, \
		  .help = "print it as Markdown, for the summary of a CI job" }, \
		{ .name = "diff", \
		  .type = OPT_STR, \
		  .out = &(v).diff, \
		  .arg = "FILE", \
		  .conflicts = "diff-bin", \
		  .help = "compare with an earlier report that --json wrote" }, \
		{ .name = "diff-bin", \
		  .type = OPT_STR, \
		  .out = &(v).diff_bin, \
		  .arg = "PATH", \
		  .help = "compare with another scheduler binary, which runs in the same cells" }, \
		{ .name = "fail-over", \
		  .type = OPT_U64, \
		  .out = &(v).fail_over, \
		  .arg = "N", \
		  .max = UINT32_MAX, \
		  .help = "fail when a program has more than N verified instructions" }, \
		{ .name = "fail-growth", \
		  .type = OPT_U64, \
		  .out = &(v).fail_growth, \
		  .arg = "PERCENT", \
		  .max = 1000000, \
		  .help = "fail when a program grew by more than that, with --diff or --diff-bin" }, \
	{ \
		.name = "expect", .type = OPT_STR, .out = &(v).expect, .arg = "FILE", \
		.help = "a list of known failures, and until when each is expected" \
	}

/* Checks what belongs together and reads the files that are named. */
int report_opts_load(struct report_opts *o, struct err *e);
void report_opts_free(struct report_opts *o);
/* A report that these options are about; the caller adds names and cells. */
struct report report_opts_report(const struct report_opts *o);
/* In the form asked for. */
void report_opts_print(const struct report_opts *o, FILE *f, const struct report *r);
/* Several of them, one after the other. */
void report_opts_print_all(const struct report_opts *o, FILE *f, const struct report *all, size_t n);
/* Today here, "2026-11-25". Caller frees. */
char *report_today(void);
