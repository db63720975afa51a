#include "scenario/plan.h"
#include "scenario/fault.h"
#include "scenario/need.h"
#include "scenario/text/line.h"
#include "scenario/resolve/live.h"
#include "scenario/scenario.h"

#include <stdlib.h>
#include <string.h>

#define HOLDS_MAX_NS TIME_MAX_NS

const char *const plan_deeds[DEEDS] = { "attach", "detach", "restart", "replace" };

/* The next step, of this line; NULL: a fault. It stays where it is until the next one. */
static struct plan_step *step(struct making *m, const struct scenario_line *l, enum plan_kind kind)
{
	struct scenario_plan *p = m->plan;

	if (p->n_steps == PLAN_STEPS_MAX) {
		fault_bad(m->e, 1, "more than %d steps", PLAN_STEPS_MAX);
		return NULL;
	}
	if (p->n_steps == m->room) {
		size_t room = m->room ? 2 * m->room : 32;
		struct plan_step *more = realloc(p->steps, room * sizeof *more);

		if (!more) {
			fault_memory(m->e);
			return NULL;
		}
		p->steps = more;
		m->room = room;
	}
	p->steps[p->n_steps] =
		(struct plan_step){ .kind = kind, .line = l->line, .group = PLAN_NO_GROUP, .other = PLAN_NO_GROUP };
	return &p->steps[p->n_steps++];
}

static bool cpuset(struct making *m, const struct scenario_line *l, int group, struct plan_knobs *k)
{
	struct live *live = live_of(m, group);

	live->own = l->knobs->cpuset != NULL;
	if (!live->own)
		return true;
	if (!set_resolve(l->knobs->cpuset, &m->plan->places, m->each, &k->cpus, m->e))
		return false;
	live->cpus = k->cpus;
	live->own = true;
	k->cpus = live_cpus(m, group);
	if (cpus_count(&k->cpus)) {
		k->cpus = live->cpus;
		return true;
	}
	fault_bad(m->e, 1, "\"%s\" has no CPU in common with the cgroup it is in", m->plan->groups[group].name);
	return fault_tip(m->e, "cpusets of cgroups in each other are to overlap");
}

static bool nodes(struct making *m, const struct cpus *list)
{
	for (int node = cpus_next(list, -1); node >= 0; node = cpus_next(list, node)) {
		if ((unsigned)node >= m->plan->places.nodes)
			return fault_skip(m->e, "there is no NUMA node %d, this topology has %u (from 0)", node,
					  m->plan->places.nodes);
	}
	return true;
}

static bool knobs(struct making *m, const struct scenario_line *l)
{
	struct plan_step *t = step(m, l, l->kind == LINE_CGROUP ? PLAN_CGROUP : PLAN_SET);

	if (!t || !live_group(m, l->name, l->kind == LINE_CGROUP, &t->group))
		return false;
	t->knobs = l->knobs->plain;
	if (l->kind == LINE_CGROUP && !live_made(m, t->group, t->knobs.given & KNOB_THREADED))
		return false;
	if (t->knobs.given & KNOB_CPUSET && !cpuset(m, l, t->group, &t->knobs))
		return false;
	if (!nodes(m, &t->knobs.mems))
		return false;
	m->plan->controllers |= t->knobs.given;
	return true;
}

static bool affinity(struct making *m, const struct line_affinity *from, struct affinity *to)
{
	to->kind = from->kind;
	return !from->set || set_resolve(from->set, &m->plan->places, m->each, &to->cpus, m->e);
}

/* How many workers: whole groups. */
static bool workers(struct making *m, const struct scenario_line *l, int group, unsigned *n)
{
	unsigned size = l->work->use.program.group;
	uint64_t want = l->amount.value ? l->amount.value : m->s->workers;
	struct cpus cpus = live_cpus(m, group);

	cpus_minus(&cpus, &m->offline);
	if (l->amount.percent)
		want = (want * cpus_count(&cpus) + 99) / 100;
	want = want ? want : 1;
	if (l->amount.value && !l->amount.percent && want % size) {
		fault_bad(m->e, 1, "%llu workers are no whole groups of %u", (unsigned long long)want, size);
		return fault_tip(m->e, "n=%u or n=%u", want < size ? size : (unsigned)(want / size * size),
				 (unsigned)(want / size + 1) * size);
	}
	want = (want + size - 1) / size * size;
	if (want > PLAN_WORKERS_MAX - m->plan->workers)
		return fault_bad(m->e, 1, "more than %d workers in all", PLAN_WORKERS_MAX);
	*n = (unsigned)want;
	return true;
}

