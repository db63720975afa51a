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
#include "progress/pace.h"
#include "text/argv.h"

#define PROGRAM "/ktstr/program." /* and its number: where it is in a guest */

enum { ID_MAX_SHOWN = 200 };

static void plan_scenario(struct plan *p, const struct matrix *m, const struct matrix_test *t)
{
	const struct test *test = &t->test;
	auto_argv struct argv args = { 0 };
	struct edge *g = plan_edge(p, "scenario", "scenario %s", t->text);

	if (!g) /* the same by another clock */
		return;
	edge_heading(g, "scenario %s", t->text);
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
	edge_out(g, "scenarios/%s/text", t->text);
	edge_out(g, "scenarios/%s/test", t->text);
	edge_word(g, "outdir", "scenarios/%s", t->text);
	edge_words(g, "args", &args);
}

/* Who runs: the test itself, or what it is compared with. */
enum who { OWN, UNDER_EEVDF, UNDER_BASE };

struct side {
	const struct matrix *m;
	const struct matrix_cell *c;
	enum who who;
	bool twice; /* of an audit */
};

static const struct kernel *side_kernel(const struct side *s)
{
	return s->who == UNDER_BASE && s->m->base_kernel ? &s->m->base_kernel->k : &s->c->on->target->k;
}

/* NULL: the kernel's own. */
static const char *side_scheduler(const struct side *s)
{
	if (s->who == UNDER_EEVDF)
		return NULL;
	return s->who == UNDER_BASE && s->m->base ? s->m->base : s->c->test->test.scheduler;
}

/* Of its payload. Caller frees. */
static char *side_payload(const struct side *s)
{
	bool base = s->who == UNDER_BASE && s->m->base;

	return xasprintf("%s%s", base ? "schedulers/base" : s->c->test->payload, arch_suffix(side_kernel(s)->arch));
}

/* What of it its guests get. Caller frees. */
static char *side_pack(const struct side *s)
{
	auto_free char *dir = side_payload(s);

	return s->m->payload ? xstrdup(s->m->payload) : xasprintf("%s/payload.pack", dir);
}

/* Where its runs are. Caller frees. */
static char *side_dir(const struct side *s)
{
	const struct matrix_cell *c = s->c;
	const char *text = c->test->text, *guest = c->on->guest->plan.name, *kernel = side_kernel(s)->name;

	if (s->twice)
		return xasprintf("audits/%s", c->dir + strlen("tests/"));
	if (s->who == UNDER_EEVDF && c->test->test.scheduler)
		return xasprintf("eevdf/%s/%s/%s", text, kernel, guest);
	if (s->who != UNDER_BASE)
		return xstrdup(c->dir);
	return xasprintf("base/%s/%s/%s%s", text, kernel, guest, c->on->profile ? strrchr(c->dir, '/') : "");
}

static char *run_dir(const struct side *s, size_t seed)
{
	auto_free char *dir = side_dir(s);

	return xasprintf("%s/seed-%" PRIu64, dir, s->c->test->seeds.first + seed);
}

/* Of the payload with programs of its text. Caller frees. */
static char *side_programs(const struct side *s)
{
	return xasprintf("programs/%s%s", s->c->test->text, arch_suffix(side_kernel(s)->arch));
}

static void plan_programs(struct plan *p, const struct side *s)
{
	const struct argv *programs = &s->c->fit->programs;
	const struct arch *arch = side_kernel(s)->arch;
	auto_free char *dir = side_programs(s), *list = NULL;
	auto_argv struct argv more = { 0 };
	struct edge *g = programs->n
				 ? plan_edge(p, "programs", "programs of %s%s%s", s->c->test->text,
					     arch == arch_host() ? "" : " for ", arch == arch_host() ? "" : arch->name)
				 : NULL;
	size_t size;

	if (!g)
		return;
	FILE *f = xmemstream(&list, &size);

	for (size_t i = 0; i < programs->n; i++) {
		edge_in(g, "%s", programs->v[i]);
		fprintf(f, "%s" PROGRAM "%zu/%s", i ? "/" : "", i, programs->v[i]);
	}
	fclose(f);
	edge_needs(g, "%s", s->m->home->step);
	edge_out(g, "%s/payload.pack", dir);
	edge_word(g, "outdir", "%s", dir);
	if (arch != arch_host())
		argv_opt(&more, "--arch", "%s", arch->name);
	guest_library_path(&more);
	edge_words(g, "args", &more);
	edge_text(g, "includes", "%s", list);
	g->always = true;
}

