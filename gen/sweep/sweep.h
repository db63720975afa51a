/* sweep.h: the cells of a verifier request, every kernel on every topology with every profile, as edges of one graph.
 *
 *   payload[-ARCH]/payload.pack  kernels/K/…  snapshots/K[/T]/…  cells/K[/T][/P]/{result.json,…}
 *
 * The other binary of a comparison has its payload and its cells below base/.
 *
 * T, a topology ("1n2l4c2t"), is there when the request names several, P when it has profiles. Several schedulers are a sweep each in one
 * graph, below schedulers/NAME/. */
#pragma once
#include "gen/graph/guest.h"
#include "gen/report/report.h"
#include "verifier/profile.h"
#include <stdbool.h>
#include <stddef.h>
struct argv;
struct edge;
struct err;
struct home;
struct kernel;
struct plan;
struct run;
struct kernels;

/* What the request says about all cells alike. */
struct sweep_opts {
	const char *const *args; /* of the scheduler, behind those of a profile; NULL-ended */
	const char *groups;      /* what "%cgroup%" in them stands for; NULL: it stands for itself */
	uint64_t timeout;        /* seconds, 0: as the step has it */
	uint64_t workload;       /* milliseconds that tasks run under the scheduler, 0: none do */
	bool cold, cross_check, force;
	bool audit; /* each cell once more, from a snapshot that is made anew */
};

/* A guest's topology. */
struct sweep_guest {
	struct guest_plan plan;
	char *topology, *name; /* what plan points to */
	char *label;           /* topology for people */
	unsigned cpus;
};

/* One guest that runs the scheduler. */
struct sweep_cell {
	const struct target *target;
	const struct sweep_guest *guest;
	const struct profile *profile; /* NULL: no profiles */
	struct cell_name name;
	char *dir;                           /* below the build folder */
	char *id;                            /* of its edge */
	const struct edge *step, *base_step; /* its edges, of our binary and the other one, after sweep_plan() */
	const struct edge *audit_step;       /* NULL: no audit */
};

struct sweep {
	const struct home *home;
	const char *name;              /* of the scheduler, as a folder name */
	bool apart;                    /* the graph has others: payload and cells lie below schedulers/NAME/ */
	const char *scheduler;         /* its binary, absolute */
	const char *base;              /* another binary, absolute, that runs in the same cells; NULL: none */
	const struct kernels *kernels; /* paths may change until the plan is made */
	struct sweep_guest *guests;    /* ours */
	size_t n_guests;
	struct profiles profiles; /* ours; none: the scheduler as it is */
	const char *const
		*asked; /* names of further profiles, which have no cells of their own; NULL-ended. NULL: none */
	struct profiles others; /* ours: these, by the names that they were asked for */
	struct sweep_opts o;
	struct sweep_cell *cells; /* ours: kernel by kernel, then topologies as they were given, then profiles */
	size_t n;
};

/* X_USAGE when a command line of sh or a guest cannot take that many arguments for the scheduler. */
int sweep_check_args(const char *const *args, struct err *e);
/* A guest for each topology, given as topology.h has it, equal ones once; n 0: one CPU. base: what all have in common;
 * memory_mb 0: as a topology says, else 1024. */
int sweep_topologies(struct sweep *s, const struct guest_plan *base, const char *const *texts, size_t n, struct err *e);
/* What the words of a kernel are called in names of guests that have them. Caller frees; "": there are none. */
char *sweep_boot_name(const struct argv *sysctls, const struct argv *kargs);
/* The largest guest, in CPUs of the host: vCPUs in virtual time take turns on one (vm/admit.h). */
void sweep_largest(const struct sweep *s, uint64_t *memory_mb, unsigned *cpus);
/* Fills cells from what stands before them. X_USAGE as sweep_check_args, with those of the profiles. */
int sweep_cells(struct sweep *s, struct err *e);
/* Whether arguments of the scheduler, whatever the profile, have a "%cgroup%" in them that stands for something. */
bool sweep_has_groups(const struct sweep *s);
/* "--arg=WORD" for each argument that the scheduler has with that profile (NULL: none), escaped as text/escape.h has it. */
void sweep_arg_words(struct argv *a, const struct sweep *s, const struct profile *p);
/* One of the others; NULL: it is none. */
const struct profile *sweep_other(const struct sweep *s, const char *name);
/* Edges for everything the cells need and for the cells. kernels_plan() has been called. Fails as guest_plan_allows(). */
int sweep_plan(struct plan *p, struct sweep *s, struct err *e);
/* The scheduler as one file, for all guests of k's architecture. It is built for one of them, and refused for the other. */
void sweep_plan_payload(struct plan *p, const struct sweep *s, const struct kernel *k);
/* Below the build folder. Caller frees. */
char *sweep_payload(const struct sweep *s, const struct kernel *k);
/* After the run of p: tells how what is kept compares with what was made anew. X_AUDIT when it differs; what could not be made anew is an
 * error of its own. */
int sweep_audit(const struct sweep *s, const struct run *r, const struct plan *p, struct err *e);
/* A cell's folder; base: that of the other binary. Caller frees. */
char *sweep_cell_dir(const struct sweep_cell *c, bool base);
/* Of its other run in an audit. */
char *sweep_audit_dir(const struct sweep_cell *c);
void sweep_free(struct sweep *s);
