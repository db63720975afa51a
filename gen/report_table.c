#include "base/mem.h"
#include "gen/report_in.h"
#include "gen/table.h"
#include <inttypes.h>

static size_t find_name(const char *const *names, size_t n, const char *name)
{
	size_t i = 0;

	while (i < n && strcmp(names[i], name) != 0)
		i++;
	return i;
}

static const struct prog *find_prog(const struct progs *p, const char *name)
{
	for (size_t i = 0; i < p->n; i++) {
		if (!strcmp(p->v[i].name, name))
			return &p->v[i];
	}
	return NULL;
}

static void summary_row(struct table *t, const struct report *r, const char *name)
{
	table_cell(t, "%s", name);
	for (size_t i = 0; i < r->n; i++) {
		const struct report_cell *c = &r->cells[i];
		const struct prog *p = c->have ? find_prog(&c->result.progs, name) : NULL;

		if (p)
			table_cell(t, "%" PRIu32, p->verified_insns);
		else
			table_cell(t, "-");
	}
}

void report_table(FILE *f, const struct report *r)
{
	auto_free const char **names = NULL;
	auto_table struct table t = { 0 };
	size_t n = 0;

	table_column(&t, "program", false);
	for (size_t i = 0; i < r->n; i++) {
		auto_free char *label = report_label(r, &r->cells[i], false);

		table_column(&t, label, true);
		for (size_t k = 0; r->cells[i].have && k < r->cells[i].result.progs.n; k++) {
			const char *name = r->cells[i].result.progs.v[k].name;

			if (find_name(names, n, name) < n)
				continue;
			names = xreallocarray(names, n + 1, sizeof(*names));
			names[n++] = name;
		}
	}
	for (size_t i = 0; i < n; i++)
		summary_row(&t, r, names[i]);
	table_cell(&t, "verdict");
	for (size_t i = 0; i < r->n; i++)
		table_cell(&t, "%s", r->cells[i].have ? verdict_name(r->cells[i].result.verdict) : "-");
	fprintf(f, "\n--- %ssummary ---\n", r->cells[0].profile ? "profile " : "");
	table_print(f, &t);
}