static bool slots(struct making *m, const struct program *p, unsigned groups, unsigned *base)
{
	struct scenario_plan *plan = m->plan;
	enum slot_kind *more;

	*base = plan->slots;
	if (!p->slots)
		return true;
	more = realloc(plan->slot_kinds, (plan->slots + groups * p->slots) * sizeof *more);
	if (!more)
		return fault_memory(m->e);
	plan->slot_kinds = more;
	for (unsigned i = 0; i < groups * p->slots; i++)
		more[plan->slots++] = p->slot_kinds[i % p->slots];
	return true;
}

static char *type_text(const struct making *m, const struct worktype_use *u)
{
	char *text = NULL;
	size_t n;

	if (worktype_usual(u))
		return strdup(u->type->name);
	FILE *f = open_memstream(&text, &n);

	if (!f)
		return NULL;
	worktype_write(f, u, &m->s->shared);
	if (fclose(f) == 0)
		return text;
	free(text);
	return NULL;
}

static bool work(struct making *m, const struct scenario_line *l)
{
	const struct line_work *from = l->work;
	struct plan_step *t = step(m, l, PLAN_WORK);
	struct plan_work *w;

	if (!t || !live_group(m, l->name, false, &t->group))
		return false;
	w = t->work = calloc(1, sizeof *w);
	if (!w)
		return fault_memory(m->e);
	w->program = &from->use.program;
	w->text = type_text(m, &from->use);
	if (!w->text)
		return fault_memory(m->e);
	w->function = *from->use.function ? from->use.function : NULL;
	w->type = from->use.type ? from->use.type->name : w->function ? w->text : "prog";
	if (w->function && !m->plan->functions)
		m->plan->functions = l->line;
	w->policy = from->policy;
	w->nice = from->nice;
	w->uid = from->uid;
	w->threads = from->threads;
	w->memory = from->memory;
	snprintf(w->comm, sizeof w->comm, "%.15s", from->comm ? from->comm : w->function ? w->function : w->type);
	if (!nodes(m, &w->memory.nodes) || !affinity(m, &from->affinity, &w->affinity) ||
	    !workers(m, l, t->group, &w->n) || !slots(m, w->program, w->n / w->program->group, &w->slot_base))
		return false;
	m->plan->workers += w->n;
	live_of(m, t->group)->started = true;
	return !w->threads || live_threads(m, t->group);
}

static uint64_t long_of(const struct making *m, const struct amount *a)
{
	return a->percent ? m->s->duration_ns / 100 * a->value : a->value;
}

static bool count_hold(struct making *m, uint64_t ns)
{
	m->plan->hold_ns += ns;
	return m->plan->hold_ns <= HOLDS_MAX_NS || fault_bad(m->e, 1, "the holds take more than an hour in all");
}

static bool hold(struct making *m, const struct scenario_line *l)
{
	struct plan_step *t = step(m, l, PLAN_HOLD);

	if (!t)
		return false;
	t->ns = long_of(m, &l->amount);
	if (m->in_every)
		return true;
	m->plan->phases++;
	return count_hold(m, t->ns);
}

static bool mark(struct making *m, const struct scenario_line *l)
{
	struct plan_step *t = step(m, l, PLAN_MARK);

	if (!t)
		return false;
	t->name = strdup(l->name);
	return t->name ? true : fault_memory(m->e);
}

static bool every(struct making *m, const struct scenario_line *l)
{
	struct plan_step *t = step(m, l, PLAN_EVERY);
	const struct scenario_line *end = l;

	if (!t)
		return false;
	while (end->kind != LINE_END || &m->s->lines[end->block] != l)
		end++;
	t->ns = l->every_ns;
	t->for_ns = long_of(m, &end->amount);
	m->in_every = true;
	m->every = m->plan->n_steps - 1;
	m->outside.started = false;
	for (size_t i = 0; i < m->plan->n_groups; i++) {
		m->live[i].started = false;
		m->live[i].was_there = m->live[i].there;
	}
	m->offline_before = m->offline;
	m->detached_before = m->detached;
	m->plan->phases++;
	return count_hold(m, t->for_ns);
}

