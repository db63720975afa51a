#include "gen/matrix/fit.h"

#include <stdlib.h>
#include <string.h>

#include "base/err.h"
#include "base/mem.h"
#include "gen/matrix/test.h"
#include "scenario/plan.h"

#define NS_PER_MS 1000000u

static void take(struct fit *f, const struct test *t, const struct scenario_plan *plan, bool here)
{
	const char *what = here ? plan_guests_only(plan) : NULL;

	if (here && (t->scenario.sysctls.n || t->scenario.kargs.n))
		what = t->scenario.sysctls.n ? "\"sysctls\"" : "\"kargs\"";
	if (what)
		f->skip = xasprintf("%s happens in guests only, and this is --host", what);
	f->keeps = plan->schedules;
	f->later = plan->later;
	for (size_t i = 0; i < plan->n_programs; i++)
		argv_add(&f->programs, plan->programs[i]);
}

/* A text of its own does not say where the functions are; a test program's does. */
static int no_functions(const struct test *t, unsigned line, struct err *e)
{
	return err_set(e, X_USAGE,
		       "%s:%u: work type fn: is a function of a test program, and this text names none\n"
		       "  run the program, ./PROGRAM --exact TEST, or name it here in a line: functions ./PROGRAM",
		       t->word, line);
}

static int find_programs(struct fit *f, const struct test *t, struct err *e)
{
	for (size_t i = 0; i < f->programs.n; i++) {
		char *path = test_program(t, f->programs.v[i]);

		if (!path)
			return err_set(
				e, X_NO_INPUT,
				"%s: program \"%s\" is not there, or no program; a path counts from the file's folder, a name is "
				"looked for there and in PATH",
				t->word, f->programs.v[i]);
		free(f->programs.v[i]);
		f->programs.v[i] = path;
	}
	return 0;
}

int fit_find(struct fit *f, const struct test *t, const char *topology, bool here, struct err *e)
{
	struct scenario_error why = { 0 };
	auto_free struct scenario_plan *plan = xcalloc(1, sizeof(*plan));
	auto_free struct places *places = xcalloc(1, sizeof(*places));
	auto_free char *words = NULL;
	size_t n;

	*f = (struct fit){ 0 };
	if (!places_parse(places, topology))
		return err_set(e, X_USAGE, "%s: no scenario can be on topology %s", t->word, topology);
	enum scenario_fault fault = scenario_plan_make(plan, &t->scenario, places, &why);

	unsigned functions = t->scenario.functions.text ? 0 : plan->functions;

	f->ms = (plan->settle_ns + plan->hold_ns) / NS_PER_MS + 1;
	if (fault == SCENARIO_OK)
		take(f, t, plan, here);
	scenario_plan_free(plan);
	if (fault == SCENARIO_OK && functions)
		return no_functions(t, functions, e);
	if (fault == SCENARIO_OK)
		return find_programs(f, t, e);
	if (fault == SCENARIO_SKIP) {
		f->skip = xstrdup(why.what);
		return 0;
	}
	FILE *to = xmemstream(&words, &n);

	scenario_error_print(to, t->word, &why);
	fclose(to);
	while (n && words[n - 1] == '\n')
		words[--n] = '\0';
	return err_set(e, X_USAGE, "on topology %s: %s", topology, words);
}

void fit_free(struct fit *f)
{
	free(f->skip);
	argv_free(&f->programs);
	*f = (struct fit){ 0 };
}
