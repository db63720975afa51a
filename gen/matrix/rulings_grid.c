/* rulings_grid.c: what came of a matrix for people: what did not pass, a grid of tests, and how many. */
#include "gen/matrix/rulings.h"

#include <stdint.h>
#include <string.h>

#include "base/mem.h"
#include "gen/base/index.h"
#include "gen/base/table.h"
#include "gen/graph/run.h"
#include "judge/report/report.h"
#include "progress/log.h"
#include "text/argv.h"

static bool is_kept(const struct cell_verdict *x, const struct run *r)
{
	for (size_t i = 0; i < x->cell->test->seeds.n; i++)
		if (run_step(r, x->cell->runs[i])->state != STEP_CACHED)
			return false;
	return true;
}

static char mark_of(const struct cell_verdict *x, const struct run *r)
{
	static const char marks[JUDGEMENTS] = { [JUDGED_BROKEN] = '!',
						[JUDGED_FAIL] = 'F',
						[JUDGED_INCONCLUSIVE] = '?',
						[JUDGED_PASS] = '.',
						[JUDGED_SKIP] = 's' };
	enum judgement j = x->v.verdict;

	return j == JUDGED_PASS && is_kept(x, r) ? 'c' : marks[j];
}

static const char *column_of(const struct cell_verdict *x)
{
	if (x->cell->test->host)
		return "this machine";
	return x->cell->preset ? x->cell->preset : x->cell->on->guest->label;
}

/* Test, kernel and profile, and the clock where it is real. Caller frees. */
static char *row_of(const struct cell_verdict *x)
{
	const struct sweep_cell *on = x->cell->on;

	return xasprintf("%s  %s%s%s%s", x->v.test ? x->v.test : "", on->name.kernel, on->profile ? " " : "",
			 on->profile ? on->profile->name : "",
			 on->guest->plan.virtual || x->cell->test->host ? "" : " (real time)");
}

/* Names in the order in which they come. */
struct names {
	struct index by_name; /* to its number and one */
	char **v;
	size_t n;
};

static size_t name_add(struct names *x, const char *name)
{
	size_t known = (size_t)(uintptr_t)index_find(&x->by_name, name);

	if (known)
		return known - 1;
	x->v = xreallocarray(x->v, x->n + 1, sizeof(*x->v));
	x->v[x->n] = xstrdup(name);
	index_add(&x->by_name, x->v[x->n], (void *)(uintptr_t)(x->n + 1));
	return x->n++;
}

static void names_free(struct names *x)
{
	for (size_t i = 0; i < x->n; i++)
		free(x->v[i]);
	free(x->v);
	index_free(&x->by_name);
}
#define auto_names __attribute__((unused, cleanup(names_free)))

static void columns_of(struct names *columns, const struct cell_verdict *v, size_t n)
{
	for (size_t i = 0; i < n; i++)
		name_add(columns, column_of(&v[i]));
}

/* How many of the n cells are of the first one's test. */
static size_t test_cells(const struct cell_verdict *v, size_t n)
{
	size_t i = 1;

	while (i < n && !strcmp(v[i].cell->test->test.slug, v->cell->test->test.slug))
		i++;
	return i;
}

static void put_rows(struct table *t, const struct cell_verdict *v, size_t n, struct names *columns,
		     const struct run *r)
{
	auto_names struct names rows = { 0 };
	auto_free char *marks = xcalloc(n * columns->n + 1, 1);

	for (size_t i = 0; i < n; i++) {
		auto_free char *row = row_of(&v[i]);

		marks[name_add(&rows, row) * columns->n + name_add(columns, column_of(&v[i]))] = mark_of(&v[i], r);
	}
	for (size_t i = 0; i < rows.n; i++) {
		table_cell(t, "%s", rows.v[i]);
		for (size_t k = 0; k < columns->n; k++)
			table_cell(t, "%.1s", &marks[i * columns->n + k]);
	}
}

/* Tests that stand together and are on the same topologies have one head. How many cells that were. */
static size_t put_grid(FILE *f, const struct cell_verdict *v, size_t n, const struct run *r)
{
	auto_names struct names columns = { 0 };
	auto_table struct table t = { 0 };
	size_t i = 0;

	columns_of(&columns, v, test_cells(v, n));
	table_column(&t, "", false);
	for (size_t k = 0; k < columns.n; k++)
		table_column(&t, columns.v[k], false);
	while (i < n) {
		auto_names struct names its = { 0 };
		size_t cells = test_cells(v + i, n - i);

		columns_of(&its, v + i, cells);
		if (!words_equal(columns.v, columns.n, its.v, its.n))
			break;
		put_rows(&t, v + i, cells, &columns, r);
		i += cells;
	}
	table_print(f, &t);
	return i;
}

static bool is_told(const struct cell_verdict *x)
{
	return x->left < JUDGED_PASS || x->known == KNOWN_TO_FAIL;
}

static void put_counts(FILE *f, const struct rulings *all, const struct run *r)
{
	size_t n[JUDGEMENTS] = { 0 }, kept = 0, expected = 0;

	for (size_t i = 0; i < all->n; i++) {
		const struct cell_verdict *x = &all->v[i];

		n[x->v.verdict]++;
		expected += x->known == KNOWN_FAILURE;
		kept += !x->cell->fit->skip && is_kept(x, r);
	}
	fprintf(f, "\n%zu of %zu passed", n[JUDGED_PASS], all->n);
	for (int i = 0; i < JUDGEMENTS; i++)
		if (i != JUDGED_PASS && n[i])
			fprintf(f, ", %s: %zu", judgement_names[i], n[i]);
	if (expected)
		fprintf(f, " (%zu expected)", expected);
	fprintf(f, "; %zu known before\n", kept);
}

void rulings_grid(FILE *f, const struct rulings *all, const struct run *r)
{
	size_t told = 0;

	for (size_t i = 0; i < all->n; i++)
		if (is_told(&all->v[i])) {
			report_short(f, &all->v[i].v, NULL, log_width(f));
			told++;
		}
	if (told)
		fputc('\n', f);
	for (size_t i = 0; i < all->n;)
		i += put_grid(f, all->v + i, all->n - i, r);
	put_counts(f, all, r);
	fputs(". passed  c known to pass  F failed  ? inconclusive  s skipped  ! came to no run\n", f);
}
