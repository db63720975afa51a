/* director.c: time: phases, holds, blocks, marks. */
#include "engine/director.h"
#include "engine/worker/ask.h"
#include "engine/worker/burn.h"
#include "engine/worker/look.h"
#include "guest/board.h"
#include <errno.h>
#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/signalfd.h>
#include <time.h>
#include <unistd.h>

/* Until then a worker may still be seen where it no longer may run. */
#define GRACE_NS 10000000u
/* So often at most are children waited for, whatever workers fork. */
#define REAP_NS 1000000u
#define GONE_NS 5000000000u
enum { FILES = 3 * PLAN_WORKERS_MAX + 1024, DEEDS_MAX = 16384, STAT_SIZE = 4096 };

static int no_memory(struct director *d)
{
	return trouble(d->trouble, ENDS_OWN, "out of memory");
}

int director_trouble(struct director *d, const struct plan_step *s)
{
	char words[sizeof d->trouble->words];

	memcpy(words, d->trouble->words, sizeof words);
	if (strncmp(words, "line ", 5))
		snprintf(d->trouble->words, sizeof d->trouble->words, "line %u: %.380s", s->line, words);
	return -1;
}

static void nap_until(uint64_t ns)
{
	struct timespec at = { .tv_sec = (time_t)(ns / 1000000000), .tv_nsec = (long)(ns % 1000000000) };

	clock_nanosleep(CLOCK_MONOTONIC, TIMER_ABSTIME, &at, NULL);
}

bool director_await(struct director *d, int fd, uint64_t until_ns)
{
	struct pollfd p[] = { { .fd = d->events, .events = POLLIN }, { .fd = fd, .events = POLLIN } };
	struct signalfd_siginfo si;
	uint64_t now;

	while ((now = clock_now()) < until_ns) {
		sampler_take(&d->sampler, now);

		uint64_t due = sampler_until(&d->sampler, until_ns), left = due > now ? due - now : 0;
		struct timespec t = { .tv_sec = (time_t)(left / 1000000000), .tv_nsec = (long)(left % 1000000000) };

		if (ppoll(p, 2, &t, NULL) <= 0)
			continue;
		if (p[1].revents)
			return true;
		while (read(d->events, &si, sizeof si) > 0)
			;
		crew_reap(&d->crew);
		now = clock_now() + REAP_NS;
		nap_until(now < due ? now : due);
	}
	return false;
}

int director_wait(struct director *d, uint64_t until_ns)
{
	director_await(d, -1, until_ns);
	return 0;
}

static char *read_stat(struct director *d, size_t group)
{
	char text[STAT_SIZE];

	if (!d->groups[group].made ||
	    cgroup_read(d->cgroups, d->plan->groups[group].name, "cpu.stat", text, sizeof text) < 0)
		return NULL;
	return strdup(text);
}

static int mark(struct director *d, const char *name, unsigned line)
{
	struct mark *grown = realloc(d->marks, (d->n_marks + 1) * sizeof *grown), *m;

	if (!grown)
		return no_memory(d);
	d->marks = grown;
	m = &grown[d->n_marks];
	*m = (struct mark){ .name = strdup(name), .line = line, .ns = clock_now() - d->go_ns };
	m->stats = calloc(d->plan->n_groups + 1, sizeof *m->stats);
	d->n_marks++;
	if (!m->name || !m->stats)
		return no_memory(d);
	sampler_mark(&d->sampler);
	counts_take(&m->counts, d->sampler.every_ns != 0);
	for (size_t i = 0; i < d->plan->n_groups; i++)
		m->stats[i] = read_stat(d, i);
	return 0;
}

/* Workers that were started since the last time begin; the first time is when everything does. */
static void let_go(struct director *d)
{
	const struct crew *c = &d->crew;
	uint64_t now;

	if (d->going && (!c->n || c->workers[c->n - 1].turn != c->turn))
		return;
	now = crew_go(&d->crew);
	if (!d->going) {
		d->go_ns = now;
		sampler_begin(&d->sampler, now);
	}
	d->going = true;
	d->changed = true;
}

static int hold(struct director *d, uint64_t until_ns)
{
	if (d->changed) {
		uint64_t grace = clock_now() + GRACE_NS;

		director_wait(d, grace < until_ns ? grace : until_ns);
		crew_count_anew(&d->crew);
		d->changed = false;
	}
	return director_wait(d, until_ns);
}

static enum frost frost(void *arg, int group)
{
	const struct director *d = arg;
	enum frost worst = FROST_NONE;

