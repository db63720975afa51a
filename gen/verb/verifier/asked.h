/* asked.h: what `verifier` was asked for, which schedulers that means, and what is told of them.
 *
 *   schedulers_find()    words, environment      schedulers_settle()  flags asked, cells made
 *   schedulers_build()   cargo, test programs    verifier_tell()      reports, and what they come to
 */
#pragma once
#include "gen/base/home.h"
#include "gen/cargo/package.h"
#include "gen/graph/guest.h"
#include "gen/kernels/kernels.h"
#include "gen/report/opts.h"
#include "gen/sweep/flags.h"
#include "gen/sweep/subjects.h"
#include "gen/sweep/sweep.h"
#include "gen/verb/opts.h"
#include "options/opt.h"
#include "text/argv.h"
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
struct err;
struct plan;
struct run;
struct run_opts;

/* What a look at whether it dispatches takes; what counts worth comparing take. */
enum { WORKLOAD_MS = 50, WORKLOAD_SIDECAR_MS = 300 };
#define WORKLOAD_UNSAID UINT64_MAX

/* The command line. */
struct verifier_asked {
	const char *scheduler;
	struct package_opts package;
	struct opt_list kernels, topologies, tests, declared, launchers;
	struct profile_opts profiles;
	struct guest_asked guest;
	struct clock_asked clock;
	struct build_asked missing;
	const char *sidecars;
	uint64_t timeout, workload, jobs;
	struct report_opts report;
	bool reported, cold, cross_check, explain, force, audit;
};
extern struct verifier_asked verifier_asked;

/* One scheduler, and its cells. */
struct part {
	char *name;          /* of the scheduler, as a folder name */
	const char *subject; /* what people call it */
	char *binary;        /* absolute */
	struct argv args;    /* those of its declaration, then the user's */
	struct guest_plan guest;
	struct sweep sweep;
};

struct request {
	struct home home;
	char *scheduler; /* absolute; NULL: not known yet */
	char *base;      /* the one it is compared with, absolute; NULL: none */
	bool declared;   /* test programs say which */
	struct subjects subjects;
	struct package package;
	char *name; /* of the scheduler, or of what stands in its place until it is known, as a folder name */
	struct kernels kernels;
	struct kernels_opts how;
	const char *const *args;
	struct guest_plan guest; /* what all guests have in common */
	struct sweep checked;    /* what all sweeps have in common */
	struct part *parts;
	size_t n;
	int sidecars; /* folder for their files; -1: none */
};

/* A named one is there; of declared ones it is known where to ask. X_USAGE when nobody names any. */
int schedulers_find(struct request *q, struct err *e);
/* Fills parts. Late, because it may take minutes: what else the request names is there. */
int schedulers_build(struct request *q, const struct run_opts *ro, struct err *e);
/* Their sweeps; ask: for profiles, flags are needed. */
int schedulers_settle(struct request *q, bool ask, const struct run_opts *ro, struct err *e);
void schedulers_free(struct request *q);
/* How much it is going to be. */
void verifier_tell_size(const struct request *q);
/* The report, sidecars, and what it all comes to. */
int verifier_tell(struct request *q, const struct run *r, const struct plan *p, struct err *e);
