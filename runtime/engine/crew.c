/* crew.c: workers from go to end: let go, read, reaped. */
#include "engine/crew.h"
#include "engine/functions.h"
#include "engine/programs.h"
#include "engine/worker/ask.h"
#include "engine/worker/look.h"
#include "engine/worker/roam.h"
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <linux/futex.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

bool worker_lives(const struct worker *w)
{
	return w->state == WORKER_WAITS || w->state == WORKER_WORKS;
}

int crew_open(struct crew *c, unsigned max, struct trouble *t)
{
	unsigned cells = c->plan->slots + c->plan->shared.n;

	if (stage_make(&c->stage, max, cells, c->plan->functions) < 0)
		return trouble(t, ENDS_OWN, "memory for %u workers: %s", max, strerror(errno));
	if (coverage_open(&c->coverage, c->functions, max) < 0)
		return trouble(t, ENDS_OWN, "a file for coverage: %s", strerror(errno));
	c->workers = calloc(max ? max : 1, sizeof *c->workers);
	if (!c->workers)
		return trouble(t, ENDS_OWN, "out of memory");
	c->max = max;
	c->turn = 1;
	for (unsigned i = 0; i < PROGRAM_SLOTS_MAX; i++) {
		int ends[2] = { -1, -1 };

		if (i < c->plan->shared.n && c->plan->shared.kinds[i] == SLOT_PIPE && pipe2(ends, O_CLOEXEC) < 0)
			return trouble(t, ENDS_OWN, "pipe: %s", strerror(errno));
		c->shared_ducts[i] = (struct duct){ .in = ends[1], .out = ends[0] };
	}
	return 0;
}

static void free_records(struct worker *w)
{
	for (size_t i = 0; i < w->n_records; i++) {
		free(w->records[i].woken.steps);
		free(w->records[i].timed.steps);
	}
	free(w->records);
}

void crew_close(struct crew *c)
{
	for (unsigned i = 0; i < c->n; i++) {
		meter_close(&c->workers[i].meter);
		ledger_free(&c->workers[i].ledger);
		free_records(&c->workers[i]);
	}
	free(c->workers);
	stage_free(&c->stage);
	coverage_close(&c->coverage);
}

/* Failures leave the worker as it is: a test goes on where a kernel refuses a policy. */
void crew_ask(const struct crew *c, struct worker *w)
{
	const struct plan_work *work = w->step->work;
	const struct role *role = program_role(work->program, w->index % work->program->group);

	if (work->nice)
		(void)ask_nice(w->tid, work->nice);
	w->masked = affinity_mask(&work->affinity, &c->plan->places, &w->cpuset, w->index, &w->random, &w->mask);
	if (w->masked)
		(void)ask_cpus(w->tid, &w->mask);
	(void)ask_policy(w->tid, role->policy.kind != POLICY_NONE ? &role->policy : &work->policy);
}

struct cpus worker_allowed(const struct worker *w)
{
	struct cpus both = w->cpuset;

	if (!w->masked)
		return both;
	cpus_and(&both, &w->mask);
	return cpus_count(&both) ? both : w->cpuset;
}

uint64_t crew_go(struct crew *c)
{
	uint64_t now;

	functions_await(c);
	for (unsigned i = 0; i < c->n; i++) {
		struct worker *w = &c->workers[i];

		if (w->state != WORKER_WAITS)
			continue;
		/* Only now, so that no worker inherits hundreds of them. */
		meter_open(&w->meter, w->pid, w->tid);
	}
	now = clock_now();
	for (unsigned i = 0; i < c->n; i++) {
		struct worker *w = &c->workers[i];
		struct seat *s = stage_seat(&c->stage, w->id);

		if (w->state != WORKER_WAITS)
			continue;
		reading_take(&w->ledger.last, &w->meter, s);
		w->ledger.last.now_ns = now;
		s->ready_ns = now;
		s->since = c->since;
		w->state = WORKER_WORKS;
		w->first_phase = (unsigned)c->phase;
	}
	__atomic_store_n(&c->stage.head->go, c->turn, __ATOMIC_SEQ_CST);
	syscall(SYS_futex, &c->stage.head->go, FUTEX_WAKE, INT_MAX, NULL, NULL, 0);
	c->turn++;
	return now;
}

static uint64_t open_gap(const struct crew *c, struct worker *w, const struct seat *s, const struct reading *r)
{
	if (w->astray)
		return 0;
	return w->step->work->function ? functions_open(w, s, r, c->phase) : look_open(s, r->now_ns);
}

