#include "judge/check.h"
#include "base/mem.h"
#include "judge/sight.h"
#include "judge/words.h"
#include <math.h>

/* A tick of CONFIG_HZ=250, which distributions have; who runs slower ones says so. */
enum { TICK_NS = 4000000 };

static bool same(const char *a, const char *b)
{
	return a && b ? !strcmp(a, b) : a == b;
}

bool check_asks(const struct check *c, const char *group, int phase)
{
	const struct expectations *all = c->request->expectations;

	for (size_t i = 0; i < all->n; i++) {
		const struct expect_side *s = &all->v[i].left;

		if (all->v[i].op != OP_OFF || s->metric != c->x->left.metric || !same(s->name, c->x->left.name))
			continue;
		if ((!s->group || (group && !strcmp(s->group, group))) && (s->phase == PHASE_ALL || s->phase == phase))
			return false;
	}
	return true;
}

static const struct facts *other_facts(const struct check *c)
{
	for (size_t i = 0; i < c->run->n_others; i++) {
		const struct judge_other *o = &c->run->others[i];

		if (!strcmp(o->name, c->x->other))
			return o->facts;
	}
	return NULL;
}

/* The limit of one trial; false: t->why says why there is none. */
static bool limit(const struct check *c, struct trial_of *t)
{
	const struct expect_side *right = &c->x->right;
	struct selection s = t->s;
	struct figure f;

	t->limit = c->x->value;
	if (!right->metric)
		return true;
	s.facts = other_facts(c);
	if (!s.facts) {
		t->why = "the other side came to no run with this seed";
		return false;
	}
	s.phase = right->phase == PHASE_EACH ? s.phase : right->phase;
	if (right->group || right->metric->scope == SCOPE_RUN) {
		s.worker = NULL;
		s.group = right->group;
	} else if (s.worker) {
		s.worker = facts_worker(s.facts, s.worker->id);
		if (!s.worker) {
			t->why = "the other side has no such worker";
			return false;
		}
	}
	f = figure(right->metric, right->name, &s);
	t->limit = c->x->value * f.v;
	if (f.has && isfinite(t->limit))
		return true;
	t->why = f.has ? "the other side's figure is beyond what can be counted" : f.why;
	return false;
}

/* By how much the limit is broken; not more than 0: it holds. */
static double excess(enum expect_op op, double v, double limit)
{
	switch (op) {
	case OP_LE:
	case OP_LT:
		return v - limit;
	case OP_GE:
	case OP_GT:
		return limit - v;
	default:
		return fabs(v - limit);
	}
}

static bool holds(enum expect_op op, double v, double limit)
{
	double over = excess(op, v, limit);

	return op == OP_LT || op == OP_GT ? over < 0 : over <= 0;
}

/* What the host's load may have done; NULL: nothing that matters. */
static const char *spoilt(const struct check *c, const struct trial_of *t)
{
	const struct facts *f = t->s.facts;

	if (f->virtual_time)
		return NULL;
	if (f->accel && strcmp(f->accel, "kvm") != 0 && strcmp(f->accel, "host") != 0)
		return "real time without KVM has no figures";
	if (t->verdict != JUDGED_FAIL || !c->x->left.metric->time || !f->stolen_known)
		return NULL;
	if (excess(c->x->op, t->figure.v, t->limit) < (double)f->stolen_ns)
		return "this machine took more time than that from the guest's CPUs";
	if (f->end_known && (double)f->stolen_ns > 0.05 * (double)f->end_ns * (double)(f->cpus ? f->cpus : 1))
		return "this machine took more than 5 % of their time from the guest's CPUs";
	return NULL;
}

static bool too_fine(const struct check *c, const struct trial_of *t)
{
	const struct facts *f = t->s.facts;
	double tick = f->tick_known ? (double)f->tick_ns : TICK_NS;

	return c->x->left.metric->time && f->virtual_time && f->cpus != 1 && t->limit < 2 * tick;
}

static bool is_left(const struct facts_worker *w)
{
	return w->ended && !strcmp(w->ended, "unreaped");
}

