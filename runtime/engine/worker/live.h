/* live.h: a worker's process from its first instruction to its first act. */
#pragma once
#include "engine/worker/actor.h"
#include <sys/types.h>

/* What all workers of a work line have in common. */
struct worker_line {
	const struct plan_work *work;
	pid_t director;
	uint32_t turn; /* of the stage's go: when they begin */
};

/* In the child: makes it what the line says, waits for the go, works. It dies with the director. */
void worker_live(struct actor *a, const struct worker_line *line) __attribute__((noreturn));
