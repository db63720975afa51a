/* rulings_markdown.c: what came of a request as Markdown, for the summary of a job. */
#include <ctype.h>

#include "base/mem.h"
#include "gen/base/table.h"
#include "gen/matrix/rulings.h"
#include "gen/report/markup.h"

/* What the report of it says first; NULL: nothing, it passed. */
static const char *first_words(const struct ruling *v)
{
	const struct verdict_check *first = verdict_first(v);
	const struct verdict_seed *seed = verdict_worst_seed(v);

	return first ? first->words : seed ? seed->words : NULL;
}

static void add_row(struct table *t, const struct cell_verdict *x)
{
	const struct ruling *v = &x->v;
	const char *words = first_words(v);
	size_t passed = 0;

	for (size_t i = 0; i < v->n_seeds; i++)
		passed += v->seeds[i].verdict == JUDGED_PASS;
	table_cell(t, "%s%s", judgement_names[v->verdict], x->known == KNOWN_FAILURE ? " (expected)" : "");
	table_cell(t, "%s", v->test ? v->test : "");
	table_cell(t, "%s%s%s", v->scheduler ? v->scheduler : EEVDF, v->profile ? " " : "",
		   v->profile ? v->profile : "");
	table_cell(t, "%s", v->kernel ? v->kernel : "");
	table_cell(t, "%s", v->preset ? v->preset : v->topology ? v->topology : "");
	table_cell(t, "%zu of %zu", passed, v->n_seeds);
	table_cell(t, "%s", v->verdict != JUDGED_PASS && words ? words : "");
}

void rulings_markdown(FILE *f, const struct rulings *all)
{
	static const char *const heads[] = { "verdict", "test", "scheduler", "kernel", "topology", "seeds pass", "" };
	auto_table struct table t = { 0 };
	size_t passed = 0;

	for (size_t i = 0; i < countof(heads); i++)
		table_column(&t, heads[i], false);
	for (size_t i = 0; i < all->n; i++) {
		add_row(&t, &all->v[i]);
		passed += all->v[i].v.verdict == JUDGED_PASS;
	}
	fprintf(f, "### Scenarios: %zu of %zu passed\n\n", passed, all->n);
	markup_table(f, &t);
	for (size_t i = 0; i < all->n; i++) {
		const struct ruling *v = &all->v[i].v;

		if (!v->again)
			continue;
		fputs("\n", f);
		markup_words(f, v->test ? v->test : "");
		fputs(" again:\n\n", f);
		markup_fenced(f, v->again);
	}
}
