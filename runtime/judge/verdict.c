#include "judge/verdict.h"
#include "base/err.h"
#include "base/mem.h"
#include "judge/expect/metric.h"

const char *const judgement_names[JUDGEMENTS] = {
	[JUDGED_BROKEN] = "broken", [JUDGED_FAIL] = "fail", [JUDGED_INCONCLUSIVE] = "inconclusive",
	[JUDGED_PASS] = "pass",     [JUDGED_SKIP] = "skip",
};

enum judgement judgement_worse(enum judgement a, enum judgement b)
{
	return a < b ? a : b;
}

int judgement_exit(enum judgement j, const struct verdict_rules *rules)
{
	switch (j) {
	case JUDGED_BROKEN:
		return rules->timed_out ? X_TIMEOUT : X_VM;
	case JUDGED_FAIL:
		return X_FAIL;
	case JUDGED_INCONCLUSIVE:
		return rules->allow_inconclusive ? X_SUCCESS : JUDGED_EXIT_INCONCLUSIVE;
	case JUDGED_SKIP:
		return rules->no_skip ? X_FAIL : X_SUCCESS;
	default:
		return X_SUCCESS;
	}
}

/* What to tell before what: less is earlier. That the scheduler or the kernel went is why figures are bad, and not the other way. */
static int rank(const struct verdict_check *c)
{
	if (!strcmp(c->metric, "expect_fail"))
		return 0;
	if (!strcmp(c->metric, metric_get(METRIC_ATTACHED)->name) || !strcmp(c->metric, metric_get(METRIC_CLEAN)->name))
		return 1;
	return c->at_known ? 2 : 3;
}

static bool earlier(const struct verdict_check *a, const struct verdict_check *b)
{
	int x = rank(a), y = rank(b);

	return x != y ? x < y : x == 2 && a->at_ns < b->at_ns;
}

const struct verdict_check *verdict_first(const struct ruling *v)
{
	const struct verdict_seed *seed = verdict_worst_seed(v);
	const struct verdict_check *first = NULL;

	for (size_t i = 0; seed && i < v->n_checks; i++) {
		const struct verdict_check *c = &v->checks[i];

		if (c->seed == seed->seed && c->verdict == seed->verdict && c->verdict != JUDGED_PASS &&
		    (!first || earlier(c, first)))
			first = c;
	}
	return first;
}

const struct verdict_seed *verdict_worst_seed(const struct ruling *v)
{
	for (size_t i = 0; i < v->n_seeds; i++) {
		if (v->seeds[i].verdict == v->verdict)
			return &v->seeds[i];
	}
	return NULL;
}

void verdict_free(struct ruling *v)
{
	for (size_t i = 0; i < v->n_seeds; i++)
		free(v->seeds[i].words);
	for (size_t i = 0; i < v->n_checks; i++) {
		free(v->checks[i].metric);
		free(v->checks[i].group);
		free(v->checks[i].op);
		free(v->checks[i].other);
		free(v->checks[i].words);
		free(v->checks[i].sight);
	}
	for (size_t i = 0; i < v->n_figures; i++) {
		free(v->figures[i].metric);
		free(v->figures[i].group);
	}
	free(v->seeds);
	free(v->checks);
	free(v->figures);
	free(v->test);
	free(v->kernel);
	free(v->topology);
	free(v->preset);
	free(v->profile);
	free(v->scheduler);
	free(v->again);
	free(v->command);
	free(v->command_rest);
	*v = (struct ruling){ 0 };
}
