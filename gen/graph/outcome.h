/* outcome.h: what came of each step of a plan. */
#pragma once
#include <stddef.h>
#include <stdint.h>
struct plan;

enum step_state { STEP_CACHED, STEP_RAN, STEP_FAILED, STEP_NOT_RUN };

struct step_result {
	enum step_state state;
	uint64_t ms;
	int code;   /* STEP_FAILED, STEP_NOT_RUN: exit code of the error */
	char *text; /* STEP_FAILED: its message; STEP_NOT_RUN: the failure before it; else why it ran */
};

/* One per edge, in the plan's order, all of them not run. Freed by outcome_free(). */
struct step_result *outcome_new(const struct plan *p);
/* Once ninja is done: a step that nothing was heard of was up to date, or one that it needs has failed. */
void outcome_settle(struct step_result *v, const struct plan *p);
void outcome_free(struct step_result *v, size_t n);
