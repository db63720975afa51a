/* keeper.h: kills a process group when we die, however that happens.
 *
 * A parent-death signal reaches our children and not theirs: make dies with us, its compilers do not. The keeper is a
 * process that waits for the end of a pipe only we hold. */
#pragma once
#include <sys/types.h>
struct err;

struct keeper {
	pid_t pid; /* 0: none */
	int fd;
};

/* From now on group dies with us. Not for programs with threads: the keeper is a fork. */
int keeper_start(struct keeper *k, pid_t group, struct err *e);
/* The group is its own again. Harmless on {0}. */
void keeper_stop(struct keeper *k);
#define auto_keeper __attribute__((unused, cleanup(keeper_stop)))
