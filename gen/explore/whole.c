#include "gen/explore/whole.h"

#include <stdlib.h>
#include <string.h>

#include "base/err.h"
#include "base/mem.h"
#include "gen/matrix/test.h"
#include "scenario/places.h"
#include "scenario/plan.h"
#include "scenario/scenario.h"
#include "scenario/text/line.h"
#include "topology/topology.h"

#define TOPOLOGY_UNSAID "1,1,2,1"

static void list_clear(struct scenario_list *l)
{
	for (size_t i = 0; i < l->n; i++)
		free(l->at[i].text);
	l->n = 0;
}

static void list_add(struct scenario_list *l, const char *text)
{
	l->at = xreallocarray(l->at, l->n + 1, sizeof(*l->at));
	l->at[l->n++] = (struct scenario_text){ .text = xstrdup(text) };
}

static void put(char **to, const char *text)
{
	free(*to);
	*to = text ? xstrdup(text) : NULL;
}

/* Paths in a text count from its folder: what is to be read elsewhere has whole ones. */
static void settle_paths(struct test *t)
{
	struct scenario *s = &t->scenario;

	for (size_t i = 0; i < s->n_lines; i++) {
		struct scenario_line *l = &s->lines[i];
		auto_free char *path =
			l->kind == LINE_PROGRAM && l->argv && l->argv[0] ? test_program(t, l->argv[0]) : NULL;

		if (path)
			put(&l->argv[0], path);
	}
	auto_free char *functions = s->functions.text ? test_program(t, s->functions.text) : NULL;

	if (functions)
		put(&s->functions.text, functions);
}

static int settle_topology(struct scenario *s, const char *asked, struct err *e)
{
	struct topology topology;
	auto_free char *text = NULL;
	size_t n;

	if (topology_parse(&topology, asked ? asked : s->topology.text ? s->topology.text : TOPOLOGY_UNSAID, e) < 0)
		return -1;
	FILE *f = xmemstream(&text, &n);

	topology_write(f, &topology);
	fclose(f);
	put(&s->topology.text, text);
	return 0;
}

int whole_make(struct test *t, const struct whole_opts *o, struct err *e)
{
	struct scenario *s = &t->scenario;

	if (s->clock == SCENARIO_REAL)
		return err_set(
			e, X_USAGE,
			"%s: by a real clock a seed is not one schedule; leave \"clock real\" out of it to explore it",
			t->word);
	if (settle_topology(s, o->topology, e) < 0)
		return err_in(e, "%s", t->word);
	put(&s->summary, NULL);
	list_clear(&s->tags);
	list_clear(&s->scheduler);
	if (t->scheduler) {
		list_add(&s->scheduler, t->scheduler);
		for (size_t i = 0; i < t->args.n; i++)
			list_add(&s->scheduler, t->args.v[i]);
	}
	settle_paths(t);
	for (size_t i = 0; o->expect_lines[i]; i++)
		list_add(&s->expect, o->expect_lines[i]);
	if (o->memory_mb)
		s->memory_mb = (unsigned)o->memory_mb;
	return 0;
}

char *whole_text(struct scenario *s, uint64_t seed)
{
	char *text = NULL;
	size_t n;
	FILE *f = xmemstream(&text, &n);

	s->seeds = 1;
	s->first_seed = (unsigned)seed;
	scenario_write(f, s);
	fclose(f);
	return text;
}

bool whole_extent(struct extent *x, const struct scenario *s)
{
	auto_free struct scenario_plan *plan = xcalloc(1, sizeof(*plan));
	auto_free struct places *places = xcalloc(1, sizeof(*places));
	struct scenario_error why = { 0 };

	if (!places_parse(places, s->topology.text))
		return false;
	bool ok = scenario_plan_make(plan, s, places, &why) == SCENARIO_OK;

	*x = (struct extent){ s->n_lines, plan->workers + plan->copies, places->cpus, plan->settle_ns + plan->hold_ns };
	scenario_plan_free(plan);
	return ok;
}
