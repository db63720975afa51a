#include "stats/compare.h"
#include "base/mem.h"
#include "inspect/progs.h"
#include <math.h>
#include <stdlib.h>
#include <string.h>

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

static void add_count(struct comparison *c, const char *program, const struct verified *a, const struct verified *b)
{
	if (a && b && a->insns == b->insns)
		return;
	c->counts = ROOM(c->counts, c->n_counts);
	c->counts[c->n_counts++] =
		(struct count_change){ program, (a ? a : b)->scheduler, a ? a->insns : 0, b ? b->insns : 0 };
}

/* Programs of one side that the other has not by that name, in verified_order(). */
struct rest {
	const struct verified **v;
	bool *taken;
	size_t n;
};

static void rest_free(struct rest *r)
{
	free(r->v);
	free(r->taken);
}
#define auto_rest __attribute__((unused, cleanup(rest_free)))

static struct rest rest_of(size_t n)
{
	return (struct rest){ .v = xcalloc(n + 1, sizeof(const struct verified *)), .taken = xcalloc(n + 1, 1) };
}

/* The first whose name is not before that one. */
static size_t first_from(const struct rest *r, const char *name)
{
	size_t from = 0, to = r->n;

	while (from < to) {
		size_t middle = from + (to - from) / 2;

		if (strcmp(r->v[middle]->program, name) < 0)
			from = middle + 1;
		else
			to = middle;
	}
	return from;
}

/* Of the programs that a name cut by the kernel stands for, the one with the largest count, as stats_done() keeps of those of
 * one name. They are taken. NULL: there is none. */
static const struct verified *largest_of(struct rest *whole, const struct verified *cut)
{
	const struct verified *best = NULL;
	size_t n = strlen(cut->program);

	if (n < PROG_NAME_KEPT || n > PROG_NAME_KEPT + 1)
		return NULL;
	for (size_t i = first_from(whole, cut->program);
	     i < whole->n && !strncmp(whole->v[i]->program, cut->program, n); i++) {
		const struct verified *v = whole->v[i];

		if (whole->taken[i] || strcmp(v->scheduler, cut->scheduler) != 0 ||
		    !prog_names_fit(v->program, cut->program))
			continue;
		whole->taken[i] = true;
		if (!best || v->insns > best->insns)
			best = v;
	}
	return best;
}

/* Whole names are of after, unless before is the later folder. */
static void join(struct comparison *c, struct rest *cut, struct rest *whole, bool whole_is_after)
{
	for (size_t i = 0; i < cut->n; i++) {
		const struct verified *v = cut->v[i], *best;

		if (cut->taken[i] || !(best = largest_of(whole, v)))
			continue;
		cut->taken[i] = true;
		add_count(c, best->program, whole_is_after ? v : best, whole_is_after ? best : v);
	}
}

static int change_order(const void *va, const void *vb)
{
	const struct count_change *a = va, *b = vb;
	int r = strcmp(a->program, b->program);

	return r ? r : strcmp(a->scheduler, b->scheduler);
}

static void compare_counts(struct comparison *c, const struct stats *before, const struct stats *after)
{
	auto_rest struct rest gone = rest_of(before->n_verified), new = rest_of(after->n_verified);
	size_t i = 0, k = 0;

	while (i < before->n_verified || k < after->n_verified) {
		const struct verified *a = i < before->n_verified ? &before->verified[i] : NULL;
		const struct verified *b = k < after->n_verified ? &after->verified[k] : NULL;
		int r = !a ? 1 : !b ? -1 : verified_order(a, b);

		if (r == 0)
			add_count(c, b->program, a, b);
		else if (r < 0)
			gone.v[gone.n++] = a;
		else
			new.v[new.n++] = b;
		i += r <= 0;
		k += r >= 0;
	}
	join(c, &gone, &new, true);
	join(c, &new, &gone, false);
	for (i = 0; i < gone.n; i++)
		if (!gone.taken[i])
			add_count(c, gone.v[i]->program, gone.v[i], NULL);
	for (k = 0; k < new.n; k++)
		if (!new.taken[k])
			add_count(c, new.v[k]->program, NULL, new.v[k]);
	if (c->n_counts)
		qsort(c->counts, c->n_counts, sizeof(*c->counts), change_order);
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
