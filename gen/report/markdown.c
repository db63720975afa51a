#include "base/mem.h"
#include "gen/report/markdown.h"
#include "gen/report/cell.h"
#include "gen/report/diff.h"
#include "gen/report/grid.h"
#include "gen/report/markup.h"
#include "gen/report/report.h"
#include "gen/report/symbols.h"
#include "gen/base/table.h"

#define COLUMNS 6 /* as many fit a summary page */

static void table(FILE *f, const struct grid *g)
{
	auto_table struct table t = { 0 };

	if (g->n_cols <= COLUMNS)
		grid_upright(&t, g, 0, g->n_cols);
	else
		grid_turned(&t, g);
	markup_table(f, &t);
}

static void failure(FILE *f, const struct report *r, const struct report_cell *c)
{
	auto_free char *where = report_label(r, c, true);
	auto_free char *again = report_again(r, c);
	auto_free char *has = report_where(r, c, true);
	auto_free char *hasnt = report_where(r, c, false);

	/* What stands in a line of HTML is no Markdown. */
	fputs("\n<details><summary>", f);
	markup_html(f, where);
	fprintf(f, ": %s: ", report_outcome(c));
	markup_html(f, report_reason(c));
	fputs(c->met == MET_EXPECTED ? " (expected)</summary>\n\n" : "</summary>\n\n", f);
	if (c->why.words) {
		markup_words(f, c->why.words);
		fputs("\n\n", f);
	}
	if (has || hasnt) {
		markup_words(f, c->why.subject);
		fputs(has ? ": on " : ": ", f);
		markup_words(f, has ? has : "");
		fputs(has && hasnt ? "; not on " : hasnt ? "not on " : "", f);
		markup_words(f, hasnt ? hasnt : "");
		fputs("\n\n", f);
	}
	if (c->why.trail) {
		markup_fenced(f, c->why.trail);
		fputc('\n', f);
	}
	if (again) {
		fputs("To run it again:\n\n", f);
		markup_fenced(f, again);
		fputc('\n', f);
	}
	fputs("</details>\n", f);
}

void report_markdown(FILE *f, const struct report *r)
{
	auto_grid struct grid g = { 0 };

	fputs("### ", f);
	markup_words(f, r->scheduler);
	fputs(": verified instructions\n\n", f);
	if (r->n) {
		grid_fill(&g, r);
		table(f, &g);
		if (g.highest || g.near)
			fputc('\n', f);
		if (g.highest)
			fputs("\\* the highest count of its program  \n", f);
		if (g.near)
			fprintf(f, "\\! at least 75 %% of the %u instructions at which the verifier gives up\n",
				INSN_LIMIT);
	}
	report_diff_markdown(f, r);
	for (size_t i = 0; i < r->n; i++) {
		const struct report_cell *c = &r->cells[i];

		if (c->failure || (c->have && c->result.verdict != VERDICT_ATTACHED))
			failure(f, r, c);
	}
}
