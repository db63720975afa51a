#include "stats/compare.h"
#include "base/mem.h"
#include <math.h>

#define ALL_COLUMNS (BY_SCENARIO | BY_FLAGS | BY_TOPOLOGY | BY_WORK_TYPE | BY_KERNEL)

/* That of the migration ratio is 0.3.2's. */
const struct gate gates[GATES] = {
	{ M_SPREAD, false, 5, 0.25 },      { M_GAP_MS, false, 100, 0.5 },      { M_MIGRATION_RATIO, false, 0.05, 0.20 },
	{ M_IMBALANCE, false, 0.5, 0.25 }, { M_DSQ_DEPTH, false, 3, 0.5 },     { M_STALLS, false, 0, 0 },
	{ M_FALLBACK, false, 10, 0.5 },    { M_P99_WAKE_US, false, 50, 0.25 }, { M_MEAN_DELAY_US, false, 1000, 0.25 },
	{ M_ITERATIONS, true, 0, 0.1 },
};

/* Room for one more in an array that is full at the powers of two. */
#define ROOM(v, n) ((n) & ((n)-1) ? (v) : xreallocarray((v), (n) ? (n)*2 : 1, sizeof(*(v))))

static void add_change(struct comparison *c, struct change x)
{
	c->v = ROOM(c->v, c->n);
	c->v[c->n++] = x;
}

/* Of the rows that came to a verdict; NaN when none did. */
static double part_passed(const struct group *g)
{
	struct verdicts v = group_verdicts(g);

	return v.passed + v.failed ? (double)v.passed / (double)(v.passed + v.failed) : NAN;
}

static void compare_groups(struct comparison *c, const struct group *a, const struct group *b)
{
	double passed[2] = { part_passed(a), part_passed(b) };

	c->both++;
	if (fabs(passed[0] - passed[1]) > 0) /* not when one is not known */
		add_change(c, (struct change){ b->v[0], NULL, passed[0], passed[1], passed[1] < passed[0] });
	for (size_t i = 0; i < GATES; i++) {
		const struct gate *g = &gates[i];
		double x = group_mean(a, g->metric), y = group_mean(b, g->metric), by = fabs(y - x);

		if (by > g->absolute && by > g->relative * fabs(x))
			add_change(c, (struct change){ b->v[0], g, x, y, (y < x) == g->lower_is_worse });
	}
}

static int verified_order(const struct verified *a, const struct verified *b)
{
	int r = strcmp(a->program, b->program);

	return r ? r : strcmp(a->scheduler, b->scheduler);
}

static void add_count(struct comparison *c, const struct verified *a, const struct verified *b)
{
	const struct verified *any = a ? a : b;

	if (a && b && a->insns == b->insns)
		return;
	c->counts = ROOM(c->counts, c->n_counts);
	c->counts[c->n_counts++] =
		(struct count_change){ any->program, any->scheduler, a ? a->insns : 0, b ? b->insns : 0 };
}

static void compare_counts(struct comparison *c, const struct stats *before, const struct stats *after)
{
	size_t i = 0, k = 0;

	while (i < before->n_verified || k < after->n_verified) {
		const struct verified *a = i < before->n_verified ? &before->verified[i] : NULL;
		const struct verified *b = k < after->n_verified ? &after->verified[k] : NULL;
		int r = !a ? 1 : !b ? -1 : verified_order(a, b);

		add_count(c, r <= 0 ? a : NULL, r >= 0 ? b : NULL);
		i += r <= 0;
		k += r >= 0;
	}
}

void compare(struct comparison *c, const struct stats *before, const struct stats *after)
{
	auto_groups struct groups a = { 0 }, b = { 0 };
	size_t i = 0, k = 0;

	*c = (struct comparison){ 0 };
	groups_make(&a, before->rows, before->n, ALL_COLUMNS, NULL);
	groups_make(&b, after->rows, after->n, ALL_COLUMNS, NULL);
	while (i < a.n && k < b.n) {
		int r = group_order(&a.v[i], &b.v[k], ALL_COLUMNS);

		if (r == 0)
			compare_groups(c, &a.v[i], &b.v[k]);
		c->gone += r < 0;
		c->added += r > 0;
		i += r <= 0;
		k += r >= 0;
	}
	c->gone += a.n - i;
	c->added += b.n - k;
	compare_counts(c, before, after);
}

void comparison_free(struct comparison *c)
{
	free(c->v);
	free(c->counts);
	*c = (struct comparison){ 0 };
}
