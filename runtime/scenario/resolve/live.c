#include "scenario/resolve/live.h"
#include "scenario/fault.h"

#include <stdlib.h>
#include <string.h>

enum { CONCRETE_MAX = 256 };

/* The name with "$" replaced; false when it grew too long. */
static bool concrete(const struct making *m, const char *name, char out[CONCRETE_MAX])
{
	size_t n = 0;

	for (; *name; name++) {
		int len = *name == '$' ? snprintf(out + n, CONCRETE_MAX - n, "%u", (unsigned)m->each)
				       : snprintf(out + n, CONCRETE_MAX - n, "%c", *name);

		n += (size_t)len;
		if (n >= CONCRETE_MAX)
			return false;
	}
	return true;
}

struct live *live_of(struct making *m, int group)
{
	return group == PLAN_NO_GROUP ? &m->outside : &m->live[group];
}

/* As it is before anybody says something of it. */
static void become(struct live *l, bool there)
{
	*l = (struct live){ .there = there, .was_there = l->was_there };
}

static int find(const struct scenario_plan *p, const char *name, size_t n)
{
	for (size_t i = 0; i < p->n_groups; i++) {
		if (strlen(p->groups[i].name) == n && !memcmp(p->groups[i].name, name, n))
			return (int)i;
	}
	return PLAN_NO_GROUP;
}

/* Another group, which is not there yet. */
static bool grow(struct making *m, const char *name, int parent)
{
	struct scenario_plan *p = m->plan;
	size_t n = p->n_groups;

	if (n == PLAN_GROUPS_MAX)
		return fault_bad(m->e, 1, "more than %d cgroups", PLAN_GROUPS_MAX);
	struct plan_group *groups = realloc(p->groups, (n + 1) * sizeof *groups);

	p->groups = groups ? groups : p->groups;
	struct live *live = realloc(m->live, (n + 1) * sizeof *live);

	m->live = live ? live : m->live;
	if (!groups || !live)
		return fault_memory(m->e);
	live[n] = (struct live){ 0 };
	groups[n] = (struct plan_group){ .name = strdup(name), .parent = parent };
	if (!groups[n].name)
		return fault_memory(m->e);
	p->n_groups++;
	return true;
}

static bool add(struct making *m, const char *name, int *group)
{
	struct scenario_plan *p = m->plan;
	const char *slash = strrchr(name, '/');
	int parent = slash ? find(p, name, (size_t)(slash - name)) : PLAN_NO_GROUP;

	if (slash && (parent == PLAN_NO_GROUP || !m->live[parent].there))
		return fault_bad(m->e, 1, "there is no cgroup \"%.*s\" to make one in", (int)(slash - name), name) ||
		       fault_tip(m->e, "a line before is to say: cgroup %.*s", (int)(slash - name), name);
	*group = find(p, name, strlen(name));
	if (*group == PLAN_NO_GROUP) {
		if (!grow(m, name, parent))
			return false;
		*group = (int)p->n_groups - 1;
	}
	if (m->live[*group].there)
		return fault_bad(m->e, 1, "there is a cgroup \"%s\" already", name);
	become(&m->live[*group], true);
	if (parent != PLAN_NO_GROUP)
		m->live[parent].below++;
	return true;
}

static bool missing(struct making *m, const char *name, bool was)
{
	struct fault_guess g = { .word = name, .n = strlen(name) };

	for (size_t i = 0; i < m->plan->n_groups; i++) {
		if (m->live[i].there)
			fault_guess_try(&g, m->plan->groups[i].name);
	}
	fault_bad(m->e, 1, was ? "the cgroup \"%s\" is gone at this line" : "there is no cgroup \"%s\" at this line",
		  name);
	return fault_guess_tip(m->e, &g);
}

bool live_group(struct making *m, const char *name, bool fresh, int *group)
{
	char real[CONCRETE_MAX];

	*group = PLAN_NO_GROUP;
	if (!name)
		return true;
	if (!concrete(m, name, real))
		return fault_bad(m->e, 1, "a cgroup's name becomes longer than %d characters", CONCRETE_MAX - 1);
	if (fresh)
		return add(m, real, group);
	*group = find(m->plan, real, strlen(real));
	return (*group != PLAN_NO_GROUP && m->live[*group].there) || missing(m, real, *group != PLAN_NO_GROUP);
}

static bool within(const struct making *m, int group, int above)
{
	while (group != above && group != PLAN_NO_GROUP)
		group = m->plan->groups[group].parent;
	return group == above;
}

/* The cgroup above it, or itself, in which its threads' processes are, as far as the kernel is concerned. */
static int domain(const struct making *m, int group)
{
	while (group != PLAN_NO_GROUP && m->live[group].threaded)
		group = m->plan->groups[group].parent;
	return group;
}