	for (; group >= 0; group = d->plan->groups[group].parent) {
		const struct group_state *g = &d->groups[group];

		if (g->frozen && g->frozen_ns <= d->hold_ns)
			return FROST_ALL;
		if (g->frozen)
			worst = FROST_NOW;
	}
	return worst;
}

/* The end of a phase, and the next one's beginning. */
static int border(struct director *d)
{
	char name[32];
	uint64_t phase;

	if (!crew_turn_page(&d->crew, frost, d))
		return no_memory(d);
	crew_count_anew(&d->crew);
	phase = d->crew.phase;
	if (phase > d->plan->phases) {
		d->end_ns = clock_now();
		return mark(d, "end", 0);
	}
	snprintf(name, sizeof name, "phase %llu", (unsigned long long)phase);
	return mark(d, name, 0);
}

static int settle(struct director *d)
{
	let_go(d);
	d->hold_ns = d->go_ns;
	d->crew.holding = true;
	if (mark(d, "settle", 0) < 0 || hold(d, d->go_ns + d->plan->settle_ns) < 0)
		return -1;
	d->settled = true;
	return border(d);
}

static void note_deed(struct director *d, const struct plan_step *s)
{
	struct deed *grown;

	if (!d->going || d->n_deeds >= DEEDS_MAX)
		return;
	grown = realloc(d->deeds, (d->n_deeds + 1) * sizeof *grown);
	if (!grown)
		return;
	d->deeds = grown;
	grown[d->n_deeds++] = (struct deed){ .ns = clock_now() - d->go_ns, .line = s->line };
}

static int run_steps(struct director *d, size_t from, size_t to, bool block);

static size_t end_of(const struct scenario_plan *p, size_t every)
{
	size_t i = every + 1;

	for (unsigned deep = 1; i < p->n_steps; i++) {
		deep += p->steps[i].kind == PLAN_EVERY;
		if (p->steps[i].kind == PLAN_END && --deep == 0)
			break;
	}
	return i;
}

static int run_block(struct director *d, size_t every)
{
	const struct plan_step *s = &d->plan->steps[every];
	uint64_t start = clock_now(), next = start, end = start + s->for_ns;
	size_t to = end_of(d->plan, every);

	do {
		if (run_steps(d, every + 1, to, true) < 0)
			return -1;
		let_go(d);
		next += s->ns;
		if (hold(d, next < end ? next : end) < 0)
			return -1;
	} while (clock_now() < end);
	return 0;
}

/* HOLD and EVERY. */
static int pass_time(struct director *d, size_t at, bool block)
{
	const struct plan_step *s = &d->plan->steps[at];
	int r;

	if (!block && !d->settled && settle(d) < 0)
		return -1;
	let_go(d);
	if (!block) {
		d->marks[d->n_marks - 1].line = s->line;
		d->hold_ns = clock_now();
		d->crew.holding = true;
	}
	r = s->kind == PLAN_EVERY ? run_block(d, at) : hold(d, clock_now() + s->ns);
	return r < 0 || block ? r : border(d);
}

static int run_steps(struct director *d, size_t from, size_t to, bool block)
{
	for (size_t i = from; i < to; i++) {
		const struct plan_step *s = &d->plan->steps[i];

		if (s->kind == PLAN_HOLD || s->kind == PLAN_EVERY) {
			if (pass_time(d, i, block) < 0)
				return -1;
			if (s->kind == PLAN_EVERY)
				i = end_of(d->plan, i);
		} else if (s->kind == PLAN_MARK) {
			if (d->going && mark(d, s->name, s->line) < 0)
				return -1;
		} else {
			if (director_step(d, s) < 0)
				return director_trouble(d, s);
			note_deed(d, s);
		}
	}
	return 0;
}

/* All workers end, and are waited for as long as that may take. */
static void stop(struct director *d)
{
	uint64_t until;
	bool left = true;

	d->stop_ns = clock_now();
	crew_stop(&d->crew, CREW_ALL);
	(void)cgroup_kill(d->cgroups, "");
	/* The kernel passes by a process whose first thread ended before the others. */
	crew_kill(&d->crew, CREW_ALL);
	crew_kill_loose(&d->crew);
	programs_stop(&d->programs, PROGRAMS_ALL);
	until = clock_now() + GONE_NS;
	while (left && clock_now() < until) {
		crew_reap(&d->crew);
		left = programs_left(&d->programs);
		for (unsigned i = 0; i < d->crew.n; i++)
			left |= !d->crew.workers[i].gone;
		if (left)
			nap_until(clock_now() + REAP_NS);
	}
	if (!left)
		d->reaped_ns = clock_now();
}