static void plan_payload(struct plan *p, const struct side *s)
{
	const struct matrix_test *t = s->c->test;
	const struct kernel *k = side_kernel(s);
	const char *scheduler = side_scheduler(s);
	bool here = k->arch == arch_host(), base = scheduler == s->m->base;
	auto_free char *dir = side_payload(s);
	auto_argv struct argv more = { 0 };

	if (!scheduler || s->m->payload)
		return;
	struct edge *g =
		plan_edge(p, "payload", "scheduler %s of %s%s%s", strrchr(scheduler, '/') + 1,
			  base ? BASE : t->payload_of->test.slug, here ? "" : " for ", here ? "" : k->arch->name);

	if (!g)
		return;
	edge_in(g, "%s", scheduler);
	edge_needs(g, "%s", s->m->home->step);
	edge_out(g, "%s/payload.pack", dir);
	edge_word(g, "outdir", "%s", dir);
	if (!here)
		argv_opt(&more, "--arch", "%s", k->arch->name);
	guest_library_path(&more);
	edge_words(g, "args", &more);
	g->always = true;
}

/* Profiles that lines go on with. */
static void other_args(struct argv *a, const struct matrix_cell *c)
{
	for (size_t i = 0; i < c->test->sweep.others.n; i++) {
		const struct profile *p = &c->test->sweep.others.v[i];
		auto_argv struct argv words = { 0 };

		sweep_arg_words(&words, &c->test->sweep, p);
		argv_fmt(a, "--other=%s", p->name);
		for (size_t k = 0; k < words.n; k++)
			argv_fmt(a, "--other=%s=%s", p->name, words.v[k] + strlen("--arg="));
	}
}

static void scheduler_args(struct argv *a, const struct side *s, const char *scheduler)
{
	const struct matrix_cell *c = s->c;
	auto_free char *pack = side_pack(s);

	argv_fmt(a, "--payload=%s", pack);
	argv_fmt(a, "--scheduler=%s", strrchr(scheduler, '/') + 1);
	if (c->on->profile)
		argv_fmt(a, "--profile=%s", c->on->profile->name);
	if (c->test->timeout)
		argv_opt(a, "--timeout", "%llu", (unsigned long long)c->test->timeout);
	if (c->test->test.scenario.watchdog_ns)
		argv_fmt(a, "--watchdog=%" PRIu64, c->test->test.scenario.watchdog_ns / 1000000);
	if (c->test->test.scenario.cgroup_parent || sweep_has_groups(&c->test->sweep))
		argv_fmt(a, "--groups=%s", c->test->sweep.o.groups);
	sweep_arg_words(a, &c->test->sweep, c->on->profile);
	if (c->fit->keeps)
		argv_add(a, "--keeps");
	if (c->fit->later)
		argv_add(a, "--later");
	other_args(a, c);
}

static void program_args(struct argv *a, const struct side *s)
{
	auto_free char *dir = side_programs(s);

	if (s->c->fit->programs.n)
		argv_fmt(a, "--programs=%s/payload.pack", dir);
	for (size_t i = 0; i < s->c->fit->programs.n; i++)
		argv_fmt(a, "--program=" PROGRAM "%zu", i);
}

enum { SAMPLE_MS = 100 };

/* How often the guest's run queues are looked at; 0: never. */
static uint64_t sample_ms(const struct side *s)
{
	if (side_kernel(s)->arch != &arch_x86_64)
		return 0;
	if (s->m->sample_ms)
		return s->m->sample_ms;
	return expectations_sampled(&s->c->test->test.expect) ? SAMPLE_MS : 0;
}

static void run_args(struct argv *a, const struct side *s, size_t seed)
{
	const struct matrix_cell *c = s->c;
	const struct scenario_list *needs = &c->test->test.scenario.needs;
	const char *scheduler = side_scheduler(s);

	argv_opt(a, "--seed", "%" PRIu64, c->test->seeds.first + seed);
	argv_opt(a, "--ms", "%llu", (unsigned long long)c->fit->ms);
	argv_opt(a, "--topology", "%s", c->on->guest->topology);
	for (size_t i = 0; i < needs->n; i++)
		argv_fmt(a, "--need=%s", needs->at[i].text);
	if (sample_ms(s))
		argv_opt(a, "--sample", "%llu", (unsigned long long)sample_ms(s));
	if (s->twice)
		argv_add(a, "--private");
	else if (s->m->force)
		argv_add(a, "--force");
	if (s->m->trace)
		argv_fmt(a, "--trace=%s", s->m->trace);
	if (s->twice && s->m->once_more && s->who == OWN)
		argv_addv(a, s->m->once_more);
	program_args(a, s);
	if (scheduler)
		scheduler_args(a, s, scheduler);
}