/* A pass must leave cgroups as it found them, or the next one could not begin. */
static bool left_alike(struct making *m, const struct live *l, const char *name)
{
	if (l->there != l->was_there)
		return fault_bad(m->e, 1,
				 l->there ? "each pass makes the cgroup \"%s\" and none removes it"
					  : "each pass removes the cgroup \"%s\" and none makes it",
				 name) ||
		       fault_tip(m->e, "a block is to leave the cgroups as it found them");
	if (l->started)
		return fault_bad(m->e, 1, "each pass starts workers in \"%s\" and none stops them", name) ||
		       fault_tip(m->e, "end the block with stop %s", name);
	return true;
}

static bool end_every(struct making *m, const struct scenario_line *l)
{
	struct plan_step *t = step(m, l, PLAN_END);

	if (!t)
		return false;
	t->first = m->every + 1;
	m->in_every = false;
	if (!cpus_equal(&m->offline, &m->offline_before))
		return fault_bad(m->e, 1, "each pass takes CPUs offline or brings them back, and none undoes it") ||
		       fault_tip(m->e, "a block is to leave the CPUs as it found them");
	if (m->detached != m->detached_before)
		return fault_bad(m->e, 1, "each pass %s the scheduler, and none undoes it",
				 m->detached ? "detaches" : "attaches") ||
		       fault_tip(m->e, "a block is to leave the scheduler as it found it");
	for (size_t i = 0; i < m->plan->n_groups; i++)
		if (!left_alike(m, &m->live[i], m->plan->groups[i].name))
			return false;
	if (!left_alike(m, &m->outside, "-"))
		return false;
	return m->plan->steps[m->every].for_ns <= m->plan->steps[m->every].ns || live_again(m, m->every + 1);
}

static bool pair(struct making *m, const struct scenario_line *l)
{
	struct plan_step *t = step(m, l, l->kind == LINE_SWAP ? PLAN_SWAP : PLAN_MOVE);
	struct live *a, *b, swap;

	if (!t || !live_group(m, l->name, false, &t->group) || !live_group(m, l->other, false, &t->other))
		return false;
	t->n = (unsigned)l->amount.value;
	a = live_of(m, t->group);
	b = live_of(m, t->other);
	if (l->kind == LINE_MOVE)
		return live_move(m, t);
	if (!a->own || !b->own) {
		fault_bad(m->e, 1, "\"%s\" has no cpuset to swap", m->plan->groups[a->own ? t->other : t->group].name);
		return fault_tip(m->e, "set %s cpuset=… before", m->plan->groups[a->own ? t->other : t->group].name);
	}
	swap = *a;
	a->cpus = b->cpus;
	b->cpus = swap.cpus;
	m->plan->controllers |= KNOB_CPUSET;
	return true;
}

static bool one(struct making *m, const struct scenario_line *l)
{
	static const enum plan_kind kinds[LINE_KINDS] = {
		[LINE_STOP] = PLAN_STOP,    [LINE_REMOVE] = PLAN_REMOVE,     [LINE_FREEZE] = PLAN_FREEZE,
		[LINE_THAW] = PLAN_THAW,    [LINE_AFFINITY] = PLAN_AFFINITY, [LINE_NICE] = PLAN_NICE,
		[LINE_POLICY] = PLAN_POLICY
	};
	struct plan_step *t = step(m, l, kinds[l->kind]);
	struct live *live;

	if (!t || !live_group(m, l->name, false, &t->group))
		return false;
	live = live_of(m, t->group);
	t->nice = l->nice;
	t->policy = l->policy;
	m->plan->freezes |= l->kind == LINE_FREEZE;
	if ((l->kind == LINE_STOP || l->kind == LINE_REMOVE) && !live_stop(m, t->group))
		return false;
	if (l->kind == LINE_FREEZE || l->kind == LINE_THAW)
		live->frozen = l->kind == LINE_FREEZE;
	if (l->kind != LINE_REMOVE)
		return affinity(m, &l->affinity, &t->affinity);
	if (live->below)
		return fault_bad(m->e, 1, "\"%s\" has cgroups in it", l->name) || fault_tip(m->e, "remove those first");
	live_remove(m, t->group);
	return true;
}

static bool cpu(struct making *m, const struct scenario_line *l)
{
	struct plan_step *t = step(m, l, l->online ? PLAN_ONLINE : PLAN_OFFLINE);

	if (!t || !set_resolve(l->affinity.set, &m->plan->places, m->each, &t->knobs.cpus, m->e))
		return false;
	m->plan->hotplug = true;
	if (l->online) {
		cpus_minus(&m->offline, &t->knobs.cpus);
		return true;
	}
	if (cpus_has(&t->knobs.cpus, 0))
		return fault_bad(m->e, 1, "CPU 0 cannot be taken offline") ||
		       fault_tip(m->e, "take it away from the set: …-cpu:0");
	cpus_or(&m->offline, &t->knobs.cpus);
	return true;
}

