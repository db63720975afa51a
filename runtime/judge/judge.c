#include "judge/judge.h"
#include "base/err.h"
#include "base/mem.h"
#include "judge/check.h"
#include "judge/expect_fail.h"
#include <inttypes.h>

static char *copy(const char *s)
{
	return s ? xstrdup(s) : NULL;
}

static void add_check(struct ruling *v, struct verdict_check c)
{
	if (!(v->n_checks & (v->n_checks - 1)))
		v->checks = xreallocarray(v->checks, v->n_checks ? v->n_checks * 2 : 1, sizeof(*v->checks));
	v->checks[v->n_checks++] = c;
}

static enum judgement judge_run(struct ruling *v, const struct judge_request *r, const struct judge_run *run)
{
	enum judgement worst = JUDGED_PASS;
	size_t from = v->n_checks;

	for (size_t i = 0; i < r->expectations->n; i++) {
		const struct expectation *x = &r->expectations->v[i];

		if (x->op == OP_OFF)
			continue;
		add_check(v, check_run(r, run, x));
		worst = judgement_worse(worst, v->checks[v->n_checks - 1].verdict);
	}
	if (!r->expect_fail)
		return worst;
	add_check(v, expect_fail_judge(r->expect_fail, run->facts, v->checks + from, v->n_checks - from, run->seed));
	return v->checks[v->n_checks - 1].verdict;
}

/* What the function found fault with fails the test, also one that is expected to fail. */
static struct verdict_seed judge_own(struct ruling *v, const struct judge_run *run, enum judgement judged)
{
	const struct judge_own *own = run->own;

	for (size_t i = 0; own && i < own->n; i++)
		add_check(v, (struct verdict_check){ .metric = xstrdup("judge"),
						     .words = xstrdup(own->faults[i]),
						     .phase = PHASE_ALL,
						     .seed = run->seed,
						     .verdict = JUDGED_FAIL });
	if (own && own->n)
		judged = judgement_worse(judged, JUDGED_FAIL);
	if (own && own->skip && judged == JUDGED_PASS)
		return (struct verdict_seed){ run->seed, JUDGED_SKIP, copy(own->skip) };
	return (struct verdict_seed){ run->seed, judged, NULL };
}

static struct verdict_seed judge_seed(struct ruling *v, const struct judge_request *r, const struct judge_run *run)
{
	if (run->facts)
		return judge_own(v, run, judge_run(v, r, run));
	return (struct verdict_seed){ run->seed, run->without, copy(run->why) };
}

/* What every report has, when it has a value. */
static const enum metric_id always[] = {
	METRIC_GAP_MAX,     METRIC_SPREAD,      METRIC_FAIRNESS,   METRIC_SHARE_MIN,  METRIC_ITERATIONS,
	METRIC_RATE,        METRIC_EFFICIENCY,  METRIC_DELAY_MEAN, METRIC_MIGRATIONS, METRIC_LATENCY_P50,
	METRIC_LATENCY_P99, METRIC_LATENCY_MAX, METRIC_IMBALANCE,
};

enum { GROUPS_MAX = FACTS_WORKERS };

struct series {
	double *v;
	size_t n;
};

struct judge_group {
	char *name;
	struct series of[countof(always)];
};

static struct judge_group *group_find(struct judging *j, const char *name)
{
	for (size_t i = 0; i < j->n_groups; i++) {
		if (!strcmp(j->groups[i].name, name))
			return &j->groups[i];
	}
	return NULL;
}

static void note_figures(struct judge_group *g, const struct facts *f)
{
	const struct selection s = { .facts = f, .group = g->name, .phase = PHASE_ALL };

	for (size_t i = 0; i < countof(always); i++) {
		struct series *to = &g->of[i];
		struct figure x = figure(metric_get(always[i]), NULL, &s);

		if (!x.has)
			continue;
		if (!(to->n & (to->n - 1)))
			to->v = xreallocarray(to->v, to->n ? to->n * 2 : 1, sizeof(*to->v));
		to->v[to->n++] = x.v;
	}
}