static char *run_id(const struct side *s, size_t seed)
{
	const struct matrix_cell *c = s->c;
	const struct profile *profile = side_scheduler(s) ? c->on->profile : NULL;
	const char *under = s->who == UNDER_BASE                               ? " under base"
			    : s->who == UNDER_EEVDF && c->test->test.scheduler ? " under eevdf"
									       : "";
	auto_free char *what =
		xasprintf("%s on %s %s%s%s%s", s->who == OWN ? c->test->test.slug : c->test->text, side_kernel(s)->name,
			  c->on->guest->plan.name, under, profile ? " with " : "", profile ? profile->name : "");
	auto_free char *shown = plan_short(what, ID_MAX_SHOWN);

	return xasprintf("run %s seed %" PRIu64 "%s", shown, c->test->seeds.first + seed, s->twice ? " once more" : "");
}

/* One that is there already is the one. */
static const struct edge *plan_run(struct plan *p, const struct side *s, size_t seed, const char *engine)
{
	const struct matrix_cell *c = s->c;
	const char *text = c->test->text;
	auto_free char *dir = run_dir(s, seed), *pack = side_pack(s), *programs = side_programs(s);
	auto_free char *id = run_id(s, seed);
	auto_argv struct argv args = { 0 };
	struct edge *g = plan_edge(p, "run", "%s", id);

	if (!g)
		return plan_find(p, id);
	edge_in(g, "scenarios/%s/text", text);
	if (side_scheduler(s))
		edge_needs(g, "%s", pack);
	if (c->fit->programs.n)
		edge_needs(g, "%s/payload.pack", programs);
	edge_restore(g, &c->on->guest->plan, side_kernel(s));
	edge_needs(g, "%s", engine);
	edge_needs(g, "%s", s->m->home->step);
	edge_out(g, "%s/run.json", dir);
	/* A run that came to nothing has none, so that ninja makes it again. */
	if (!s->twice)
		edge_out(g, "%s/recipe", dir);
	edge_word(g, "outdir", "%s", dir);
	edge_word(g, "engine", "%s", engine);
	edge_word(g, "text", "scenarios/%s/text", text);
	run_args(&args, s, seed);
	edge_words(g, "args", &args);
	g->again = s->twice || s->m->force;
	g->rank = c->rank;
	if (s->twice) {
		const struct side once = { s->m, c, s->who, false };
		auto_free char *first = run_dir(&once, seed);

		/* It goes on from the same attached guest, which the first one may have to make. */
		edge_needs(g, "%s/run.json", first);
	}
	return g;
}

/* Whose runs "of NAME" means. */
static struct side other_side(const struct matrix *m, const struct matrix_cell *c, const char *name)
{
	if (!strcmp(name, EEVDF))
		return (struct side){ m, c, UNDER_EEVDF, false };
	if (!strcmp(name, BASE) && (m->base || m->base_kernel))
		return (struct side){ m, c, UNDER_BASE, false };
	return (struct side){ m, matrix_profile(c, name), OWN, false };
}

/* Labels for the verdict. */
static void judge_labels(struct argv *a, const struct matrix *m, const struct matrix_cell *c)
{
	const struct matrix_test *t = c->test;
	auto_free char *again = matrix_again(m, c);

	argv_fmt(a, "--name=%s", t->test.name);
	argv_fmt(a, "--kernel=%s", c->on->name.kernel);
	argv_fmt(a, "--topology=%s", c->on->guest->topology);
	if (c->preset)
		argv_fmt(a, "--preset=%s", c->preset);
	if (t->test.scheduler)
		argv_fmt(a, "--scheduler=%s", t->sweep.name);
	if (c->on->profile)
		argv_fmt(a, "--profile=%s", c->on->profile->name);
	argv_fmt(a, "--again=%s", again);
	if (*m->again_rest)
		argv_fmt(a, "--again-rest=%s", m->again_rest);
	for (size_t i = 0; m->expect_lines && m->expect_lines[i]; i++)
		argv_fmt(a, "--expect-line=%s", m->expect_lines[i]);
	if (t->judged) {
		argv_fmt(a, "--program=%s", t->program);
		argv_fmt(a, "--program-test=%s", t->test.name);
	}
}

