#include "gen/replay/moment.h"

#include <stdlib.h>
#include <string.h>

#include "base/mem.h"
#include "gen/replay/cell.h"
#include "judge/facts/facts.h"

/* Before the last mark, behind which workers are stopped and reaped. */
#define BEFORE_END_NS 10000000u

const struct verdict_check *moment_check(const struct replay_cell *c)
{
	const struct verdict_check *first = NULL;

	for (size_t i = 0; i < c->v.n_checks; i++) {
		const struct verdict_check *x = &c->v.checks[i];

		if (x->seed == c->seed && x->verdict == JUDGED_FAIL && x->at_known &&
		    (!first || x->at_ns < first->at_ns))
			first = x;
	}
	return first;
}

static bool is_wait(const struct verdict_check *x)
{
	return (!strncmp(x->metric, "gap", 3) || !strncmp(x->metric, "wait", 4)) && x->value_known && x->value > 0 &&
	       x->value < 1e18;
}

static uint64_t near_end(const struct facts *f)
{
	return f->end_ns - (f->end_ns / 10 < BEFORE_END_NS ? f->end_ns / 10 : BEFORE_END_NS);
}

void moment_find(struct moment *m, const struct replay_cell *c, const struct facts *f)
{
	const struct verdict_check *check = moment_check(c);
	bool gone = f->outcome == OUTCOME_EJECTED || f->outcome == OUTCOME_ENDED || f->outcome == OUTCOME_STALLED;
	uint64_t last = f->end_known ? near_end(f) : 0;

	*m = (struct moment){ .ns = last };
	if (check) {
		m->ns = check->at_ns + (is_wait(check) ? (uint64_t)(check->value / 2) : 0);
		m->words =
			xasprintf(is_wait(check) ? "in the middle of what %s found" : "where %s failed", check->metric);
	} else if (gone || !f->end_known) {
		m->ns = MOMENT_GONE;
		m->words = xstrdup("when the kernel let go of the scheduler");
	} else {
		m->words = xstrdup(c->v.verdict == JUDGED_FAIL
					   ? "shortly before the end, since what failed does not say when"
					   : "shortly before the end, since nothing failed");
	}
	if (m->ns != MOMENT_GONE && last && m->ns > last)
		m->ns = last;
}

void moment_free(struct moment *m)
{
	free(m->words);
	*m = (struct moment){ 0 };
}
