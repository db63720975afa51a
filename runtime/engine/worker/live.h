/* live.h: a worker from its first instruction to its first act. */
#pragma once
#include "engine/worker/actor.h"
#include "engine/worker/counters.h"
#include <sys/types.h>

/* What all workers of a work line have in common. */
struct worker_line {
	const struct plan_work *work;
	pid_t director;
	uint32_t turn;                   /* of the stage's go: when they begin */
	const char *functions;           /* the program of work that is a function */
	const struct counters *counters; /* counters.h; NULL: that program has none */
	int counters_file;

	/* For threads. */
	struct actor *actors; /* of all */
	unsigned n;
	const struct duct *ducts; /* of all their groups */
	unsigned n_ducts;
	int told; /* a pipe */
};

/* In the child: makes it what the line says, waits for the go, works. It dies with the director. */
void worker_live(struct actor *a, const struct worker_line *line) __attribute__((noreturn));

/* In the child, which must not wait for the scheduler under test: likewise, all workers of the line are its threads, and the first
 * one is the process's first. Into the pipe go their numbers for the kernel (int32_t), in order, as soon as they wait for the go; when
 * there are fewer than asked for, a negative errno is the last. The pipe is closed then. */
void worker_live_threads(const struct worker_line *line) __attribute__((noreturn));
