#include "gen/matrix/matrix.h"

#include <inttypes.h>
#include <string.h>

#include "arch/arch.h"
#include "base/err.h"
#include "base/mem.h"
#include "gen/base/home.h"
#include "gen/graph/guest.h"
#include "gen/graph/plan.h"
#include "gen/kernels/kernels.h"
#include "text/argv.h"

enum { ID_MAX_SHOWN = 200 };

static void plan_scenario(struct plan *p, const struct matrix *m, const struct matrix_test *t)
{
	const struct test *test = &t->test;
	auto_argv struct argv args = { 0 };
	struct edge *g = plan_edge(p, "scenario", "scenario %s", test->slug);

	edge_heading(g, "scenario %s", test->slug);
	if (test->file) {
		edge_in(g, "%s", test->file);
		argv_opt(&args, "--file", "%s", test->file);
	} else {
		argv_opt(&args, "--catalogue", "%s", test->word);
	}
	if (m->duration)
		argv_opt(&args, "--duration", "%llu", (unsigned long long)m->duration);
	if (m->workers)
		argv_opt(&args, "--workers", "%llu", (unsigned long long)m->workers);
	edge_needs(g, "%s", m->home->step);
	edge_out(g, "scenarios/%s/text", test->slug);
	edge_out(g, "scenarios/%s/test", test->slug);
	edge_word(g, "outdir", "scenarios/%s", test->slug);
	edge_words(g, "args", &args);
}

static char *payload_dir(const struct matrix_test *t, const struct kernel *k)
{
	return xasprintf("%s%s", t->payload, arch_suffix(k->arch));
}

static void plan_payload(struct plan *p, const struct matrix *m, const struct matrix_test *t, const struct kernel *k)
{
	bool here = k->arch == arch_host();
	auto_free char *dir = payload_dir(t, k);
	auto_argv struct argv more = { 0 };
	struct edge *g = plan_edge(p, "payload", "scheduler %s of %s%s%s", t->sweep.name, t->test.slug,
				   here ? "" : " for ", here ? "" : k->arch->name);

	if (!g)
		return;
	edge_in(g, "%s", t->test.scheduler);
	edge_needs(g, "%s", m->home->step);
	edge_out(g, "%s/payload.pack", dir);
	edge_word(g, "outdir", "%s", dir);
	if (!here)
		argv_opt(&more, "--arch", "%s", k->arch->name);
	guest_library_path(&more);
	edge_words(g, "args", &more);
	g->always = true;
}

/* Where runs of c are, or those of the kernel's own scheduler on the same guest. Caller frees. */
static char *runs_dir(const struct matrix_cell *c, bool eevdf)
{
	if (!eevdf || !c->test->test.scheduler)
		return xstrdup(c->dir);
	return xasprintf("eevdf/%s/%s/%s", c->test->test.slug, c->on->target->k.name, c->on->guest->plan.name);
}

static char *run_dir(const struct matrix_cell *c, bool eevdf, size_t seed)
{
	auto_free char *dir = runs_dir(c, eevdf);

	return xasprintf("%s/seed-%" PRIu64, dir, c->test->seeds.first + seed);
}

/* What came of a run by a real clock is that run's, and another one's may be different. */
static bool runs_anew(const struct matrix *m, const struct matrix_cell *c)
{
	return m->force || !c->on->guest->plan.virtual;
}

static void run_args(struct argv *a, const struct matrix *m, const struct matrix_cell *c, bool eevdf, size_t seed)
{
	const struct matrix_test *t = c->test;
	const struct kernel *k = &c->on->target->k;

	argv_opt(a, "--seed", "%" PRIu64, t->seeds.first + seed);
	argv_opt(a, "--ms", "%llu", (unsigned long long)c->ms);
	argv_opt(a, "--topology", "%s", c->on->guest->topology);
	for (size_t i = 0; i < t->test.scenario.needs.n; i++)
		argv_fmt(a, "--need=%s", t->test.scenario.needs.at[i].text);
	if (runs_anew(m, c))
		argv_add(a, "--force");
	if (eevdf || !t->test.scheduler)
		return;
	auto_free char *payload = payload_dir(t, k);

	argv_fmt(a, "--payload=%s/payload.pack", payload);
	argv_fmt(a, "--scheduler=%s", t->sweep.name);
	if (c->on->profile)
		argv_fmt(a, "--profile=%s", c->on->profile->name);
	if (m->timeout)
		argv_opt(a, "--timeout", "%llu", (unsigned long long)m->timeout);
	sweep_arg_words(a, &t->sweep, c->on->profile);
}

