/* judge.h: runs of one test and what is expected of them, to a verdict. Nothing is read or run here. */
#pragma once
#include "judge/expect/expectation.h"
#include "judge/facts/facts.h"
#include "judge/verdict.h"

/* One seed. Without facts it came to no run, and why says so. */
struct judge_run {
	uint64_t seed;
	const struct facts *facts; /* NULL: broken, or skipped */
	bool skipped;
	const char *why;                        /* of those */
	const char *kernel_log, *scheduler_log; /* NULL: not kept */
	size_t kernel_log_n, scheduler_log_n;
};

/* The other side of "of OTHER". */
struct judge_other {
	const char *name;
	uint64_t seed;
	const struct facts *facts; /* NULL: came to no run */
};

struct judge_request {
	const char *test, *kernel, *topology, *preset, *profile, *scheduler;
	const char *again;       /* the command that runs the test; " --seed N" is put behind it. NULL: not known */
	const char *again_rest;  /* what belongs behind that; NULL: nothing */
	const char *expect_fail; /* NULL, or "CLASS[,CLASS…][: TEXT]" */
	const char *text;        /* that was run, so that lines can be quoted; NULL */
	const struct expectations *expectations;
	const struct judge_run *runs;
	size_t n_runs;
	const struct judge_other *others;
	size_t n_others;
};

/* Negative: X_USAGE, expect_fail is no such thing. */
int judge(struct ruling *v, const struct judge_request *r, struct err *e);
