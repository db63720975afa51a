/* known.c: failures that --expect lists. */
#include "base/err.h"
#include "base/mem.h"
#include "gen/matrix/rulings.h"
#include "verifier/expect.h"

#include <string.h>

struct look {
	const struct expects *list;
	const struct expect_cell cell;
	const char *today;
};

/* With expect_fail it is that check which decides, and others failed as they were to. */
static bool decides(const struct ruling *v, const struct verdict_check *c)
{
	for (size_t i = 0; i < v->n_checks; i++)
		if (!strcmp(v->checks[i].metric, "expect_fail"))
			return !strcmp(c->metric, "expect_fail");
	return true;
}

static void note(struct cell_verdict *x, enum known known, const struct expect *entry)
{
	if (known <= x->known)
		return;
	x->known = known;
	x->entry = entry;
}

static void look_at_failures(struct cell_verdict *x, const struct look *l)
{
	enum judgement left = JUDGED_PASS;
	const struct expect *met = NULL;

	for (size_t i = 0; i < x->v.n_seeds; i++)
		if (x->v.seeds[i].verdict == JUDGED_BROKEN)
			left = JUDGED_BROKEN;
	for (size_t i = 0; i < x->v.n_checks; i++) {
		const struct verdict_check *c = &x->v.checks[i];

		if (c->verdict >= JUDGED_PASS || !decides(&x->v, c))
			continue;
		const struct expect *entry =
			c->verdict == JUDGED_FAIL ? expects_find(l->list, &l->cell, c->words, l->today) : NULL;

		if (entry && !expect_is_over(entry, l->today)) {
			met = met ? met : entry;
			continue;
		}
		if (entry)
			note(x, KNOWN_OVER, entry);
		else if (c->verdict == JUDGED_FAIL && !x->other)
			x->other = c->words;
		left = judgement_worse(left, c->verdict);
	}
	if (met)
		note(x, x->other ? KNOWN_IN_PART : KNOWN_FAILURE, met);
	if (x->known != KNOWN_NOTHING)
		x->left = left;
}

void rulings_expect(struct rulings *all, const struct expects *list, const char *today)
{
	for (size_t i = 0; i < all->n; i++) {
		struct cell_verdict *x = &all->v[i];
		const struct look l = { .list = list,
					.cell = { .scheduler = x->v.scheduler ? x->v.scheduler : EEVDF,
						  .profile = x->v.profile,
						  .kernel = x->v.kernel ? x->v.kernel : "",
						  .test = x->v.test ? x->v.test : "" },
					.today = today };

		if (x->v.verdict == JUDGED_PASS) {
			const struct expect *entry = expects_find(list, &l.cell, NULL, today);

			if (entry && !expect_is_over(entry, today))
				note(x, KNOWN_TO_FAIL, entry);
		} else if (x->v.verdict != JUDGED_SKIP) {
			look_at_failures(x, &l);
		}
	}
}
