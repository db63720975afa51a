#include "json/write.h"
#include "base/mem.h"
#include "text/text.h"
#include "gen/report/diff.h"
#include "gen/report/cell.h"
#include "gen/report/markup.h"
#include "gen/report/report.h"
#include "gen/base/index.h"
#include "gen/base/table.h"
#include "verifier/saved.h"
#include <inttypes.h>

static char *name_of(const char *kernel, const char *profile, const char *topology)
{
	return xasprintf("%s\n%s%s\n%s%s", kernel, profile ? "=" : "", profile ? profile : "", topology ? "=" : "",
			 topology ? topology : "");
}

/* A's cell for each of B's, NULL for those it has not. Caller frees. */
static const struct saved_cell **partners(const struct report *r)
{
	const struct saved_cell **v = xcalloc(r->n + 1, sizeof(*v));
	auto_free char **names = xcalloc(r->base->n + 1, sizeof(*names));
	auto_index struct index a = { 0 };

	for (size_t i = 0; i < r->base->n; i++) {
		const struct saved_cell *c = &r->base->cells[i];

		names[i] = name_of(c->kernel, c->profile, c->topology);
		index_add(&a, names[i], &r->base->cells[i]);
	}
	for (size_t i = 0; i < r->n; i++) {
		auto_free char *name = name_of(r->cells[i].kernel, r->cells[i].profile, r->cells[i].topology);

		v[i] = index_find(&a, name);
	}
	if (r->n == 1 && r->base->n == 1)
		v[0] = &r->base->cells[0];
	for (size_t i = 0; i < r->base->n; i++)
		free(names[i]);
	return v;
}

/* Programs of a cell that failed before they could be read are not gone. */
static bool is_comparable(const struct saved_cell *a, const struct report_cell *b)
{
	return a && a->progs.n && b->result.progs.n;
}

bool diff_next(const struct report *r, struct diff_walk *w, const struct compare_row **row)
{
	if (!w->partners)
		w->partners = partners(r);
	while (!w->cell || w->row == w->rows.n) {
		const struct saved_cell *a;

		compare_free(&w->rows);
		w->row = 0;
		if (w->next == r->n) {
			free(w->partners);
			return false;
		}
		a = w->partners[w->next];
		w->cell = &r->cells[w->next++];
		if (is_comparable(a, w->cell))
			compare_progs(&w->rows, &a->progs, &w->cell->result.progs);
	}
	*row = &w->rows.v[w->row++];
	return true;
}

static char *number(bool there, uint32_t v)
{
	return there ? xasprintf("%" PRIu32, v) : xstrdup("-");
}

static char *delta_of(const struct compare_row *d)
{
	if (d->in_a && d->in_b)
		return xasprintf("%+" PRId64, compare_delta(d));
	return xstrdup(d->in_b ? "new" : "gone");
}

static char *percent_of(const struct compare_row *d)
{
	double percent;

	return compare_percent(d, &percent) ? xasprintf("%+.1f %%", percent) : xstrdup("-");
}

static void table_row(struct table *t, const struct report *r, const struct report_cell *c, const struct compare_row *d)
{
	auto_free char *a = number(d->in_a, d->a);
	auto_free char *b = number(d->in_b, d->b);
	auto_free char *delta = delta_of(d);
	auto_free char *percent = percent_of(d);
	auto_free char *label = report_label(r, c, false);

	table_cell(t, "%s", d->name);
	if (r->n > 1)
		table_cell(t, "%s", label);
	table_cell(t, "%s", a);
	table_cell(t, "%s", b);
	table_cell(t, "%s", delta);
	table_cell(t, "%s", percent);
}

struct counts {
	size_t rows, equal, cells;
};

/* What changed; of one cell, everything. */
static struct counts fill(struct table *t, const struct report *r)
{
	struct diff_walk w = { 0 };
	const struct compare_row *d;
	struct counts n = { 0 };
	size_t last = 0;

	table_column(t, "program", false);
	if (r->n > 1)
		table_column(t, "cell", false);
	table_column(t, "A", true);
	table_column(t, "B", true);
	table_column(t, "delta", true);
	table_column(t, "%", true);
	while (diff_next(r, &w, &d)) {
		n.rows++;
		n.equal += !compare_differs(d);
		n.cells += w.next != last;
		last = w.next;
		if (r->n == 1 || compare_differs(d))
			table_row(t, r, w.cell, d);
	}
	return n;
}

