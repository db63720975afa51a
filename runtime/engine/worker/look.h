/* look.h: what a worker does every time it looks around: how long it could not run, where it is, which phase that is.
 *
 * A gap is wall time between two looks of a worker that wants to run. Planned sleep and the time until another worker lets it
 * go are no part of it: after these the gap counts from when it should have run, and is a latency as well. Gaps of CPU time
 * stand apart, since a worker that runs and gets nowhere has another fault than one that does not run.
 *
 * Times are given, not asked for, so that all of this can be tested. */
#pragma once
#include "engine/worker/seat.h"

struct moment {
	uint64_t now_ns, cpu_ns; /* cpu_ns: CPU time of the thread */
	unsigned cpu;            /* it runs on */
};

struct moment moment_now(void);
uint64_t clock_now(void);

/* After work. */
void look(const struct stage_head *s, struct seat *w, const struct moment *m);
/* It stops wanting to run until a time; m is from before. */
void look_sleeps(const struct stage_head *s, struct seat *w, const struct moment *m, uint64_t due_ns);
/* It stops wanting to run until somebody lets it go who writes ready_ns: at cell number cell of the stage; nobody: -1. */
void look_waits(const struct stage_head *s, struct seat *w, const struct moment *m, int cell);

/* It runs again, and wanted to since then, but for nothing: there was no need to wait. */
void look_went_on(const struct stage_head *s, struct seat *w, const struct moment *m);
/* It runs again after it slept or waited, and should have since then. l: where that is counted, w's. */
void look_woken(const struct stage_head *s, struct seat *w, struct latency *l, const struct moment *m,
		uint64_t since_ns);
/* An iteration came to its end. */
void look_iterated(struct seat *w);

/* For the director: how long a worker wants to run by now and does not. */
uint64_t look_open(const struct seat *w, uint64_t now_ns);
struct gaps look_gaps(const struct seat *w);
/* Copies l with one tally, which belongs to the steps. false: it does not hold still, or a worker has scribbled over it. */
bool look_latency(struct latency *copy, struct tally *tally, const struct latency *l);