static bool scheduler(struct making *m, const struct scenario_line *l)
{
	struct plan_step *t = step(m, l, PLAN_SCHEDULER);

	if (!t)
		return false;
	t->deed = l->deed;
	if (l->name && !(t->name = strdup(l->name)))
		return fault_memory(m->e);
	if (!m->plan->schedules)
		m->plan->later = m->detached = l->deed == DEED_ATTACH;
	m->plan->schedules = true;
	if ((l->deed == DEED_ATTACH) != m->detached)
		return fault_bad(m->e, 1,
				 m->detached ? "no scheduler is attached at this line"
					     : "the scheduler is attached at this line");
	m->detached = l->deed == DEED_DETACH;
	return true;
}

static bool add_program(struct making *m, const char *path)
{
	struct scenario_plan *p = m->plan;
	const char **more = realloc(p->programs, (p->n_programs + 1) * sizeof *more);

	if (!more)
		return fault_memory(m->e);
	p->programs = more;
	p->programs[p->n_programs++] = path;
	return true;
}

/* Its number among the plan's. */
static bool program_number(struct making *m, const char *path, unsigned *number)
{
	const struct scenario_plan *p = m->plan;

	for (*number = 0; *number < p->n_programs; ++*number)
		if (!strcmp(p->programs[*number], path))
			return true;
	return add_program(m, path);
}

/* Even when a line runs the same one: the text that the guest reads does not say which it is, and counts as we do. */
static bool add_functions(struct making *m)
{
	return !m->plan->functions || add_program(m, m->s->functions.text ? m->s->functions.text : "");
}

static bool program(struct making *m, const struct scenario_line *l)
{
	struct plan_step *t = step(m, l, PLAN_PROGRAM);

	if (!t || !live_group(m, l->name, false, &t->group))
		return false;
	t->argv = l->argv;
	t->copies = (unsigned)l->amount.value;
	if (t->copies > PLAN_PROGRAMS_MAX - m->plan->copies)
		return fault_bad(m->e, 1, "more than %d programs in all", PLAN_PROGRAMS_MAX);
	m->plan->copies += t->copies;
	if (m->in_every)
		return fault_bad(m->e, 1, "a program cannot start in a block") ||
		       fault_tip(m->e, "start it in front of the block");
	return program_number(m, l->argv[0], &t->n);
}

static bool machine(struct making *m, const struct scenario_line *l)
{
	static const enum plan_kind kinds[LINE_KINDS] = {
		[LINE_PSI] = PLAN_PSI, [LINE_FREEZER] = PLAN_FREEZER, [LINE_VAR] = PLAN_VAR, [LINE_MAP] = PLAN_MAP
	};
	struct plan_step *t = step(m, l, kinds[l->kind]);

	if (!t)
		return false;
	t->value = l->value;
	m->plan->psi |= l->kind == LINE_PSI;
	m->plan->freezer |= l->kind == LINE_FREEZER;
	if (l->kind == LINE_PSI)
		return live_group(m, l->name, false, &t->group);
	t->ns = l->amount.value;
	if (l->kind == LINE_FREEZER)
		return true;
	t->n = (unsigned)l->amount.value;
	t->name = strdup(l->name);
	if (!t->name)
		return fault_memory(m->e);
	return !m->detached || fault_bad(m->e, 1, "no scheduler is attached at this line");
}

static bool (*const makers[LINE_KINDS])(struct making *m, const struct scenario_line *l) = {
	[LINE_CGROUP] = knobs,    [LINE_WORK] = work,       [LINE_HOLD] = hold,
	[LINE_MARK] = mark,       [LINE_EVERY] = every,     [LINE_END] = end_every,
	[LINE_SET] = knobs,       [LINE_SWAP] = pair,       [LINE_MOVE] = pair,
	[LINE_STOP] = one,        [LINE_REMOVE] = one,      [LINE_FREEZE] = one,
	[LINE_THAW] = one,        [LINE_AFFINITY] = one,    [LINE_NICE] = one,
	[LINE_POLICY] = one,      [LINE_CPU] = cpu,         [LINE_SCHEDULER] = scheduler,
	[LINE_PSI] = machine,     [LINE_FREEZER] = machine, [LINE_VAR] = machine,
	[LINE_PROGRAM] = program, [LINE_MAP] = machine,
};

