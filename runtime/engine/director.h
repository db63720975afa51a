/* director.h: carries out the lines of a plan, above any scheduler under test, and takes marks at the borders of phases. */
#pragma once
#include "engine/cgroup.h"
#include "engine/counts.h"
#include "engine/crew.h"
#include "engine/keeper.h"
#include "engine/programs.h"
#include "engine/sampler.h"
#include "engine/trouble.h"
#include "scenario/plan.h"
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct group_state {
	bool made, frozen;
	uint64_t frozen_ns;      /* since when */
	bool crowded;            /* has processes and groups below it: these can have no controllers */
	bool below;              /* has groups below it */
	int psi;                 /* of a trigger that is held open, 0: none */
	struct plan_knobs knobs; /* cpus and mems as they are now */
};

struct mark {
	char *name;
	uint64_t ns; /* since go */
	unsigned line;
	char **stats; /* cpu.stat of each group of the plan; NULL: it was not there */
	struct counts counts;
};

/* A line was carried out. */
struct deed {
	uint64_t ns;
	unsigned line;
};

/* What the kernel refused and the scenario goes on without. */
struct refusal {
	unsigned line, times;
	int error;
	const char *what; /* "start a worker", "move" … */
};

struct director {
	const struct scenario_plan *plan;
	struct cgroups *cgroups;
	struct crew crew;
	struct group_state *groups;
	int events;                   /* signalfd: a child ended */
	bool going, settled, changed; /* changed: where somebody may run, since CPUs were counted anew */
	uint64_t go_ns, hold_ns, end_ns, stop_ns, reaped_ns; /* of CLOCK_MONOTONIC; hold_ns: when the phase's began */
	struct mark *marks;
	size_t n_marks;
	struct deed *deeds;
	size_t n_deeds;
	struct refusal *refusals;
	size_t n_refusals;
	struct keeper keeper;
	struct programs programs;
	int psi; /* as that of groups, of the machine */
	struct sampler sampler;
	struct trouble *trouble;
};

struct director_ask {
	const struct scenario_plan *plan;
	struct cgroups *cgroups;
	uint64_t seed;
	int shift;                   /* burn.h */
	const char *folder;          /* for files that workers write */
	bool keeper;                 /* keeper.h */
	const char *const *programs; /* files of the plan's programs, in their order */
	size_t n_programs;
	uint64_t sample_ns; /* how often the host looks; 0: never */
};

/* Runs the plan to its end and until all workers are gone. Negative: t says why not; what was started is the caller's to end (by
 * cgroups_close()) in either case. */
int director_run(struct director *d, const struct director_ask *ask, struct trouble *t);
void director_free(struct director *d);

/* For the director's own parts. */
int director_trouble(struct director *d, const struct plan_step *s);
void director_refused(struct director *d, const struct plan_step *s, const char *what, int error);
int director_wait(struct director *d, uint64_t until_ns);
/* Likewise, but true as soon as there is something to be read from fd. */
bool director_await(struct director *d, int fd, uint64_t until_ns);
/* CPUs that a group may use: its own, as far as those above it have them. */
struct cpus director_cpuset(const struct director *d, int group);
/* Carries out one line that neither waits nor works. */
int director_step(struct director *d, const struct plan_step *s);
