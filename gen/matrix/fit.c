#include "gen/matrix/fit.h"

#include "base/err.h"
#include "base/mem.h"
#include "gen/matrix/test.h"
#include "scenario/plan.h"

#define NS_PER_MS 1000000u

int test_fit(const struct test *t, const char *topology, char **skip, uint64_t *ms, struct err *e)
{
	struct scenario_error why = { 0 };
	auto_free struct scenario_plan *plan = xcalloc(1, sizeof(*plan));
	auto_free struct places *places = xcalloc(1, sizeof(*places));
	auto_free char *words = NULL;
	size_t n;

	*skip = NULL;
	if (!places_parse(places, topology))
		return err_set(e, X_USAGE, "%s: no scenario can be on topology %s", t->word, topology);
	enum scenario_fault fault = scenario_plan_make(plan, &t->scenario, places, &why);

	*ms = (plan->settle_ns + plan->hold_ns) / NS_PER_MS + 1;
	scenario_plan_free(plan);
	if (fault == SCENARIO_OK)
		return 0;
	if (fault == SCENARIO_SKIP) {
		*skip = xstrdup(why.what);
		return 0;
	}
	FILE *f = xmemstream(&words, &n);

	scenario_error_print(f, t->word, &why);
	fclose(f);
	while (n && words[n - 1] == '\n')
		words[--n] = '\0';
	return err_set(e, X_USAGE, "on topology %s: %s", topology, words);
}
