/* programs.h: programs of the host that a scenario runs, beside its workers.
 *
 * Lines "KEY VALUE" that they print are figures; what they print is theirs to choose, so it is bounded and read as numbers. Of equal keys
 * the later one counts. */
#pragma once
#include "engine/cgroup.h"
#include "engine/trouble.h"
#include "scenario/plan.h"
#include <stdbool.h>
#include <stddef.h>
#include <stdio.h>
#include <sys/types.h>
#include <sys/wait.h>

enum { PROGRAMS_KEYS = 64, PROGRAMS_KEY_MAX = 63 };

struct program_run {
	const struct plan_step *step;
	pid_t pid;
	int out; /* the file it prints to */
	bool gone, stopped;
	int code, status; /* as waitid() has them, when gone */
};

struct programs {
	const char *const *paths; /* of the plan's programs, in their order */
	size_t n_paths;
	const char *folder; /* for their output */
	struct program_run *v;
	unsigned n;
};

/* Those of one line. ENDS_TEXT: it cannot be run. */
int programs_start(struct programs *p, const struct plan_step *s, const struct cgroups *c, const char *group,
		   struct trouble *t);
/* A child ended; true: it was one of these. */
bool programs_reaped(struct programs *p, const siginfo_t *si);
/* Kills those of that group that are there; PROGRAMS_ALL: all. Whoever reaps them is the director. */
enum { PROGRAMS_ALL = -2 };
void programs_stop(struct programs *p, int group);
bool programs_left(const struct programs *p);
/* The member "programs" of a run with a comma behind it, or nothing. */
void programs_report(FILE *f, const struct programs *p, const struct scenario_plan *plan);
void programs_free(struct programs *p);

struct program_figure {
	char key[PROGRAMS_KEY_MAX + 1]; /* letters, digits, "_", "-" and "." */
	double value;                   /* 0, or from 1e-100 to 1e100, with either sign */
};
/* Out of n bytes that a program printed: how many. For tests. */
size_t programs_figures(const char *text, size_t n, struct program_figure to[PROGRAMS_KEYS]);
