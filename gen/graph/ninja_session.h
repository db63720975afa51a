/* ninja_session.h: ninja while it works on a plan: what its steps tell becomes their results and lines for the person who waits. */
#pragma once
#include "progress/event.h"
#include "progress/progress.h"
#include "process/spawn.h"
#include <stdbool.h>
#include <stddef.h>
#include <stdio.h>
struct edge;
struct err;
struct plan;
struct run_watch;
struct step_result;

struct ninja_session {
	const struct plan *plan; /* set by the caller, as what follows */
	struct step_result *steps;
	const char *dir;               /* where its build.ninja is */
	bool explain, brief;           /* as in run.h */
	const struct run_watch *watch; /* as in run.h; NULL: none */
	bool ask;
	long long until;        /* as in run.h */
	unsigned jobs;          /* 0: as many as CPUs we may use */
	size_t failed, unknown; /* steps; of these those that were not made, X_UNKNOWN */
	char *log;              /* what ninja itself had to say, or NULL */
	size_t log_n;
	/* The rest is ninja_session.c's own. */
	struct events events;
	struct child ninja;
	struct progress bar;
	bool ended;                     /* by us: what a step says of its own end is no news */
	int out;                        /* ninja's stdout and stderr */
	long long began_ms;             /* now_ms() */
	bool heard;                     /* of a step */
	size_t finished, running, left; /* steps; left: that ninja has not begun, as it said last */
	FILE *held;                     /* output of programs that is shown when a step fails, or NULL */
	char *held_text;
	size_t held_n;
	char *line; /* of a program's output, without its end yet */
	size_t line_n;
};

/* Runs ninja to its end; *status is its wait status. Negative: X_NO_NINJA, or we were told to stop; nothing of ours runs any
 * more then. */
int ninja_run(struct ninja_session *s, int *status, struct err *e);
/* The line about a step that is settled. */
void ninja_tell(struct ninja_session *s, const struct edge *g);
/* Shows what was held back, if a step failed, and frees. */
void ninja_end(struct ninja_session *s);
