/* halt.h: a run stopped at one moment of its guest's time, and what is done then.
 *
 * The guest is told nothing: a thread of ours reads the clocks of its run queues as fast as it can, and has QEMU stop when they are there.
 * Up to then the schedule is what it would be. How far behind the moment the guest stands is the host's doing; so is what comes after it,
 * when the guest goes on: such a run is no result. */
#pragma once
#include <stdbool.h>
#include <stdint.h>
struct err;
struct halt;
struct kmem;
struct vm;

/* No moment (gen/replay/stand.c): it is stopped by halt_now() alone, and nobody looks at clocks until then. */
#define HALT_AT_END UINT64_MAX

struct halt_at {
	uint64_t ns; /* by the clocks of run queues */
	bool holds; /* it stays stopped, and QEMU's monitor is asked by somebody else: from then on the run has no deadline of the host's */
	/* The guest stands still. now: by these clocks. */
	int (*stopped)(void *arg, struct vm *vm, const struct kmem *m, uint64_t now, struct err *e);
	void *arg;
};

/* boot: folder of the bootable step. Until halt_end() the guest's QEMU is not to be ended. X_VM: nothing can be read in it. NULL and e filled. */
struct halt *halt_begin(struct vm *vm, const char *boot, const struct halt_at *at, struct err *e);
/* What to wait for beside what the guest says: when it is readable, halt_ready(). -1: nothing more. */
const int *halt_fd(const struct halt *h);
int halt_ready(struct halt *h, struct err *e);
/* Now, whatever the time: nothing is done twice. The guest may stand in a call, and is stopped behind it. */
int halt_now(struct halt *h, struct err *e);
bool halt_done(const struct halt *h);
void halt_end(struct halt *h); /* NULL too */