bool live_made(struct making *m, int group, bool threaded)
{
	int parent = m->plan->groups[group].parent;
	int other = parent != PLAN_NO_GROUP && m->live[parent].threaded && !threaded ? parent : PLAN_NO_GROUP;

	m->live[group].threaded = threaded;
	for (size_t i = 0; i < m->plan->n_groups && other == PLAN_NO_GROUP; i++) {
		if (m->live[i].there && m->plan->groups[i].parent == parent && m->live[i].threaded != threaded)
			other = (int)i;
	}
	if (other == PLAN_NO_GROUP)
		return true;
	fault_bad(m->e, 1, "\"%s\" is threaded and \"%s\" is not: the kernel lets none run in it",
		  m->plan->groups[threaded ? group : other].name, m->plan->groups[threaded ? other : group].name);
	return fault_tip(m->e, "cgroups beside a threaded one and in it are threaded, too");
}

bool live_threads(struct making *m, int group)
{
	live_of(m, group)->threads = true;
	for (int up = group; up != PLAN_NO_GROUP; up = m->plan->groups[up].parent) {
		if (m->live[up].frozen)
			return fault_bad(m->e, 1, "\"%s\" is frozen: no process makes threads there",
					 m->plan->groups[up].name) ||
			       fault_tip(m->e, "thaw %s before", m->plan->groups[up].name);
	}
	return true;
}

/* Of its domain: so no process has threads elsewhere. */
static bool only_threads(const struct making *m, int group)
{
	for (int i = 0; i < (int)m->plan->n_groups; i++) {
		if (i != group && m->live[i].threads && domain(m, i) == domain(m, group))
			return false;
	}
	return true;
}

bool live_move(struct making *m, struct plan_step *t)
{
	struct live *from = live_of(m, t->group), *to = live_of(m, t->other);

	to->started |= from->started;
	from->started &= t->n != 0;
	if (!from->threads)
		return true;
	t->apart = t->group != PLAN_NO_GROUP && t->other != PLAN_NO_GROUP && domain(m, t->group) == domain(m, t->other);
	if (!t->apart && t->n)
		return fault_bad(m->e, 1, "threads of one process go there all together") ||
		       fault_tip(m->e, "leave n=%u out, or make both cgroups threaded, in one place", t->n);
	if (!t->apart && from->split)
		return fault_bad(m->e, 1,
				 "threads go there all together, and some of that process are in other cgroups") ||
		       fault_tip(m->e, "move them together before, without n=");
	to->threads = true;
	from->split |= t->n != 0;
	to->split |= from->split;
	from->threads = from->split = t->n != 0;
	if (!t->n && only_threads(m, t->other))
		to->split = false;
	return true;
}

/* A process ends whole. */
bool live_stop(struct making *m, int group)
{
	live_of(m, group)->started = live_of(m, group)->threads = false;
	for (size_t i = 0; i < m->plan->n_groups && group != PLAN_NO_GROUP; i++) {
		struct live *l = &m->live[i];
		int at = domain(m, (int)i);

		if (!within(m, (int)i, group))
			continue;
		if (l->split && (at == PLAN_NO_GROUP || !within(m, at, group)))
			return fault_bad(m->e, 1,
					 "a process ends whole, and threads of those in \"%s\" are in other cgroups",
					 m->plan->groups[i].name) ||
			       fault_tip(m->e, "move them together before, without n=");
		l->started = l->threads = l->split = false;
	}
	return true;
}

void live_remove(struct making *m, int group)
{
	int parent = m->plan->groups[group].parent;

	become(&m->live[group], false);
	if (parent != PLAN_NO_GROUP)
		m->live[parent].below--;
}

static bool step_again(struct making *m, const struct plan_step *s)
{
	struct plan_step moved = *s;

	switch (s->kind) {
	case PLAN_CGROUP:
		m->live[s->group].threaded = s->knobs.given & KNOB_THREADED;
		return true;
	case PLAN_WORK:
		return !s->work->threads || live_threads(m, s->group);
	case PLAN_MOVE:
		return live_move(m, &moved);
	case PLAN_STOP:
	case PLAN_REMOVE:
		return live_stop(m, s->group);
	case PLAN_FREEZE:
	case PLAN_THAW:
		live_of(m, s->group)->frozen = s->kind == PLAN_FREEZE;
		return true;
	default:
		return true;
	}
}

bool live_again(struct making *m, size_t first)
{
	for (size_t i = first; i < m->plan->n_steps; i++) {
		if (!step_again(m, &m->plan->steps[i]))
			return fault_tip(
				m->e,
				"line %u, in the pass behind the first: a block is to leave threads as it found them",
				m->plan->steps[i].line);
	}
	return true;
}

struct cpus live_cpus(struct making *m, int group)
{
	struct cpus all;

	places_all(&m->plan->places, &all);
	for (; group != PLAN_NO_GROUP; group = m->plan->groups[group].parent) {
		if (m->live[group].own)
			cpus_and(&all, &m->live[group].cpus);
	}
	return all;
}
