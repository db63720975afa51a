/* flags.h: the profiles of a sweep, from what the request names and what the scheduler says its flags are. */
#pragma once
#include "options/opt.h"
#include "gen/graph/run.h"
#include "gen/kernels/kernels.h"
#include <stdbool.h>
struct err;
struct flags;
struct sweep;

struct profile_opts {
	bool all;
	struct opt_list named; /* --profiles */
	const char *file;      /* --flags-file or NULL */
	uint64_t max;          /* 0: PROFILES_MAX */
};

enum { PROFILES_MAX = 1024, PROFILES_MANY = 32 };

enum { PROFILES_DONE = 0, PROFILES_ASK = 1 };
/* What can be known without the scheduler: PROFILES_DONE also when no profiles were asked for. X_USAGE, X_NO_INPUT. */
int sweep_profiles(struct sweep *s, const struct profile_opts *o, struct err *e);
/* The same where the scheduler's flags are known. X_USAGE. */
int sweep_profiles_of(struct sweep *s, const struct profile_opts *o, const struct flags *f, struct err *e);
/* Whether lines of its test go on with profiles. */
bool sweep_has_asked(const struct sweep *s);
/* X_USAGE when an option about profiles has none that it could be about. asked: a sweep of the request has such lines. */
int sweep_profiles_used(const struct profile_opts *o, bool asked, struct err *e);
/* After PROFILES_ASK: a guest of the first kernel that works is asked, by a graph of its own. A scheduler that does not
 * know the question has the default profile only; X_USAGE when others were named. */
int sweep_ask(struct sweep *s, const struct profile_opts *o, struct kernels *kernels, const struct kernels_opts *how,
	      const struct run_opts *ro, struct err *e);
/* Asks in the same way, and prints what it says as --flags-file takes it: on one line; "[]" of one that does not know the question, whose
 * answer is told on stderr. */
int sweep_list_flags(const struct sweep *s, struct kernels *kernels, const struct kernels_opts *how,
		     const struct run_opts *ro, struct err *e);