/* New groups come behind those that are known. */
static void note_groups(struct judging *j, const struct facts *f)
{
	size_t known = j->n_groups;

	for (size_t i = 0; i < known; i++)
		note_figures(&j->groups[i], f);
	for (size_t i = 0; i < f->n_workers && j->n_groups < GROUPS_MAX; i++) {
		if (group_find(j, f->workers[i].group))
			continue;
		if (!(j->n_groups & (j->n_groups - 1)))
			j->groups = xreallocarray(j->groups, j->n_groups ? j->n_groups * 2 : 1, sizeof(*j->groups));
		j->groups[j->n_groups++] = (struct judge_group){ .name = xstrdup(f->workers[i].group) };
	}
	for (size_t i = known; i < j->n_groups; i++)
		note_figures(&j->groups[i], f);
}

static int by_value(const void *a, const void *b)
{
	double x = *(const double *)a, y = *(const double *)b;

	return x < y ? -1 : x > y;
}

static void add_figure(struct ruling *v, const struct metric *m, const char *group, struct series *s)
{
	if (!s->n)
		return;
	qsort(s->v, s->n, sizeof(*s->v), by_value);
	if (!(v->n_figures & (v->n_figures - 1)))
		v->figures = xreallocarray(v->figures, v->n_figures ? v->n_figures * 2 : 1, sizeof(*v->figures));
	v->figures[v->n_figures++] = (struct verdict_figure){
		.metric = xstrdup(m->name),
		.group = xstrdup(group),
		.n = s->n,
		.min = s->v[0],
		.median = s->v[(s->n - 1) / 2],
		.max = s->v[s->n - 1],
	};
}

int judge_begin(struct judging *j, const struct judge_request *r, struct err *e)
{
	*j = (struct judging){ 0 };
	if (r->expect_fail && expect_fail_check(r->expect_fail, e) < 0)
		return -1;
	j->request = r;
	j->v = (struct ruling){
		.test = copy(r->test),
		.kernel = copy(r->kernel),
		.topology = copy(r->topology),
		.preset = copy(r->preset),
		.profile = copy(r->profile),
		.scheduler = copy(r->scheduler),
		.verdict = JUDGED_SKIP,
	};
	return 0;
}

enum judgement judge_add(struct judging *j, const struct judge_run *run)
{
	struct ruling *v = &j->v;

	if (!(v->n_seeds & (v->n_seeds - 1)))
		v->seeds = xreallocarray(v->seeds, v->n_seeds ? v->n_seeds * 2 : 1, sizeof(*v->seeds));
	const struct verdict_seed seed = judge_seed(v, j->request, run);

	v->seeds[v->n_seeds++] = seed;
	v->verdict = judgement_worse(v->verdict, seed.verdict);
	if (run->facts)
		note_groups(j, run->facts);
	return seed.verdict;
}

void judge_add_host(struct judging *j, const struct judge_own *own)
{
	const struct judge_run none = { .seed = 1, .own = own };
	struct ruling *v = &j->v;

	v->seeds = xreallocarray(v->seeds, v->n_seeds + 1, sizeof(*v->seeds));
	v->seeds[v->n_seeds] = judge_own(v, &none, JUDGED_PASS);
	v->verdict = judgement_worse(v->verdict, v->seeds[v->n_seeds++].verdict);
}

void judge_end(struct judging *j, struct ruling *v)
{
	const struct judge_request *r = j->request;

	for (size_t i = 0; i < j->n_groups; i++) {
		for (size_t m = 0; m < countof(always); m++)
			add_figure(&j->v, metric_get(always[m]), j->groups[i].name, &j->groups[i].of[m]);
	}
	const struct verdict_seed *worst = verdict_worst_seed(&j->v);

	j->v.command = r->again ? xstrdup(r->again) : NULL;
	j->v.command_rest = r->again && r->again_rest ? xstrdup(r->again_rest) : NULL;
	if (worst && r->again && j->v.verdict <= JUDGED_INCONCLUSIVE)
		j->v.again = xasprintf("%s --seed %" PRIu64 "%s%s", r->again, worst->seed, r->again_rest ? " " : "",
				       r->again_rest ? r->again_rest : "");
	*v = j->v;
	j->v = (struct ruling){ 0 };
}

void judge_drop(struct judging *j)
{
	for (size_t i = 0; i < j->n_groups; i++) {
		free(j->groups[i].name);
		for (size_t m = 0; m < countof(always); m++)
			free(j->groups[i].of[m].v);
	}
	free(j->groups);
	verdict_free(&j->v);
	*j = (struct judging){ 0 };
}
