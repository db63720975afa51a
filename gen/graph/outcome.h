/* outcome.h: what came of each step of a plan. */
#pragma once
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
struct plan;

enum step_state { STEP_CACHED, STEP_RAN, STEP_FAILED, STEP_NOT_RUN };

struct step_result {
	enum step_state state;
	bool began;  /* it said so */
	bool silent; /* STEP_FAILED: it said nothing of that, its process was gone */
	uint64_t ms;
	int code;   /* STEP_FAILED, STEP_NOT_RUN: exit code of the error */
	char *text; /* STEP_FAILED: its message; STEP_NOT_RUN: the failure before it; else why it ran */
};

/* One per edge, in the plan's order, all of them not run. Freed by outcome_free(). */
struct step_result *outcome_new(const struct plan *p);
/* Before that: a step that began and told of no end has failed, and so has one whose command failed by ninja's own words, log
 * (NULL: none). Returns how many. Without a step that began, a failure is ninja's (a program that cannot be run), and 0. */
size_t outcome_silent(struct step_result *v, const struct plan *p, const char *log);
/* Once ninja is done: a step that nothing was heard of was up to date, or one that it needs has failed. */
void outcome_settle(struct step_result *v, const struct plan *p);
void outcome_free(struct step_result *v, size_t n);