/* One that is there already is the one. */
static const struct edge *plan_run(struct plan *p, const struct matrix *m, const struct matrix_cell *c, bool eevdf,
				   size_t seed, const char *engine)
{
	const struct matrix_test *t = c->test;
	const struct kernel *k = &c->on->target->k;
	bool own = !t->test.scheduler || eevdf;
	const char *profile = own || !c->on->profile ? NULL : c->on->profile->name;
	auto_free char *dir = run_dir(c, eevdf, seed), *payload = payload_dir(t, k);
	auto_free char *what = xasprintf("%s on %s %s%s%s%s", t->test.slug, k->name, c->on->guest->plan.name,
					 own && t->test.scheduler ? " under eevdf" : "", profile ? " with " : "",
					 profile ? profile : "");
	auto_free char *shown = plan_short(what, ID_MAX_SHOWN);
	auto_free char *id = xasprintf("run %s seed %" PRIu64, shown, t->seeds.first + seed);
	auto_argv struct argv args = { 0 };
	struct edge *g = plan_edge(p, "run", "%s", id);

	if (!g)
		return plan_find(p, id);
	edge_in(g, "scenarios/%s/text", t->test.slug);
	if (!own)
		edge_needs(g, "%s/payload.pack", payload);
	edge_restore(g, &c->on->guest->plan, k);
	edge_needs(g, "%s", engine);
	edge_needs(g, "%s", m->home->step);
	edge_out(g, "%s/run.json", dir);
	/* A run that came to nothing has none, so that ninja makes it again. */
	edge_out(g, "%s/recipe", dir);
	edge_word(g, "outdir", "%s", dir);
	edge_word(g, "engine", "%s", engine);
	edge_word(g, "text", "scenarios/%s/text", t->test.slug);
	run_args(&args, m, c, eevdf, seed);
	edge_words(g, "args", &args);
	g->again = runs_anew(m, c);
	return g;
}

/* The cell whose runs "of NAME" means, and whether under the kernel's own scheduler. */
static const struct matrix_cell *other_cell(const struct matrix_cell *c, const char *name, bool *eevdf)
{
	*eevdf = !strcmp(name, EEVDF);
	return *eevdf ? c : matrix_profile(c, name);
}

/* Labels for the verdict. */
static void judge_labels(struct argv *a, const struct matrix *m, const struct matrix_cell *c)
{
	const struct matrix_test *t = c->test;

	argv_fmt(a, "--name=%s", t->test.name);
	argv_fmt(a, "--kernel=%s", c->on->name.kernel);
	argv_fmt(a, "--topology=%s", c->on->guest->topology);
	if (c->preset)
		argv_fmt(a, "--preset=%s", c->preset);
	if (t->test.scheduler)
		argv_fmt(a, "--scheduler=%s", t->sweep.name);
	if (c->on->profile)
		argv_fmt(a, "--profile=%s", c->on->profile->name);
	argv_fmt(a, "--again=%s", c->again);
	if (*m->again_rest)
		argv_fmt(a, "--again-rest=%s", m->again_rest);
	for (size_t i = 0; m->expect_lines && m->expect_lines[i]; i++)
		argv_fmt(a, "--expect-line=%s", m->expect_lines[i]);
}

/* On this machine; it is another run each time. */
static const struct edge *plan_run_here(struct plan *p, const struct matrix *m, const struct matrix_cell *c,
					size_t seed, const char *engine)
{
	const struct matrix_test *t = c->test;
	auto_free char *dir = run_dir(c, false, seed);
	auto_argv struct argv args = { 0 };
	struct edge *g =
		plan_edge(p, "run-here", "run %s on this machine seed %" PRIu64, t->test.slug, t->seeds.first + seed);

	edge_in(g, "scenarios/%s/text", t->test.slug);
	edge_needs(g, "%s", engine);
	edge_needs(g, "%s", m->home->step);
	edge_out(g, "%s/run.json", dir);
	edge_word(g, "outdir", "%s", dir);
	edge_word(g, "engine", "%s", engine);
	edge_word(g, "text", "scenarios/%s/text", t->test.slug);
	argv_opt(&args, "--seed", "%" PRIu64, t->seeds.first + seed);
	argv_opt(&args, "--ms", "%llu", (unsigned long long)c->ms);
	argv_opt(&args, "--topology", "%s", c->on->guest->topology);
	edge_words(g, "args", &args);
	g->again = true;
	return g;
}