static bool add_record(struct crew *c, struct worker *w, enum frost frost)
{
	const struct seat *s = functions_seat(w, stage_seat(&c->stage, w->id));
	uint64_t open = 0;
	struct record *grown = realloc(w->records, (w->n_records + 1) * sizeof *grown);
	struct record *rec;
	struct reading r;
	bool ok;

	if (!grown)
		return false;
	w->records = grown;
	rec = &grown[w->n_records++];
	reading_take(&r, &w->meter, s);
	if (frost == FROST_NONE)
		open = open_gap(c, w, s, &r);
	ok = record_make(rec, &w->ledger, &r, s, &(struct record_of){ c->phase, c->since, open });
	rec->frozen = frost == FROST_ALL;
	rec->allowed = worker_allowed(w);
	return ok;
}

/* Its last words, unless the last phase is over. What memory is lacking for is left out. */
static void end_worker(struct crew *c, struct worker *w, enum worker_state state, enum frost frost)
{
	if (w->state == WORKER_WORKS && c->phase <= c->plan->phases && (c->holding || state != WORKER_STOPPED))
		(void)add_record(c, w, frost);
	w->state = state;
	meter_close(&w->meter);
}

static void reaped(struct crew *c, struct worker *w, const siginfo_t *si)
{
	if (worker_lives(w)) {
		w->stopped_ns = clock_now();
		w->exited = si->si_status;
		end_worker(c, w, si->si_code == CLD_EXITED ? WORKER_EXITED : WORKER_CRASHED, FROST_NONE);
		functions_ended(w);
	}
	w->gone = true;
	w->gone_ns = clock_now();
	roam_clear(c->cgroups->base, w->step->work->program, w->id);
}

bool crew_reap(struct crew *c)
{
	bool any = false;
	siginfo_t si;

	for (;;) {
		si.si_pid = 0;
		/* Looked at first: a zombie still has its numbers, and one that was waited for has none. */
		if (waitid(P_ALL, 0, &si, WEXITED | WNOHANG | WNOWAIT) < 0 || !si.si_pid)
			return any;
		for (unsigned i = 0; i < c->n; i++) {
			struct worker *w = &c->workers[i];

			if (w->pid == si.si_pid && !w->gone) {
				reaped(c, w, &si);
				any = true;
			}
		}
		if (c->programs)
			(void)programs_reaped(c->programs, &si);
		waitid(P_PID, (id_t)si.si_pid, &si, WEXITED | WNOHANG);
	}
}

static bool thread_is_gone(const struct worker *w)
{
	char state = reading_state(w->pid, w->tid);

	return state == 'Z' || state == 'X';
}

/* Nobody tells of a thread that ended and left its process to others: it is looked for. When that was is not known, so that it did not
 * run since is no gap. */
static void find_gone(struct crew *c)
{
	for (unsigned i = 0; i < c->n; i++) {
		struct worker *w = &c->workers[i];

		if (!w->step->work->threads || w->state != WORKER_WORKS || !thread_is_gone(w))
			continue;
		/* What ended its whole process is told, and tells more. */
		crew_reap(c);
		if (w->state != WORKER_WORKS)
			continue;
		w->exited = -1;
		w->gone = true;
		w->stopped_ns = w->gone_ns = clock_now();
		end_worker(c, w, WORKER_EXITED, FROST_NOW);
	}
}

void crew_stop(struct crew *c, int group)
{
	find_gone(c);
	for (unsigned i = 0; i < c->n; i++) {
		struct worker *w = &c->workers[i];

		if (!worker_lives(w) || (group != CREW_ALL && w->group != group))
			continue;
		w->stopped_ns = clock_now();
		end_worker(c, w, WORKER_STOPPED, FROST_NONE);
	}
}

/* A process group of its own each: those whom it forked are in it, unless they do not want to be. */
static void kill_all(const struct worker *w)
{
	kill(-w->pid, SIGKILL);
	kill(w->pid, SIGKILL);
}

void crew_kill(struct crew *c, int group)
{
	for (unsigned i = 0; i < c->n; i++) {
		struct worker *w = &c->workers[i];

		if ((w->group == group || group == CREW_ALL) && w->state == WORKER_STOPPED && !w->gone)
			kill_all(w);
	}
}

void crew_kill_loose(struct crew *c)
{
	for (unsigned i = 0; i < c->n; i++) {
		struct worker *w = &c->workers[i];

		if (w->group == PLAN_NO_GROUP && !w->gone && w->pid > 0)
			kill_all(w);
	}
}

bool crew_turn_page(struct crew *c, enum frost (*frost)(void *arg, int group), void *arg)
{
	bool ok = true;

	find_gone(c);
	for (unsigned i = 0; i < c->n; i++) {
		struct worker *w = &c->workers[i];

		if (w->state == WORKER_WORKS)
			ok &= add_record(c, w, frost(arg, w->group));
	}
	c->phase++;
	c->holding = false;
	__atomic_store_n(&c->stage.head->phase, c->phase, __ATOMIC_SEQ_CST);
	return ok;
}

void crew_count_anew(struct crew *c)
{
	c->since++;
	__atomic_store_n(&c->stage.head->cpus_since, c->since, __ATOMIC_SEQ_CST);
}
