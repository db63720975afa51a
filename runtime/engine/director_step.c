/* director_step.c: lines that change something: groups, workers, where and how they run. */
#include "engine/worker/ask.h"
#include "engine/director.h"
#include "engine/global.h"
#include "engine/machine.h"
#include "engine/worker/look.h"
#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

enum { REFUSALS_MAX = 256 };

void director_refused(struct director *d, const struct plan_step *s, const char *what, int error)
{
	struct refusal *grown;

	for (size_t i = 0; i < d->n_refusals; i++) {
		struct refusal *r = &d->refusals[i];

		if (r->line == s->line && r->error == error && !strcmp(r->what, what)) {
			r->times++;
			return;
		}
	}
	if (d->n_refusals >= REFUSALS_MAX)
		return;
	grown = realloc(d->refusals, (d->n_refusals + 1) * sizeof *grown);
	if (!grown)
		return;
	d->refusals = grown;
	grown[d->n_refusals++] = (struct refusal){ s->line, 1, error, what };
}

static const char *name_of(const struct director *d, int group)
{
	return d->plan->groups[group].name;
}

struct cpus director_cpuset(const struct director *d, int group)
{
	struct cpus set, own;

	places_all(&d->plan->places, &set);
	if (group == PLAN_NO_GROUP)
		return set;
	set = director_cpuset(d, d->plan->groups[group].parent);
	own = d->groups[group].knobs.cpus;
	cpus_and(&own, &set);
	return cpus_count(&own) ? own : set;
}

static bool within(const struct director *d, int group, int above)
{
	for (; group != PLAN_NO_GROUP; group = d->plan->groups[group].parent)
		if (group == above)
			return true;
	return false;
}

/* Those below it are let on other CPUs, too. */
static void cpuset_changed(struct director *d, int group)
{
	for (unsigned i = 0; i < d->crew.n; i++) {
		struct worker *w = &d->crew.workers[i];

		if (worker_lives(w) && within(d, w->group, group))
			w->cpuset = director_cpuset(d, w->group);
	}
	d->changed = true;
}

static int set_knobs(struct director *d, int group, const struct plan_knobs *k)
{
	struct plan_knobs *now = &d->groups[group].knobs;

	if (cgroup_set(d->cgroups, name_of(d, group), k, d->trouble) < 0)
		return -1;
	if (k->given & KNOB_CPUSET)
		now->cpus = k->cpus;
	if (k->given & KNOB_MEMS)
		now->mems = k->mems;
	if (k->given & KNOB_CPUSET)
		cpuset_changed(d, group);
	return 0;
}

static int make_group(struct director *d, const struct plan_step *s)
{
	struct group_state *g = &d->groups[s->group];

	if (cgroup_make(d->cgroups, name_of(d, s->group), d->trouble) < 0)
		return -1;
	g->made = true;
	g->frozen = false;
	g->knobs = (struct plan_knobs){ 0 };
	if (set_knobs(d, s->group, &s->knobs) < 0)
		return -1;
	if (g->below && (!g->crowded || (s->knobs.given & KNOB_THREADED && s->knobs.threaded)))
		cgroup_open_below(d->cgroups, name_of(d, s->group));
	return 0;
}

static int start_workers(struct director *d, const struct plan_step *s)
{
	struct cpus cpuset = director_cpuset(d, s->group);
	int refused;

	if (crew_start(&d->crew, s, &cpuset, &refused, d->trouble) < 0)
		return -1;
	if (refused)
		director_refused(d, s, "start a worker", refused);
	return 0;
}

static int swap(struct director *d, const struct plan_step *s)
{
	struct plan_knobs a = { .given = KNOB_CPUSET, .cpus = d->groups[s->other].knobs.cpus };
	struct plan_knobs b = { .given = KNOB_CPUSET, .cpus = d->groups[s->group].knobs.cpus };

	return set_knobs(d, s->group, &a) < 0 || set_knobs(d, s->other, &b) < 0 ? -1 : 0;
}

