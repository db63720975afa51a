/* attached.h: guests in virtual time with their scheduler attached, in the store (attach/attach.h).
 *
 * The first run of a scheduler in a guest loads it, keeps the guest when it is attached, and goes on from what it kept; every other
 * run begins there. So all runs are the same run. The result "attached" has "state", "pages", "heard" and "ram.sha256" (the content
 * hash of "pages"). KTSTR_ATTACHED_MB bounds all of them together; 0: each run makes its own.
 *
 *   attached_begin() ── ATTACHED_GO ──────────────────────────────────────────────────► the scheduler is attached
 *         │ ATTACHED_BASE: push, start, hear that it is attached ──► attached_settle() ─┘
 *         └─◄── again: it did not stop where all do */
#pragma once
#include "store/recipe.h"
#include "store/store.h"
#include <stdbool.h>
struct err;
struct vm;

struct attached {
	/* The caller's: all that decides what the guest is. */
	const char *snapshot; /* folder of the guest without scheduler */
	uint64_t seed;
	const char *pack; /* with /scheduler */
	const char *const *args;
	size_t n_args;
	const char *groups;   /* a cgroup that was there first; NULL: none */
	uint64_t watchdog_ms; /* that bounds how long it lets tasks wait; 0: none */
	uint64_t seconds;     /* of the guest's time, to attach in */
	bool anew;            /* nothing that is kept is used, and nothing is kept */

	/* Ours. */
	struct work work; /* the result, or the draft that is filled */
	struct recipe recipe;
	uint64_t mb;
	unsigned tries;
	bool given; /* the guest was continued with its scheduler */
	bool again; /* what failed is to be tried again, from attached_begin() on */
};
#define ATTACHED_NONE \
	{ \
		.work = {.lock = -1, .dir = -1 } \
	}

/* ATTACHED_GO: vm was continued with its scheduler, and chan_next() tells from its start on. ATTACHED_BASE: vm was continued without it.
 * ATTACHED_REAL: the snapshot is none of virtual time; nothing was done. */
enum { ATTACHED_GO = 0, ATTACHED_BASE = 1, ATTACHED_REAL = 2 };
int attached_begin(struct attached *a, struct vm *vm, struct err *e);
/* When the scheduler was heard to be attached, behind ATTACHED_BASE; else nothing. vm is another guest then, at the same place. An error with
 * a->again set: begin again. */
int attached_settle(struct attached *a, struct vm *vm, struct err *e);
void attached_end(struct attached *a); /* may run twice */
#define auto_attached __attribute__((unused, cleanup(attached_end)))
