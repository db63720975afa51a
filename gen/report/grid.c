#include "base/mem.h"
#include "gen/report/grid.h"
#include "gen/report/cell.h"
#include "gen/report/report.h"
#include "gen/base/table.h"
#include <inttypes.h>

/* The k-th program of that name: a loader may load one twice. */
static const struct prog *find_prog(const struct report_cell *c, const char *name, size_t k)
{
	for (size_t i = 0; c->have && i < c->result.progs.n; i++) {
		if (!strcmp(c->result.progs.v[i].name, name) && !k--)
			return &c->result.progs.v[i];
	}
	return NULL;
}

static const struct cell_log *find_log(const struct report_cell *c, const char *name)
{
	for (size_t i = 0; i < c->n_logs; i++) {
		if (c->logs[i].program && prog_names_fit(c->logs[i].program, name))
			return &c->logs[i];
	}
	return NULL;
}

static size_t times(char *const *names, size_t n, const char *name)
{
	size_t k = 0;

	for (size_t i = 0; i < n; i++)
		k += !strcmp(names[i], name);
	return k;
}

/* So that the row is there as often as a cell has programs of that name; their order is that of the first cell. */
static void need_row(struct grid *g, const char *name, size_t k)
{
	if (times(g->rows, g->n_rows, name) > k)
		return;
	g->rows = xreallocarray(g->rows, g->n_rows + 2, sizeof(*g->rows));
	g->rows[g->n_rows++] = xstrdup(name);
}

static bool has_row(const struct grid *g, const char *name)
{
	for (size_t i = 0; i < g->n_rows; i++)
		if (prog_names_fit(g->rows[i], name))
			return true;
	return false;
}

static void fill_rows(struct grid *g, const struct report *r)
{
	for (size_t i = 0; i < r->n; i++) {
		const struct report_cell *c = &r->cells[i];

		for (size_t k = 0; c->have && k < c->result.progs.n; k++) {
			const char *name = c->result.progs.v[k].name;
			size_t same = 0;

			for (size_t before = 0; before < k; before++)
				same += !strcmp(c->result.progs.v[before].name, name);
			need_row(g, name, same);
		}
	}
	for (size_t i = 0; i < r->n; i++) {
		const struct report_cell *c = &r->cells[i];

		if (c->result.verdict == VERDICT_ATTACHED || !c->why.program)
			continue;
		if (!has_row(g, c->why.program))
			need_row(g, c->why.program, 0);
	}
	g->rows = xreallocarray(g->rows, g->n_rows + 2, sizeof(*g->rows));
	g->rows[g->n_rows++] = xstrdup("verdict");
}

/* The number of a cell's program; 0: there is none. A program that was refused at the limit has one from the log. */
static uint32_t value_of(const struct report_cell *c, const char *name, size_t k)
{
	const struct prog *p = find_prog(c, name, k);
	const struct cell_log *l = c->why.why == WHY_INSN_LIMIT ? find_log(c, name) : NULL;

	if (p)
		return p->verified_insns == PROG_NONE ? 0 : p->verified_insns;
	return l && l->s.processed > INSN_LIMIT ? (uint32_t)l->s.processed : 0;
}

static bool is_refused(const struct report_cell *c, const char *name)
{
	return c->have && c->result.verdict == VERDICT_REJECTED && c->why.program &&
	       prog_names_fit(c->why.program, name);
}

static void fill_row(struct grid *g, const struct report *r, size_t row)
{
	const char *name = g->rows[row];
	size_t k = times(g->rows, row, name);
	uint32_t least = UINT32_MAX, most = 0;

	for (size_t i = 0; i < r->n; i++) {
		uint32_t v = value_of(&r->cells[i], name, k);

		if (v && v < least)
			least = v;
		if (v > most)
			most = v;
	}
	for (size_t i = 0; i < r->n; i++) {
		const struct report_cell *c = &r->cells[i];
		uint32_t v = value_of(c, name, k);
		bool highest = v == most && least < most, near = v >= NEAR_LIMIT;

		g->highest |= highest;
		g->near |= near;
		g->v[row * g->n_cols + i] =
			v ? xasprintf("%s%s%" PRIu32, near ? "!" : "", highest ? "*" : "", v)
			  : xstrdup(!find_prog(c, name, k) && is_refused(c, name) ? "refused" : "-");
	}
}

void grid_fill(struct grid *g, const struct report *r)
{
	fill_rows(g, r);
	g->n_cols = r->n;
	g->cols = xcalloc(r->n, sizeof(*g->cols));
	g->v = xcalloc(g->n_rows * g->n_cols, sizeof(*g->v));
	for (size_t i = 0; i < r->n; i++) {
		g->cols[i] = report_label(r, &r->cells[i], false);
		if (!*g->cols[i]) {
			free(g->cols[i]);
			g->cols[i] = report_label(r, &r->cells[i], true);
		}
		g->v[(g->n_rows - 1) * g->n_cols + i] = xstrdup(report_outcome(&r->cells[i]));
	}
	for (size_t row = 0; row + 1 < g->n_rows; row++)
		fill_row(g, r, row);
}

void grid_upright(struct table *t, const struct grid *g, size_t from, size_t to)
{
	table_column(t, "program", false);
	for (size_t i = from; i < to; i++)
		table_column(t, g->cols[i], true);
	for (size_t row = 0; row < g->n_rows; row++) {
		table_cell(t, "%s", g->rows[row]);
		for (size_t i = from; i < to; i++)
			table_cell(t, "%s", g->v[row * g->n_cols + i]);
	}
}

void grid_turned(struct table *t, const struct grid *g)
{
	table_column(t, "cell", false);
	for (size_t row = 0; row < g->n_rows; row++)
		table_column(t, g->rows[row], row + 1 < g->n_rows);
	for (size_t i = 0; i < g->n_cols; i++) {
		table_cell(t, "%s", g->cols[i]);
		for (size_t row = 0; row < g->n_rows; row++)
			table_cell(t, "%s", g->v[row * g->n_cols + i]);
	}
}

void grid_legend(FILE *f, const struct grid *g, const char *indent)
{
	if (g->highest)
		fprintf(f, "%s* the highest count of its program\n", indent);
	if (g->near)
		fprintf(f, "%s! at least 75 %% of the %u instructions at which the verifier gives up\n", indent,
			INSN_LIMIT);
}

void grid_free(struct grid *g)
{
	for (size_t i = 0; i < g->n_rows; i++)
		free(g->rows[i]);
	for (size_t i = 0; i < g->n_cols; i++)
		free(g->cols[i]);
	for (size_t i = 0; i < g->n_rows * g->n_cols; i++)
		free(g->v[i]);
	free(g->rows);
	free(g->cols);
	free(g->v);
	*g = (struct grid){ 0 };
}