static void plan_runs(struct plan *p, const struct matrix *m, struct matrix_cell *c, const char *const *others,
		      const char *engine)
{
	bool eevdf;

	for (size_t i = 0; i < c->test->seeds.n; i++)
		c->runs[i] = m->here ? plan_run_here(p, m, c, i, engine) : plan_run(p, m, c, false, i, engine);
	for (; *others; others++) {
		const struct matrix_cell *other = other_cell(c, *others, &eevdf);

		for (size_t i = 0; i < c->test->seeds.n; i++)
			plan_run(p, m, other, eevdf, i, engine);
	}
}

/* The command names folders, so that it is short however many seeds there are. */
static void judge_inputs(struct edge *g, struct argv *args, const struct matrix_cell *c, const char *const *others)
{
	bool eevdf;

	argv_fmt(args, "--runs=%s", c->dir);
	argv_opt(args, "--first-seed", "%" PRIu64, c->test->seeds.first);
	argv_opt(args, "--seeds", "%zu", c->test->seeds.n);
	for (size_t i = 0; i < c->test->seeds.n; i++) {
		auto_free char *dir = run_dir(c, false, i);

		edge_in(g, "%s/run.json", dir);
	}
	for (; *others; others++) {
		const struct matrix_cell *other = other_cell(c, *others, &eevdf);
		auto_free char *all = runs_dir(other, eevdf);

		argv_fmt(args, "--other=%s=%s", *others, all);
		for (size_t i = 0; i < c->test->seeds.n; i++) {
			auto_free char *dir = run_dir(other, eevdf, i);

			edge_needs(g, "%s/run.json", dir);
		}
	}
}

static void plan_judge(struct plan *p, const struct matrix *m, struct matrix_cell *c, const char *engine)
{
	const struct matrix_test *t = c->test;
	auto_free const char **others = expectations_others(&t->test.expect);
	auto_free char *what =
		xasprintf("%s on %s %s%s%s", t->test.slug, c->on->target->k.name, c->on->guest->plan.name,
			  c->on->profile ? " with " : "", c->on->profile ? c->on->profile->name : "");
	auto_free char *shown = plan_short(what, ID_MAX_SHOWN);
	auto_argv struct argv args = { 0 };

	plan_runs(p, m, c, others, engine);
	struct edge *g = plan_edge(p, "judge", "judge %s", shown);

	judge_inputs(g, &args, c, others);
	judge_labels(&args, m, c);
	edge_needs(g, "scenarios/%s/test", t->test.slug);
	edge_needs(g, "%s", m->home->step);
	edge_out(g, "%s/verdict.json", c->dir);
	edge_word(g, "outdir", "%s", c->dir);
	edge_word(g, "test", "scenarios/%s/test", t->test.slug);
	edge_word(g, "text", "scenarios/%s/text", t->test.slug);
	edge_words(g, "args", &args);
	c->judge = g;
}

static int plan_cell(struct plan *p, const struct matrix *m, struct matrix_cell *c, struct err *e)
{
	const struct kernel *k = &c->on->target->k;
	auto_free char *engine = home_engine(m->home, k->arch, e);

	if (!engine || (!m->here && guest_plan_allows(&c->on->guest->plan, k, e) < 0))
		return -1;
	if (m->here) {
		plan_judge(p, m, c, engine);
		return 0;
	}
	auto_free char *id = xasprintf("kernel %s", k->name);

	if (!plan_find(p, id))
		plan_guest_kernel(p, &c->on->guest->plan, k);
	plan_guest_snapshot(p, &c->on->guest->plan, k);
	if (c->test->test.scheduler)
		plan_payload(p, m, c->test, k);
	plan_judge(p, m, c, engine);
	return 0;
}

int matrix_plan(struct plan *p, struct matrix *m, struct err *e)
{
	if (!m->here)
		plan_guest_base(p, &m->tests[0].sweep.guests[0].plan);
	for (size_t i = 0; i < m->n; i++) {
		struct matrix_test *t = &m->tests[i];

		plan_scenario(p, m, t);
		for (size_t k = 0; k < t->n; k++)
			if (!t->cells[k].skip && plan_cell(p, m, &t->cells[k], e) < 0)
				return -1;
	}
	return 0;
}