/* The numbers an "each" counts: from…to-1. */
static void each_range(const struct making *m, const struct line_each *e, unsigned *from, unsigned *to)
{
	const struct places *p = &m->plan->places;
	struct cpus usable;
	unsigned n;

	places_usable(p, &usable);
	n = e->over == EACH_CPU      ? p->cpus
	    : e->over == EACH_USABLE ? cpus_count(&usable)
	    : e->over == EACH_LLC    ? p->llcs
	    : e->over == EACH_NODE   ? p->nodes
				     : p->cores;
	if (e->max && e->max < n)
		n = e->max;
	*from = e->parts ? n * e->part / e->parts : 0;
	*to = e->parts ? n * (e->part + 1) / e->parts : n;
}

static bool make_line(struct making *m, size_t i)
{
	m->e->column = 0;
	if (makers[m->s->lines[i].kind](m, &m->s->lines[i]))
		return true;
	m->e->line = m->s->lines[i].line;
	m->e->column = m->s->lines[i].column;
	return false;
}

static bool make_lines(struct making *m)
{
	const struct scenario *s = m->s;

	for (size_t i = 0; i < s->n_lines; i++) {
		unsigned from, to;
		size_t first = i + 1;

		if (s->lines[i].kind != LINE_EACH) {
			if (!make_line(m, i))
				return false;
			continue;
		}
		each_range(m, &s->lines[i].each, &from, &to);
		while (s->lines[i].kind != LINE_END)
			i++;
		for (; from < to; from++) {
			m->each = from;
			for (size_t k = first; k < i; k++) {
				if (!make_line(m, k))
					return false;
			}
		}
	}
	return true;
}

static bool check_needs(struct making *m)
{
	const struct scenario_list *l = &m->s->needs;

	for (size_t i = 0; i < l->n; i++) {
		if (need_places(l->at[i].text, &m->plan->places, m->e))
			continue;
		m->e->line = l->at[i].line;
		m->e->column = l->at[i].column;
		return false;
	}
	return true;
}

static bool make(struct making *m)
{
	m->outside.there = m->outside.was_there = true;
	if (!check_needs(m) || !make_lines(m) || !add_functions(m))
		return false;
	if (m->plan->phases)
		return true;
	fault_bad(m->e, 0, "nothing is held: the test would end before any worker ran");
	return fault_tip(m->e, "a line such as hold 100%% is missing");
}

enum scenario_fault scenario_plan_make(struct scenario_plan *plan, const struct scenario *s, const struct places *p,
				       struct scenario_error *e)
{
	struct making m = { .plan = plan, .s = s, .e = e };
	bool made;

	memset(plan, 0, offsetof(struct scenario_plan, places));
	places_copy(&plan->places, p);
	plan->duration_ns = s->duration_ns;
	plan->settle_ns = s->settle_ns;
	plan->shared = s->shared;
	*e = (struct scenario_error){ 0 };
	made = make(&m);
	free(m.live);
	return made ? SCENARIO_OK : e->fault;
}

bool plan_does(const struct scenario_plan *plan, enum act_kind kind)
{
	for (size_t i = 0; i < plan->n_steps; i++) {
		const struct program *p = plan->steps[i].work ? plan->steps[i].work->program : NULL;

		for (unsigned k = 0; p && k < p->n; k++)
			if (p->acts[k].kind == kind)
				return true;
	}
	return false;
}

/* Who moves on from none to none moves within ours as well. */
bool plan_uses_cgroups(const struct scenario_plan *plan)
{
	for (size_t i = 0; i < plan->n_steps; i++)
		if (plan->steps[i].kind == PLAN_MOVE)
			return true;
	return plan->n_groups || plan_does(plan, ACT_MIGRATE) || plan_does(plan, ACT_CHURN);
}

const char *plan_guests_only(const struct scenario_plan *plan)
{
	if (plan->schedules)
		return "attaching and detaching of schedulers";
	if (plan->hotplug)
		return "taking CPUs offline";
	return plan->freezer ? "freezing of all tasks" : NULL;
}

void scenario_plan_free(struct scenario_plan *plan)
{
	for (size_t i = 0; i < plan->n_steps; i++) {
		free(plan->steps[i].name);
		if (plan->steps[i].work)
			free(plan->steps[i].work->text);
		free(plan->steps[i].work);
	}
	for (size_t i = 0; i < plan->n_groups; i++)
		free(plan->groups[i].name);
	free(plan->steps);
	free(plan->groups);
	free(plan->programs);
	free(plan->slot_kinds);
	memset(plan, 0, offsetof(struct scenario_plan, places));
}
