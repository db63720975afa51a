/* report.h: a verdict for people: what happened first, and then how it came to that. As JSON it is verdict_write(). */
#pragma once
#include "judge/facts/facts.h"
#include "judge/verdict.h"

struct report_log {
	const char *name; /* "kernel" */
	const char *path; /* where all of it is; NULL */
	const char *text; /* NULL: not kept */
	size_t n;
};

struct judge_report {
	const struct ruling *verdict;
	const char *note;          /* a line about it; NULL */
	const struct facts *facts; /* of verdict_worst_seed(), or of any seed; NULL: there was no run */
	const char *ran;           /* the text that was run: lines are of it; NULL */
	const char *test;          /* the whole test, which is shown; NULL */
	const struct report_log *logs;
	size_t n_logs;
	int width; /* columns that a line may have; 0: any. Commands and the text of the test are as long as they are */
};

/* A line like "FAIL llc_isolation  scx_mine llc+steal  7.3.4  smt-2llc  seed 11 (7 of 8 seeds pass)", and the note; of what did not pass the first failure and the command that repeats it. Nothing needs scrolling. */
void report_short(FILE *f, const struct ruling *v, const char *note, int width);
/* All of it: then other failures, figures by phase and group with what was done, ends of logs, the scenario's text. What comes from a guest is filtered. */
void report_full(FILE *f, const struct judge_report *r);
