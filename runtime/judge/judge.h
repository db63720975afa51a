/* judge.h: runs of one test and what is expected of them, to a verdict. Nothing is read or run here. */
#pragma once
#include "judge/expect/expectation.h"
#include "judge/facts/facts.h"
#include "judge/verdict.h"

/* The other side of "of OTHER", with the same seed. */
struct judge_other {
	const char *name;
	const struct facts *facts; /* NULL: came to no run */
};

/* What the test's own function says of the run: at most so many faults, and so many bytes of each; more are counted in the last one. */
enum { OWN_FAULTS_MAX = 1000, OWN_WORDS_MAX = 512 };
struct judge_own {
	const char *const *faults; /* a line each */
	size_t n;
	const char *skip; /* why it would rather skip it; NULL */
};

/* One seed. Without facts it came to no run, and why says so. */
struct judge_run {
	uint64_t seed;
	const struct facts *facts;              /* NULL: it came to none */
	enum judgement without;                 /* then: JUDGED_SKIP, _INCONCLUSIVE, or _BROKEN, which is 0 */
	const char *why;                        /* and why */
	const char *kernel_log, *scheduler_log; /* NULL: not kept */
	size_t kernel_log_n, scheduler_log_n;
	const struct judge_other *others;
	size_t n_others;
	const struct judge_own *own; /* NULL: there is none */
};

struct judge_request {
	const char *test, *kernel, *topology, *preset, *profile, *scheduler;
	const char *again;       /* the command that runs the test; " --seed N" is put behind it. NULL: not known */
	const char *again_rest;  /* what belongs behind that; NULL: nothing */
	const char *expect_fail; /* NULL, or "CLASS[,CLASS…][: TEXT]" */
	const char *text;        /* that was run, so that lines can be quoted; NULL */
	const struct expectations *expectations;
};

struct judge_group;

/* Seed by seed, so that the facts of no more than one are in memory. {0} is none. */
struct judging {
	const struct judge_request *request;
	struct ruling v;
	struct judge_group *groups; /* figures of each seed */
	size_t n_groups;
};

/* The request stays as it is until judge_end(). Negative: X_USAGE, expect_fail is no such thing. */
int judge_begin(struct judging *j, const struct judge_request *r, struct err *e);
/* Nothing of the run is kept. What becomes of it. */
enum judgement judge_add(struct judging *j, const struct judge_run *run);
/* A test of the host has no run, but what its function says. */
void judge_add_host(struct judging *j, const struct judge_own *own);
/* v is the caller's. */
void judge_end(struct judging *j, struct ruling *v);
void judge_drop(struct judging *j); /* {0} too, and after judge_end() */
#define auto_judging __attribute__((unused, cleanup(judge_drop)))