static void in_text(FILE *f, const char *words)
{
	text_put(f, words, strlen(words), TEXT_LINE);
}

/* Cells that were not compared are named: nothing is left out silently. */
static void not_compared(FILE *f, const struct report *r, const char *indent, void (*put)(FILE *f, const char *words))
{
	auto_free const struct saved_cell **pairs = partners(r);
	auto_free bool *found = xcalloc(r->base->n + 1, sizeof(*found));

	for (size_t i = 0; i < r->n; i++) {
		const struct report_cell *c = &r->cells[i];
		auto_free char *label = report_label(r, c, true);
		const struct saved_cell *a = pairs[i];

		if (a)
			found[a - r->base->cells] = true;
		if (is_comparable(a, c))
			continue;
		fprintf(f, "%s%s: ", indent, a ? "not compared" : "only in B");
		put(f, label);
		fprintf(f, "%s%s\n", a ? ", which did not attach in " : "", !a ? "" : a->progs.n ? "B" : "A");
	}
	for (size_t i = 0; i < r->base->n; i++) {
		const struct saved_cell *a = &r->base->cells[i];

		if (found[i])
			continue;
		auto_free char *label =
			xasprintf("%s%s%s%s%s", a->kernel, a->profile ? " " : "", a->profile ? a->profile : "",
				  a->topology ? " " : "", a->topology ? a->topology : "");

		fprintf(f, "%sonly in A: ", indent);
		put(f, label);
		fputc('\n', f);
	}
}

void report_diff_text(FILE *f, const struct report *r)
{
	auto_table struct table t = { 0 };

	if (!r->base)
		return;
	struct counts n = fill(&t, r);

	fputs("\ndelta A/B diff: ", f);
	in_text(f, r->base_name);
	fputs(" vs ", f);
	in_text(f, r->scheduler);
	fputc('\n', f);
	if (t.n_cells)
		table_print(f, &t);
	if (r->n > 1)
		fprintf(f, "  unchanged: %zu of %zu programs; cells compared: %zu\n", n.equal, n.rows, n.cells);
	not_compared(f, r, "  ", in_text);
}

void report_diff_markdown(FILE *f, const struct report *r)
{
	auto_table struct table t = { 0 };

	if (!r->base)
		return;
	struct counts n = fill(&t, r);

	fputs("\n**A: ", f);
	markup_words(f, r->base_name);
	fputs(", B: ", f);
	markup_words(f, r->scheduler);
	fputs("**\n\n", f);
	markup_table(f, &t);
	fprintf(f, "\n- unchanged: %zu of %zu programs; cells compared: %zu\n", n.equal, n.rows, n.cells);
	not_compared(f, r, "- ", markup_words);
}

static void json_count(struct jsonw *w, const char *key, bool there, uint32_t v)
{
	jsonw_key(w, key);
	if (there)
		jsonw_u64(w, v);
	else
		jsonw_null(w);
}

void report_diff_json(struct jsonw *w, const struct report *r)
{
	struct diff_walk walk = { 0 };
	const struct compare_row *d;

	jsonw_kobj(w, "diff");
	jsonw_kstr(w, "a", r->base_name);
	jsonw_kstr(w, "b", r->scheduler);
	jsonw_karr(w, "programs");
	while (diff_next(r, &walk, &d)) {
		double percent;

		jsonw_obj(w);
		jsonw_kstr(w, "kernel", walk.cell->kernel);
		jsonw_kstr(w, "profile", walk.cell->profile);
		jsonw_kstr(w, "topology", walk.cell->topology);
		jsonw_kstr(w, "program", d->name);
		json_count(w, "a", d->in_a, d->a);
		json_count(w, "b", d->in_b, d->b);
		if (d->in_a && d->in_b)
			jsonw_ki64(w, "delta", compare_delta(d));
		if (compare_percent(d, &percent))
			jsonw_kdouble(w, "percent", percent);
		jsonw_end_obj(w);
	}
	jsonw_end_arr(w);
	jsonw_end_obj(w);
}