static int watch_children(struct director *d)
{
	sigset_t set;

	sigemptyset(&set);
	sigaddset(&set, SIGCHLD);
	sigprocmask(SIG_BLOCK, &set, NULL);
	d->events = signalfd(-1, &set, SFD_CLOEXEC | SFD_NONBLOCK);
	if (d->events < 0)
		return trouble(d->trouble, ENDS_OWN, "signalfd: %s", strerror(errno));
	return 0;
}

/* Workers that a line in a block starts again have new seats. */
static unsigned seats(const struct scenario_plan *p, size_t from, size_t to)
{
	uint64_t n = 0;

	for (size_t i = from; i < to && n < PLAN_WORKERS_MAX; i++) {
		const struct plan_step *s = &p->steps[i];

		if (s->kind == PLAN_WORK) {
			n += s->work->n;
		} else if (s->kind == PLAN_EVERY) {
			size_t end = end_of(p, i);

			n += (s->ns ? s->for_ns / s->ns + 1 : PLAN_WORKERS_MAX) * seats(p, i + 1, end);
			i = end;
		}
	}
	return n < PLAN_WORKERS_MAX ? (unsigned)n : PLAN_WORKERS_MAX;
}

static void find_crowded(struct director *d)
{
	const struct scenario_plan *p = d->plan;

	for (size_t i = 0; i < p->n_groups; i++) {
		if (p->groups[i].parent >= 0)
			d->groups[p->groups[i].parent].below = true;
	}
	for (size_t i = 0; i < p->n_steps; i++) {
		int g = p->steps[i].kind == PLAN_WORK   ? p->steps[i].group
			: p->steps[i].kind == PLAN_MOVE ? p->steps[i].other
							: PLAN_NO_GROUP;

		if (g >= 0)
			d->groups[g].crowded = d->groups[g].below;
	}
}

int director_run(struct director *d, const struct director_ask *ask, struct trouble *t)
{
	struct rlimit files = { FILES, FILES }, core = { 0, 0 };

	*d = (struct director){ .plan = ask->plan, .cgroups = ask->cgroups, .trouble = t, .events = -1 };
	d->crew = (struct crew){ .plan = ask->plan, .cgroups = ask->cgroups, .seed = ask->seed, .folder = ask->folder };
	d->keeper.there = ask->keeper;
	d->keeper.patience_ns = KEEPER_NS * (uint64_t)burn_slower(ask->shift);
	d->programs = (struct programs){ .paths = ask->programs, .n_paths = ask->n_programs, .folder = ask->folder };
	d->crew.programs = &d->programs;
	if (ask->plan->functions && ask->n_programs >= ask->plan->n_programs)
		d->crew.functions = ask->programs[ask->plan->n_programs - 1];
	prctl(PR_SET_CHILD_SUBREAPER, 1);
	prctl(PR_SET_NAME, BOARD_LOOKER);
	(void)setrlimit(RLIMIT_NOFILE, &files);
	(void)setrlimit(RLIMIT_CORE, &core);
	d->groups = calloc(ask->plan->n_groups + 1, sizeof *d->groups);
	if (!d->groups)
		return no_memory(d);
	find_crowded(d);
	if (ask_above() < 0 && errno != EPERM)
		return trouble(t, ENDS_OWN, "SCHED_FIFO for the director: %s", strerror(errno));
	d->crew.speed = burn_speed(ask->shift);
	if (sampler_open(&d->sampler, ask->sample_ns, ask->shift >= 0, t) < 0)
		return -1;
	if (watch_children(d) < 0 || crew_open(&d->crew, seats(ask->plan, 0, ask->plan->n_steps), t) < 0)
		return -1;
	if (run_steps(d, 0, ask->plan->n_steps, false) < 0 || (!d->settled && settle(d) < 0))
		return -1;
	stop(d);
	return 0;
}

void director_free(struct director *d)
{
	for (size_t i = 0; i < d->n_marks; i++) {
		for (size_t g = 0; g < d->plan->n_groups && d->marks[i].stats; g++)
			free(d->marks[i].stats[g]);
		free(d->marks[i].stats);
		free(d->marks[i].name);
		counts_free(&d->marks[i].counts);
	}
	free(d->marks);
	free(d->deeds);
	free(d->refusals);
	free(d->keeper.favours);
	programs_free(&d->programs);
	free(d->groups);
	crew_close(&d->crew);
	sampler_close(&d->sampler);
	if (d->events >= 0)
		close(d->events);
}
