/* check.h: one expectation held against one run. */
#pragma once
#include "judge/figure.h"
#include "judge/judge.h"

/* Exactly one group, worker, or the run, in one phase or all of them. */
struct trial_of {
	enum judgement verdict;
	struct selection s;
	struct figure figure;
	double limit;
	bool limit_known;
	const char *why; /* inconclusive: why; the caller's */
	char *found;     /* of a finding: what was found, in words; NULL */
};

struct check {
	const struct judge_request *request;
	const struct judge_run *run;
	const struct expectation *x;
	const char *const *groups; /* of the run's workers, each once */
	size_t n_groups;
	bool except[FACTS_PHASES]; /* phases that are not asked about */
};

/* The caller frees what it has. Words tell the worst group or worker, and how many more there are. */
struct verdict_check check_run(const struct judge_request *request, const struct judge_run *run,
			       const struct expectation *x);
/* Whether x is about that group and phase (PHASE_ALL: any): no "off" of the same metric takes it out. group may be NULL. */
bool check_asks(const struct check *c, const char *group, int phase);
/* A finding about a selection: verdict, found and why of t. */
void finding(const struct check *c, struct trial_of *t);
