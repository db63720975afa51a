#include "test/check.h"

#include <stdlib.h>
#include <string.h>

#include "base/err.h"
#include "base/mem.h"
#include "judge/asked.h"
#include "scenario/plan.h"
#include "scenario/scenario.h"
#include "test/compose.h"
#include "test/works.h"

static int places_of(struct places *p, const struct topology *t, struct err *e)
{
	if (places_regular(p, t->nodes, t->llcs, t->cores, t->threads, *t->node_llcs ? t->node_llcs : NULL))
		return 0;
	auto_free char *name = topology_name(t);

	return err_set(e, X_USAGE, "no scenario can be on topology %s", name);
}

struct places *check_places(const struct variant *v, struct err *e)
{
	auto_free struct places *p = xmalloc(sizeof(*p));
	struct topology t;

	if (v->preset)
		t = v->preset->topo;
	else if (topology_parse(&t, v->d->topology, e) < 0)
		return err_in(e, ".topology") < 0 ? (declared_in(v->d, e), NULL) : NULL;
	return places_of(p, &t, e) < 0 ? (declared_in(v->d, e), NULL) : TAKE(p);
}

/* A fault of the text, told of the line of the source that it comes from. */
static int refuse(const struct variant *v, const struct composed *c, const struct scenario_error *why,
		  const char *where, struct err *e)
{
	const char *on = where ? "on topology " : "", *behind = where ? ": " : "";

	where = where ? where : "";
	unsigned line = why->line > c->head ? why->line - c->head : 0;
	const char *and = *why->tip ? "\n  " : "";

	if (line && line <= c->body.n) {
		const struct origin *o = &c->body.origins[line - 1];

		return err_set(e, X_USAGE, "%s:%u: test %s: %s%s%s%s%s%s", o->file, o->line, v->d->name, on, where,
			       behind, why->what, and, why->tip);
	}
	if (line && v->d->t.scenario)
		err_set(e, X_USAGE, "%s%s%sline %u of its scenario: %s%s%s", on, where, behind, line, why->what, and,
			why->tip);
	else
		err_set(e, X_USAGE, "%s%s%s%s%s%s", on, where, behind, why->what, and, why->tip);
	return declared_in(v->d, e);
}

struct checked {
	const struct variant *v;
	struct composed text;
	struct scenario scenario;
	struct expectations expect;
};

static void checked_free(struct checked *c)
{
	expectations_free(&c->expect);
	scenario_free(&c->scenario);
	composed_free(&c->text);
}

static int parse(struct checked *c, const struct variant *v, const struct places *p, struct err *e)
{
	struct scenario_error why = { 0 };

	*c = (struct checked){ .v = v };
	if (compose(&c->text, v, p, NULL, "/proc/self/exe", e) < 0)
		return -1;
	if (scenario_parse(&c->scenario, c->text.text, c->text.n, &why) != SCENARIO_OK)
		return refuse(v, &c->text, &why, NULL, e);
	if (!works_have(v->d->program, &c->scenario, &why))
		return refuse(v, &c->text, &why, NULL, e);
	return expectations_asked(&c->expect, &c->scenario, v->d->under, NULL, NULL, e) < 0 ? declared_in(v->d, e) : 0;
}

static int plan(const struct checked *c, const struct places *p, const char *where, struct err *e)
{
	auto_free struct scenario_plan *made = xmalloc(sizeof(*made));
	struct scenario_error why = { 0 };
	enum scenario_fault fault = scenario_plan_make(made, &c->scenario, p, &why);
	int r = 0;

	if (fault != SCENARIO_OK && fault != SCENARIO_SKIP)
		r = refuse(c->v, &c->text, &why, where, e);
	if (fault == SCENARIO_OK) {
		auto_free const char **groups = xcalloc(made->n_groups + 1, sizeof(*groups));

		for (size_t i = 0; i < made->n_groups; i++)
			groups[i] = made->groups[i].name;
		if (expectations_check(&c->expect, groups, made->n_groups, made->phases, NULL, e) < 0)
			r = (err_in(e, "on topology %s", where), declared_in(c->v->d, e));
	}
	scenario_plan_free(made);
	return r;
}

static const char *where_of(const struct variant *v)
{
	return v->preset ? v->preset->name : v->d->topology;
}

static int check_on(const struct variant *v, const struct places *p, bool *asks, struct err *e)
{
	struct checked c;
	int r = parse(&c, v, p, e);

	*asks = c.text.body.asks_flags;
	if (r == 0)
		r = plan(&c, p, where_of(v), e);
	checked_free(&c);
	return r;
}

int check_variant(const struct variant *v, struct err *e)
{
	auto_free struct places *p = check_places(v, e);
	bool asks;

	return p ? check_on(v, p, &asks, e) : -1;
}

/* What a body makes of a preset. When it never asks for a flag, one profile stands for all. */
static int check_bodies(const struct variant *v, const struct profiles *profiles, const struct places *p, struct err *e)
{
	struct variant one = *v;
	bool asks = true;

	for (size_t i = 0; asks && i < (profiles->n ? profiles->n : 1); i++) {
		one.profile = profiles->n ? profiles->v[i].name : NULL;
		if (check_on(&one, p, &asks, e) < 0)
			return -1;
	}
	return 0;
}

int check_test(const struct declared *d, const struct profiles *profiles, struct err *e)
{
	auto_free char *profile = variant_base_profile(d);
	struct variant v = { .d = d, .profile = profile };
	auto_free struct places *p = check_places(&v, e);
	struct checked base;
	int r = p ? parse(&base, &v, p, e) : -1;

	if (!p)
		return -1;
	if (r == 0)
		r = plan(&base, p, d->topology, e);
	for (size_t i = 0; r == 0 && i < PRESETS; i++) {
		v.preset = &presets[i];
		if (!variant_preset(d, v.preset))
			continue;
		if ((r = places_of(p, &v.preset->topo, e)) == 0)
			r = d->t.build ? check_bodies(&v, profiles, p, e) : plan(&base, p, v.preset->name, e);
	}
	checked_free(&base);
	return r;
}