/* On this machine; it is another run each time. */
static const struct edge *plan_run_here(struct plan *p, const struct matrix *m, const struct matrix_cell *c,
					size_t seed, const char *engine)
{
	const struct matrix_test *t = c->test;
	const struct side own = { m, c, OWN, false };
	auto_free char *dir = run_dir(&own, seed);
	auto_argv struct argv args = { 0 };
	struct edge *g =
		plan_edge(p, "run-here", "run %s on this machine seed %" PRIu64, t->test.slug, t->seeds.first + seed);

	edge_in(g, "scenarios/%s/text", t->text);
	edge_needs(g, "%s", engine);
	edge_needs(g, "%s", m->home->step);
	edge_out(g, "%s/run.json", dir);
	edge_word(g, "outdir", "%s", dir);
	edge_word(g, "engine", "%s", engine);
	edge_word(g, "text", "scenarios/%s/text", t->text);
	argv_opt(&args, "--seed", "%" PRIu64, t->seeds.first + seed);
	argv_opt(&args, "--ms", "%llu", (unsigned long long)c->fit->ms);
	argv_opt(&args, "--topology", "%s", c->on->guest->topology);
	for (size_t i = 0; i < c->fit->programs.n; i++)
		argv_fmt(&args, "--program=%s", c->fit->programs.v[i]);
	edge_words(g, "args", &args);
	g->again = true;
	return g;
}

/* Guests of that kernel, and its engine, for the caller to free; NULL: there are none. */
static char *plan_guests(struct plan *p, const struct side *s, struct err *e)
{
	const struct guest_plan *g = &s->c->on->guest->plan;
	const struct kernel *k = side_kernel(s);
	auto_free char *id = xasprintf("kernel %s", k->name);
	bool again = !s->m->here && plan_find(p, id);
	auto_free char *engine = again ? home_engine_path(s->m->home, k->arch) : home_engine(s->m->home, k->arch, e);

	if (!engine || s->m->here)
		return TAKE(engine);
	if (guest_plan_allows(g, k, e) < 0)
		return NULL;
	if (!again)
		plan_guest_kernel(p, g, k);
	plan_guest_snapshot(p, g, k);
	plan_payload(p, s);
	plan_programs(p, s);
	return TAKE(engine);
}

static int plan_other(struct plan *p, const struct side *s, struct err *e)
{
	auto_free char *engine = plan_guests(p, s, e);

	for (size_t i = 0; engine && i < s->c->test->seeds.n; i++)
		plan_run(p, s, i, engine);
	return engine ? 0 : -1;
}

static int plan_runs(struct plan *p, const struct matrix *m, struct matrix_cell *c, const char *const *others,
		     struct err *e)
{
	const struct side own = { m, c, OWN, false }, twice = { m, c, OWN, true };
	auto_free char *engine = plan_guests(p, &own, e);

	for (size_t i = 0; engine && i < c->test->seeds.n; i++) {
		c->runs[i] = m->here ? plan_run_here(p, m, c, i, engine) : plan_run(p, &own, i, engine);
		if (c->twice[i])
			c->audits[i] = plan_run(p, &twice, i, engine);
	}
	for (; engine && *others; others++) {
		const struct side other = other_side(m, c, *others);

		if (plan_other(p, &other, e) < 0)
			return -1;
	}
	return engine ? 0 : -1;
}

/* Which of a cell's seeds are judged, and where the verdict goes. */
struct bench {
	size_t from, n;
	const char *dir;
};

/* The command names folders, so that it is short however many seeds there are. */
static void judge_inputs(struct edge *g, struct argv *args, const struct matrix *m, const struct matrix_cell *c,
			 const struct bench *b, const char *const *others)
{
	const struct side own = { m, c, OWN, false };

	argv_fmt(args, "--runs=%s", c->dir);
	argv_opt(args, "--first-seed", "%" PRIu64, c->test->seeds.first + b->from);
	argv_opt(args, "--seeds", "%zu", b->n);
	for (size_t i = 0; i < b->n; i++) {
		auto_free char *dir = run_dir(&own, b->from + i);

		edge_in(g, "%s/run.json", dir);
	}
	for (; *others; others++) {
		const struct side other = other_side(m, c, *others);
		auto_free char *all = side_dir(&other);

		argv_fmt(args, "--other=%s=%s", *others, all);
		for (size_t i = 0; i < b->n; i++) {
			auto_free char *dir = run_dir(&other, b->from + i);

			edge_needs(g, "%s/run.json", dir);
		}
	}
}