/* Of a process that goes whole each thread says so. */
static int enter(const struct director *d, const struct plan_step *s, const struct worker *w)
{
	const char *to = s->other == PLAN_NO_GROUP ? NULL : name_of(d, s->other);

	return s->apart && w->step->work->threads ? cgroup_enter_thread(d->cgroups, to, w->tid)
						  : cgroup_enter(d->cgroups, to, w->pid);
}

static int move(struct director *d, const struct plan_step *s)
{
	unsigned left = s->n ? s->n : d->crew.n;

	for (unsigned i = 0; i < d->crew.n && left; i++) {
		struct worker *w = &d->crew.workers[i];

		if (!worker_lives(w) || w->group != s->group)
			continue;
		left--;
		if (enter(d, s, w) < 0) {
			if (errno != ESRCH)
				director_refused(d, s, "move a worker", errno);
			continue;
		}
		w->group = s->other;
		w->cpuset = director_cpuset(d, s->other);
	}
	d->changed = true;
	return 0;
}

/* And those below it: their groups come later in the plan. */
static void stop_group(struct director *d, const struct plan_step *s)
{
	if (s->group == PLAN_NO_GROUP) {
		crew_stop(&d->crew, PLAN_NO_GROUP);
		crew_kill_loose(&d->crew);
		programs_stop(&d->programs, PLAN_NO_GROUP);
		return;
	}
	for (int g = s->group; g < (int)d->plan->n_groups; g++) {
		if (!within(d, g, s->group))
			continue;
		crew_stop(&d->crew, g);
		crew_kill(&d->crew, g);
		programs_stop(&d->programs, g);
	}
	if (d->groups[s->group].made && cgroup_kill(d->cgroups, name_of(d, s->group)) < 0 &&
	    errno != EOPNOTSUPP /* a threaded one: its processes were killed one by one */)
		director_refused(d, s, "kill", errno);
}

static void psi_drop(int *held)
{
	if (*held)
		close(*held);
	*held = 0;
}

static void remove_group(struct director *d, const struct plan_step *s)
{
	stop_group(d, s);
	psi_drop(&d->groups[s->group].psi);
	if (cgroup_remove(d->cgroups, name_of(d, s->group)) < 0)
		director_refused(d, s, "remove the cgroup", errno);
	else
		d->groups[s->group].made = false;
	crew_reap(&d->crew);
}

static void freeze(struct director *d, const struct plan_step *s, bool freeze)
{
	uint64_t now;

	if (cgroup_freeze(d->cgroups, name_of(d, s->group), freeze) < 0)
		director_refused(d, s, freeze ? "freeze" : "thaw", errno);
	now = clock_now();
	d->groups[s->group].frozen = freeze;
	d->groups[s->group].frozen_ns = now;
	for (unsigned i = 0; i < d->crew.n && !freeze; i++) {
		const struct worker *w = &d->crew.workers[i];

		if (worker_lives(w) && within(d, w->group, s->group))
			stage_seat(&d->crew.stage, w->id)->thawed_ns = now;
	}
}

/* AFFINITY, NICE, POLICY: of live workers. */
static void ask_all(struct director *d, const struct plan_step *s)
{
	struct cpus all;

	places_all(&d->plan->places, &all);
	for (unsigned i = 0, index = 0; i < d->crew.n; i++) {
		struct worker *w = &d->crew.workers[i];
		int r;

		if (!worker_lives(w) || w->group != s->group)
			continue;
		if (s->kind == PLAN_NICE) {
			r = ask_nice(w->tid, s->nice);
		} else if (s->kind == PLAN_POLICY) {
			r = ask_policy(w->tid, &s->policy);
		} else {
			w->masked = affinity_mask(&s->affinity, &d->plan->places, &w->cpuset, index++, &w->random,
						  &w->mask);
			/* All of them: the kernel leaves out what the cpuset lacks, also when that changes. */
			r = ask_cpus(w->tid, w->masked ? &w->mask : &all);
			d->changed = true;
		}
		if (r < 0 && errno != ESRCH)
			director_refused(d, s,
					 s->kind == PLAN_NICE     ? "nice"
					 : s->kind == PLAN_POLICY ? "policy"
								  : "affinity",
					 errno);
	}
}

