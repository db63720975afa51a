#include "progress/log.h"
#include "base/mem.h"
#include "gen/report/summary.h"
#include "gen/report/grid.h"
#include "gen/report/report.h"
#include "gen/base/table.h"

#define PIPE_WIDTH 160 /* columns, where there is no terminal to ask */

/* In as many parts as it takes, each with the names of the programs. */
static void split(FILE *f, const struct grid *g, int width)
{
	for (size_t from = 0, to; from < g->n_cols; from = to) {
		for (to = from + 1; to < g->n_cols; to++) {
			auto_table struct table t = { 0 };

			grid_upright(&t, g, from, to + 1);
			if (table_width(&t) > width)
				break;
		}
		auto_table struct table part = { 0 };

		grid_upright(&part, g, from, to);
		if (from)
			fputc('\n', f);
		table_print(f, &part);
	}
}

void report_summary(FILE *f, const struct report *r)
{
	auto_grid struct grid g = { 0 };
	auto_table struct table a = { 0 }, b = { 0 };
	int width = log_width(f);

	if (!width)
		width = PIPE_WIDTH;
	grid_fill(&g, r);
	grid_upright(&a, &g, 0, g.n_cols);
	grid_turned(&b, &g);
	fprintf(f, "\n--- %ssummary ---\n", r->cells[0].profile ? "profile " : "");
	if (table_width(&a) <= width)
		table_print(f, &a);
	else if (table_width(&b) <= width)
		table_print(f, &b);
	else
		split(f, &g, width);
	grid_legend(f, &g, "  ");
}
