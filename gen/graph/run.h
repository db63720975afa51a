/* run.h: has a plan made by ninja, and tells the person at the terminal how it goes.
 *
 * The build folder is {store}/graphs/{plan name}-{hash of build.ninja}: equal requests share it, and a lock in it makes
 * the second of two wait for the first. One line per step appears on stderr: how long it took, "cached", or "failed". */
#pragma once
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
struct err;
struct plan;

enum step_state { STEP_CACHED, STEP_RAN, STEP_FAILED, STEP_NOT_RUN };

struct step_result {
	enum step_state state;
	uint64_t ms;
	int code;   /* STEP_FAILED, STEP_NOT_RUN: exit code of the error */
	char *text; /* STEP_FAILED: its message; STEP_NOT_RUN: the failure before it; else why it ran */
};

struct run {
	char *dir;                 /* build folder, absolute */
	struct step_result *steps; /* one per edge of the plan, in its order */
	size_t n;
	size_t failed;
	int lock; /* run_opts.keep: of the build folder, 0 without */
	int used; /* keeps others from clearing results out of it; 0 or less: none */
};

struct run_opts {
	bool explain;     /* say why each step ran */
	bool brief;       /* no line for a step whose result was known, unless explain is set */
	unsigned jobs;    /* 0: as many as CPUs we may use */
	const char *redo; /* rule (or start of its name) whose edges run even when up to date */
	bool keep; /* results stay as they are until run_free(): an equal request waits that long. redo takes them away */
};

/* Zero also when steps failed (see run->failed). Negative: ninja is missing, could not be run, or we were told to stop;
 * then nothing of ours is running any more. */
int run_plan(struct run *r, const struct plan *p, const struct run_opts *o, struct err *e);
/* What came of the edge with this id, which must be in the plan. */
const struct step_result *run_find(const struct run *r, const struct plan *p, const char *id);
/* Failure of the first failed step as an error, with the command that runs just this step again. */
int run_first_failure(const struct run *r, const struct plan *p, struct err *e);
void run_free(struct run *r);
#define auto_run __attribute__((unused, cleanup(run_free)))
