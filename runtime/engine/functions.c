#include "engine/functions.h"
#include "engine/worker/look.h"
#include <inttypes.h>
#include <stdio.h>
#include <string.h>
#include <time.h>

#define START_NS 2000000000u
#define NAP_NS 200000

static bool is_away(const struct crew *c, const struct worker *w)
{
	return w->state == WORKER_WAITS && w->step->work->function &&
	       !__atomic_load_n(&stage_seat(&c->stage, w->id)->tid, __ATOMIC_ACQUIRE);
}

static bool any_away(const struct crew *c)
{
	for (unsigned i = c->n; i > 0 && c->workers[i - 1].turn == c->turn; i--)
		if (is_away(c, &c->workers[i - 1]))
			return true;
	return false;
}

void functions_await(struct crew *c)
{
	const struct timespec nap = { .tv_nsec = NAP_NS };
	uint64_t until;

	if (!c->plan->functions)
		return;
	for (until = clock_now() + START_NS; any_away(c) && clock_now() < until;) {
		nanosleep(&nap, NULL);
		crew_reap(c);
	}
}

const struct seat *functions_seat(struct worker *w, const struct seat *s)
{
	static const struct seat none;

	if (s->guard == SEAT_GUARD && s->guard_end == SEAT_GUARD && !w->astray)
		return s;
	w->astray = true;
	snprintf(w->fault, sizeof w->fault, "it wrote over the memory that its figures are in: there are none");
	return &none;
}

/* Runnable, on a CPU or not. What cannot be read is as well. */
static bool wants_to_run(pid_t pid)
{
	char state = reading_state(pid, pid);

	return state == 'R' || state == '?';
}

uint64_t functions_open(struct worker *w, const struct seat *s, const struct reading *r, uint64_t phase)
{
	uint64_t open = look_open(s, r->now_ns), own = r->cpu_ns > s->cpu_ns ? r->cpu_ns - s->cpu_ns : 0;
	bool asleep;

	if (!open || !r->stat)
		return open;
	asleep = !wants_to_run(w->pid);
	if (open >= FUNCTIONS_SILENT_NS && (asleep || own >= FUNCTIONS_BUSY_NS)) {
		snprintf(w->fault, sizeof w->fault,
			 "it hung: when phase %" PRIu64 " ended it had not come back for %" PRIu64 " ms%s", phase,
			 open / 1000000, asleep ? ", asleep" : "");
		return 0;
	}
	return asleep || own > open ? 0 : open - own;
}

void functions_ended(struct worker *w)
{
	if (w->state == WORKER_CRASHED && w->exited > 0)
		snprintf(w->fault, sizeof w->fault, "killed by signal %d (%s)", w->exited, strsignal(w->exited));
	else if (w->step->work->function && !w->astray)
		snprintf(w->fault, sizeof w->fault, "it ended itself, with exit code %d", w->exited);
}