/* A worker that is still there has no time, and breaks every limit. */
static bool never_reaped(const struct check *c, struct trial_of *t)
{
	for (size_t i = 0; c->x->left.metric->id == METRIC_REAPED && i < t->s.facts->n_workers; i++) {
		const struct facts_worker *w = &t->s.facts->workers[i];
		char *text;
		size_t n;

		if (!selection_has(&t->s, w) || !is_left(w))
			continue;
		FILE *f = xmemstream(&text, &n);

		words_worker(f, w, false);
		fputs(" was stopped and did not go away", f);
		fclose(f);
		t->found = text;
		t->verdict = JUDGED_FAIL;
		return true;
	}
	return false;
}

static void figure_holds(const struct check *c, struct trial_of *t)
{
	const char *why;

	t->figure = figure(c->x->left.metric, c->x->left.name, &t->s);
	t->verdict = JUDGED_INCONCLUSIVE;
	if (never_reaped(c, t))
		return;
	if (!t->figure.has) {
		t->why = t->figure.why;
		return;
	}
	if (!limit(c, t))
		return;
	t->limit_known = true;
	if (too_fine(c, t)) {
		t->why =
			"finer than this guest can tell: with several CPUs that is two ticks of its kernel, 8 ms at 250 Hz";
		return;
	}
	t->verdict = holds(c->x->op, t->figure.v, t->limit) ? JUDGED_PASS : JUDGED_FAIL;
	why = spoilt(c, t);
	if (why) {
		t->verdict = JUDGED_INCONCLUSIVE;
		t->why = why;
	}
}

/* All trials of an expectation. */
struct trials {
	struct trial_of worst;
	size_t n, as_bad; /* how many there were; how many were judged as the worst one */
};

static double badness(const struct check *c, const struct trial_of *t)
{
	return t->figure.has && t->limit_known ? excess(c->x->op, t->figure.v, t->limit) : -INFINITY;
}

static void try(const struct check *c, struct trials *all, struct selection s)
{
	struct trial_of t = { .s = s };

	if (c->x->left.metric->finding)
		finding(c, &t);
	else
		figure_holds(c, &t);
	if (t.figure.none) {
		free(t.found);
		return;
	}
	if (all->n++ && t.verdict == all->worst.verdict) {
		all->as_bad++;
		if (badness(c, &t) <= badness(c, &all->worst)) {
			free(t.found);
			return;
		}
	} else if (all->n > 1 && t.verdict > all->worst.verdict) {
		free(t.found);
		return;
	} else {
		all->as_bad = 1;
	}
	free(all->worst.found);
	all->worst = t;
}

/* Every group or worker that is meant, in one phase. */
static void try_each(const struct check *c, struct trials *all, int phase)
{
	const struct expect_side *side = &c->x->left;
	struct selection s = { .facts = c->run->facts, .phase = phase, .except = c->except };
	/* A finding names the worker, whatever group is meant. */
	bool workers = side->metric->scope == SCOPE_WORKER && (side->metric->finding || !side->group);

	if (workers) {
		for (size_t i = 0; i < s.facts->n_workers; i++) {
			s.worker = &s.facts->workers[i];
			if (side->group ? !strcmp(side->group, s.worker->group) : check_asks(c, s.worker->group, phase))
				try(c, all, s);
		}
	} else if (side->group || side->metric->scope == SCOPE_RUN) {
		s.group = side->group;
		if (check_asks(c, s.group, phase))
			try(c, all, s);
	} else {
		for (size_t i = 0; i < c->n_groups; i++) {
			s.group = c->groups[i];
			if (check_asks(c, s.group, phase))
				try(c, all, s);
		}
	}
}

/* Groups of workers, in the order of these. */
static const char **groups_of(const struct facts *f, size_t *n)
{
	const char **v = xcalloc(f->n_workers + 1, sizeof(*v));

	*n = 0;
	for (size_t i = 0; i < f->n_workers; i++) {
		size_t k = 0;

		while (k < *n && strcmp(v[k], f->workers[i].group) != 0)
			k++;
		if (k == *n)
			v[(*n)++] = f->workers[i].group;
	}
	return v;
}

