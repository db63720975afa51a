/* sweep.h: the cells of a verifier request, every kernel on every topology, as edges of one graph.
 *
 *   payload/payload.pack  kernels/K/…  snapshots/K[/T]/…  cells/K[/T]/{result.json,…}
 *
 * T, a folder for people ("1n2l4c2t"), is there when the request names several topologies. */
#pragma once
#include "gen/plan_guest.h"
#include "gen/report.h"
#include <stdbool.h>
#include <stddef.h>
struct err;
struct home;
struct plan;
struct wants;

/* What the request says about all cells alike. */
struct sweep_opts {
	const char *const *args; /* of the scheduler, NULL-ended */
	uint64_t timeout;        /* seconds, 0: as the step has it */
	bool cold, cross_check, force;
};

/* One guest that runs the scheduler. */
struct sweep_cell {
	const struct want *want;
	const struct guest_plan *guest;
	struct cell_name name;
	char *dir; /* below the build folder */
	char *id;  /* of its edge */
};

struct sweep {
	const struct home *home;
	const char *name;               /* of the scheduler, as a folder name */
	const char *scheduler;          /* its binary, absolute */
	const struct wants *kernels;    /* complete when the plan is made */
	const struct guest_plan *guest; /* one per topology */
	size_t n_guests;
	struct sweep_opts o;
	struct sweep_cell *cells; /* kernel by kernel, then as the topologies were given */
	size_t n;
};

/* X_USAGE when a command line of sh or a guest cannot take that many arguments for the scheduler. */
int sweep_check_args(const char *const *args, struct err *e);
/* Fills cells from what stands before them. */
void sweep_cells(struct sweep *s);
/* Edges for everything the cells need and for the cells. wants_plan() has been called. Fails as guest_plan_allows(). */
int sweep_plan(struct plan *p, const struct sweep *s, struct err *e);
void sweep_free(struct sweep *s);
