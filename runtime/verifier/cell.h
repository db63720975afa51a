/* cell.h: one scheduler in one guest: started, watched until it is attached, read, and gone. */
#pragma once
#include "verifier/result.h"
#include "vm/machine.h"
struct err;
struct layout;
struct vm;

struct cell {
	const char *snapshot; /* its folder; NULL: boot cold as machine says */
	uint64_t seed;        /* of virtual time */
	struct machine machine;
	const char *kernel, *initrd; /* to boot cold, or when the snapshot cannot be continued */
	const char *pack;            /* payload; the scheduler is /scheduler in it */
	const struct layout *layout;
	const char *const *args;        /* of the scheduler; NULL-ended */
	const char *groups;             /* a cgroup ("/a/b") that is there before the scheduler is; NULL: none */
	unsigned load_s;                /* how long it may take to attach; 0: VM_LOAD_S, scaled by the accelerator */
	unsigned work_ms;               /* for how long tasks run under it; 0: none do */
	void (*note)(const char *text); /* what the user is told meanwhile */
	bool cross_check;               /* also ask the guest's own bpf(2) and compare */
	const struct cell_attached *attached; /* with a snapshot; NULL: there are none */
};

/* Guests that go on from where their scheduler was attached, for whoever keeps them (step/attached.h). */
enum { CELL_GIVEN = 0, CELL_BASE = 1, CELL_NOTHING = 2 };
struct cell_attached {
	/* CELL_GIVEN: vm was continued with it, and tells from the scheduler's start on; CELL_BASE: without it. */
	int (*begin)(void *arg, struct vm *vm, struct err *e);
	/* When it was heard to be attached: vm is another guest then, at the same place. */
	int (*settle)(void *arg, struct vm *vm, struct err *e);
	void *arg;
};

/* Runs it. 0: r has a verdict, whatever it is (an accident's r->reason is its message); negative: we were told to stop or
 * the host cannot run it at all (code says which). log and console are written as they come, also for failures. */
int cell_run(const struct cell *c, struct result *r, FILE *log, FILE *console, struct err *e);