static const struct edge *plan_judge(struct plan *p, const struct matrix *m, const struct matrix_cell *c,
				     const struct bench *b, const char *const *others)
{
	const struct matrix_test *t = c->test;
	auto_free char *what =
		xasprintf("%s on %s %s%s%s", t->test.slug, c->on->target->k.name, c->on->guest->plan.name,
			  c->on->profile ? " with " : "", c->on->profile ? c->on->profile->name : "");
	auto_free char *shown = plan_short(what, ID_MAX_SHOWN);
	auto_argv struct argv args = { 0 };
	struct edge *g = m->apart ? plan_edge(p, "judge", "judge %s seed %" PRIu64, shown, t->seeds.first + b->from)
				  : plan_edge(p, "judge", "judge %s", shown);

	judge_inputs(g, &args, m, c, b, others);
	judge_labels(&args, m, c);
	edge_needs(g, "scenarios/%s/test", t->text);
	edge_needs(g, "%s", m->home->step);
	if (t->judged)
		edge_needs(g, "%s", t->program);
	edge_out(g, "%s/verdict.json", b->dir);
	edge_word(g, "outdir", "%s", b->dir);
	edge_word(g, "test", "scenarios/%s/test", t->text);
	edge_word(g, "text", "scenarios/%s/text", t->text);
	edge_words(g, "args", &args);
	g->rank = c->rank;
	return g;
}

static int plan_cell(struct plan *p, const struct matrix *m, struct matrix_cell *c, struct err *e)
{
	auto_free const char **others = expectations_others(&c->test->test.expect);
	const struct bench all = { 0, c->test->seeds.n, c->dir };

	if (plan_runs(p, m, c, others, e) < 0)
		return -1;
	for (size_t i = 0; m->apart && i < c->test->seeds.n; i++) {
		auto_free char *dir = matrix_apart(c, i);
		const struct bench one = { i, 1, dir };

		c->apart[i] = plan_judge(p, m, c, &one, others);
	}
	c->judge = m->apart ? NULL : plan_judge(p, m, c, &all, others);
	return 0;
}

/* Nobody knows what else it looks at, so that it runs each time. */
static void plan_host(struct plan *p, const struct matrix *m, struct matrix_cell *c)
{
	const struct matrix_test *t = c->test;
	auto_free char *again = matrix_again(m, c);
	auto_argv struct argv args = { 0 };
	struct edge *g = plan_edge(p, "judge", "test %s on this machine", t->test.slug);

	edge_heading(g, "test %s on this machine", t->test.slug);
	edge_needs(g, "%s", t->program);
	edge_needs(g, "%s", m->home->step);
	edge_out(g, "%s/verdict.json", c->dir);
	edge_word(g, "outdir", "%s", c->dir);
	edge_word(g, "test", "none");
	edge_word(g, "text", "none");
	argv_add(&args, "--host");
	argv_fmt(&args, "--name=%s", t->test.name);
	argv_fmt(&args, "--kernel=%s", c->on->name.kernel);
	argv_fmt(&args, "--again=%s", again);
	argv_fmt(&args, "--program=%s", t->program);
	argv_fmt(&args, "--program-test=%s", t->test.name);
	edge_words(g, "args", &args);
	g->again = true;
	g->rank = c->rank;
	c->judge = c->runs[0] = g;
}

static void plan_base(struct plan *p, const struct matrix *m)
{
	for (size_t i = 0; i < m->n && !m->here; i++)
		if (!m->tests[i].host) {
			plan_guest_base(p, &m->tests[i].sweep.guests[0].plan);
			return;
		}
}

static int plan_test(struct plan *p, const struct matrix *m, struct matrix_test *t, struct pace *pace, struct err *e)
{
	if (t->host) {
		if (!t->cells[0].out)
			plan_host(p, m, &t->cells[0]);
		return 0;
	}
	plan_scenario(p, m, t);
	for (size_t i = 0; i < t->n; i++) {
		if (!t->cells[i].fit->skip && !t->cells[i].out && plan_cell(p, m, &t->cells[i], e) < 0)
			return -1;
		if (pace_on(pace, 1, e) < 0)
			return -1;
	}
	return 0;
}

int matrix_plan(struct plan *p, struct matrix *m, struct err *e)
{
	auto_pace struct pace pace;
	size_t cells = 0;

	for (size_t i = 0; i < m->n; i++)
		cells += m->tests[i].n;
	pace_begin(&pace, "planning", cells, "cells");
	plan_base(p, m);
	for (size_t i = 0; i < m->n; i++)
		if (plan_test(p, m, &m->tests[i], &pace, e) < 0)
			return -1;
	return 0;
}
