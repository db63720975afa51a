/* run.h: has a plan made by ninja, and tells the person at the terminal how it goes.
 *
 * One line per step appears on stderr: how long it took, "cached", or "failed". */
#pragma once
#include "gen/graph/folder.h"
#include "gen/graph/outcome.h"
#include <stdbool.h>
#include <stddef.h>
struct edge;
struct err;
struct plan;

struct run {
	const char *dir;           /* build folder, absolute; NULL: it did not come to that */
	struct step_result *steps; /* one per edge of the plan, in its order */
	size_t n;
	size_t failed;
	struct folder folder; /* when dir is set */
};

/* Whoever wants to tell in his own way how it goes. */
struct run_watch {
	/* A step ended, or is settled once all have; dir: the build folder. Lines to be shown above the moving one, for us to free; NULL: none. A step that failed has its
	 * line in any case. */
	char *(*ended)(void *ctx, const struct edge *g, const struct step_result *r, const char *dir);
	/* The moving line while running steps are at work; left: how many ninja has not begun, 0 also while that is not known. For us to free. */
	char *(*label)(void *ctx, size_t running, size_t left);
	/* Whether what is still to be made is not wanted any more; NULL: it is. */
	bool (*enough)(void *ctx);
	void *ctx;
};

/* For requests that only look up: no lines, and how many are left. */
extern const struct run_watch run_looks;

struct run_opts {
	bool explain;                  /* say why each step ran */
	bool brief;                    /* no line for a step whose result was known, unless explain is set */
	unsigned jobs;                 /* 0: as many as CPUs we may use */
	const struct run_watch *watch; /* NULL: a line per step */
	bool ask; /* what takes a guest or a build is not done: a step of that kind fails unless its result is known (step/step.h) */
	bool last;       /* nothing is asked for behind it but to be told (taken.h) */
	long long until; /* now_ms() at which it is ended, as by a signal; 0: never */
	bool keep; /* results stay as they are until run_free(): an equal request waits that long. edge.again takes them away */
};

/* Zero also when steps failed (see run->failed). Negative: ninja is missing, could not be run, or we were told to stop, by a signal (X_INTERRUPTED),
 * the end of the time or whoever watches (X_TIMEOUT); then nothing of ours is running any more. */
int run_plan(struct run *r, const struct plan *p, const struct run_opts *o, struct err *e);
/* What came of an edge of that plan. */
const struct step_result *run_step(const struct run *r, const struct edge *g);
/* Failure of the first failed step as an error, with the command that runs just this step again. */
int run_first_failure(const struct run *r, const struct plan *p, struct err *e);
/* The same among the steps of one rule. */
int run_failure_of(const struct run *r, const struct plan *p, const char *rule, struct err *e);
/* The same of all that failed, but for what was not made (ask): each but the last is told, the code is the first one's. Of very many the rest is counted. */
int run_failures(const struct run *r, const struct plan *p, struct err *e);
void run_free(struct run *r);
#define auto_run __attribute__((unused, cleanup(run_free)))