/* Nothing of what is meant was there. A default asks nobody then; who says it asks for somebody. */
static void nobody(const struct check *c, struct trials *all)
{
	const struct expect_side *side = &c->x->left;
	struct trial_of *t = &all->worst;

	*t = (struct trial_of){ .s = { .facts = c->run->facts, .phase = PHASE_ALL }, .verdict = JUDGED_INCONCLUSIVE };
	if (c->x->layer == LAYER_DEFAULT && c->run->facts->outcome == OUTCOME_RAN) {
		t->verdict = JUDGED_PASS;
		t->found = xstrdup("there was no worker to ask");
	} else if (c->run->facts->outcome != OUTCOME_RAN && !c->run->facts->n_workers) {
		t->why = "the scenario did not run";
	} else if (side->group && !facts_has_group(c->run->facts, side->group)) {
		t->why = "this run has no such cgroup";
	} else {
		t->why = side->metric->id == METRIC_SLACK_P99 || (side->metric->id >= METRIC_LATENCY_P50 &&
								  side->metric->id <= METRIC_LATENCY_CV)
				 ? "no wake-up was timed there"
				 : "no worker was there";
	}
}

/* What samples show of who failed, while it did. What comes from samples has said so already. */
static char *sight(const struct check *c, const struct trial_of *t, const struct facts_worker *w)
{
	const struct metric *m = c->x->left.metric;
	const struct figure *g = &t->figure;

	if (t->verdict != JUDGED_FAIL || metric_sampled(m) || (!w && m->id != METRIC_ATTACHED))
		return NULL;
	if (m->id == METRIC_GAP_MAX && g->located)
		return sight_of_wait(t->s.facts, w, g->from_ns,
				     g->v < 1e18 && g->from_ns < UINT64_MAX / 2 ? g->from_ns + (uint64_t)g->v
										: UINT64_MAX);
	return m->id == METRIC_PROGRESS || m->id == METRIC_ATTACHED ? sight_of_wait(t->s.facts, w, 0, UINT64_MAX)
								    : NULL;
}

static struct verdict_check told(const struct check *c, const struct trials *all)
{
	const struct trial_of *t = &all->worst;
	const struct expect_side *side = &c->x->left;
	const struct facts_worker *w = t->s.worker ? t->s.worker : t->figure.worker;
	const char *whose = t->s.group ? t->s.group : w && !(t->found && t->verdict == JUDGED_PASS) ? w->group : NULL;
	const char *group = side->group ? side->group : whose;
	bool text = c->x->op == OP_HAS || c->x->op == OP_LACKS;

	return (struct verdict_check){
		.metric = metric_text(side->metric, side->name),
		.group = group ? xstrdup(group) : NULL,
		.op = c->x->op == OP_HOLDS ? NULL : xstrdup(expect_op_names[c->x->op]),
		.other = c->x->other ? xstrdup(c->x->other)
			 : text      ? xstrdup(c->x->text)
				     : NULL,
		.words = words_of(c, t, all->as_bad > 1 && t->verdict != JUDGED_PASS ? all->as_bad - 1 : 0),
		.sight = sight(c, t, w),
		.phase = side->phase,
		.seed = c->run->seed,
		.value_known = t->figure.has,
		.value = t->figure.v,
		.limit_known = t->limit_known,
		.limit = t->limit_known ? t->limit : 0,
		.at_known = t->figure.located,
		.at_ns = t->figure.from_ns,
		.verdict = t->verdict,
	};
}

struct verdict_check check_run(const struct judge_request *request, const struct judge_run *run,
			       const struct expectation *x)
{
	struct check c = { .request = request, .run = run, .x = x };
	auto_free const char **groups = groups_of(run->facts, &c.n_groups);
	struct trials all = { 0 };

	c.groups = groups;
	for (size_t i = 0; i < FACTS_PHASES; i++)
		c.except[i] = x->left.phase < 0 && !x->left.group && !check_asks(&c, NULL, (int)i);
	if (x->left.phase == PHASE_EACH) {
		for (size_t i = 1; i < run->facts->phases; i++)
			try_each(&c, &all, (int)i);
	} else {
		try_each(&c, &all, x->left.phase);
	}
	if (!all.n)
		nobody(&c, &all);
	struct verdict_check out = told(&c, &all);

	free(all.worst.found);
	return out;
}