static int hold_psi(struct director *d, const struct plan_step *s)
{
	bool own = s->group != PLAN_NO_GROUP;
	int *held = own ? &d->groups[s->group].psi : &d->psi;
	int fd = machine_psi(d->cgroups, own ? name_of(d, s->group) : NULL, d->trouble);

	if (fd < 0)
		return -1;
	psi_drop(held);
	*held = fd;
	return 0;
}

static int hotplug(struct director *d, const struct plan_step *s)
{
	bool online = s->kind == PLAN_ONLINE;
	int refused;

	if (machine_cpus(&s->knobs.cpus, online, &refused, d->trouble) < 0)
		return -1;
	if (refused)
		director_refused(d, s, online ? "bring a CPU back" : "take a CPU offline", refused);
	d->changed = true;
	return 0;
}

/* Nobody could run meanwhile, and that was planned. */
static int freeze_all(struct director *d, const struct plan_step *s)
{
	uint64_t now;
	int refused;

	if (machine_freeze(s->ns, &refused, d->trouble) < 0)
		return -1;
	if (refused)
		director_refused(d, s, "freeze all tasks", refused);
	now = clock_now();
	for (unsigned i = 0; i < d->crew.n; i++)
		if (worker_lives(&d->crew.workers[i]))
			stage_seat(&d->crew.stage, d->crew.workers[i].id)->thawed_ns = now;
	return 0;
}

/* Under the kernel's own scheduler there is nothing to set. */
static bool is_scheduled(void)
{
	int fd = open("/sys/kernel/sched_ext/state", O_RDONLY | O_CLOEXEC);
	char state[16] = { 0 };

	if (fd < 0)
		return false;
	(void)!read(fd, state, sizeof state - 1);
	close(fd);
	return !strncmp(state, "enabled", 7);
}

static int set_global(struct director *d, const struct plan_step *s)
{
	if (!is_scheduled())
		return 0;
	return s->kind == PLAN_VAR ? global_set(s->name, s->value, d->trouble)
				   : global_write_map(s->name, s->n, (uint32_t)s->value, d->trouble);
}

int director_step(struct director *d, const struct plan_step *s)
{
	switch (s->kind) {
	case PLAN_CGROUP:
		return make_group(d, s);
	case PLAN_WORK:
		return start_workers(d, s);
	case PLAN_SET:
		return set_knobs(d, s->group, &s->knobs);
	case PLAN_SWAP:
		return swap(d, s);
	case PLAN_MOVE:
		return move(d, s);
	case PLAN_STOP:
		stop_group(d, s);
		return 0;
	case PLAN_REMOVE:
		remove_group(d, s);
		return 0;
	case PLAN_FREEZE:
	case PLAN_THAW:
		freeze(d, s, s->kind == PLAN_FREEZE);
		return 0;
	case PLAN_AFFINITY:
	case PLAN_NICE:
	case PLAN_POLICY:
		ask_all(d, s);
		return 0;
	case PLAN_OFFLINE:
	case PLAN_ONLINE:
		return hotplug(d, s);
	case PLAN_SCHEDULER:
		return keeper_ask(d, s);
	case PLAN_PROGRAM:
		return programs_start(&d->programs, s, d->cgroups,
				      s->group == PLAN_NO_GROUP ? NULL : name_of(d, s->group), d->trouble);
	case PLAN_PSI:
		return hold_psi(d, s);
	case PLAN_FREEZER:
		return freeze_all(d, s);
	case PLAN_VAR:
	case PLAN_MAP:
		return set_global(d, s);
	default:
		return trouble(d->trouble, ENDS_OWN, "a line that is not the director's: kind %d", (int)s->kind);
	}
}
