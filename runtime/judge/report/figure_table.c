#include "judge/report/figure_table.h"
#include "base/mem.h"
#include "judge/figure.h"

enum { LINES_MAX = 200 }; /* of a table; what is beyond is only counted */

static const enum metric_id columns[] = {
	METRIC_ITERATIONS, METRIC_SHARE_MIN,   METRIC_SPREAD,      METRIC_FAIRNESS,    METRIC_GAP_MAX,
	METRIC_DELAY_MEAN, METRIC_LATENCY_P50, METRIC_LATENCY_P99, METRIC_LATENCY_MAX, METRIC_MIGRATIONS,
};

enum { LABELS = 3, COLUMNS = LABELS + countof(columns) };

struct table {
	char *(*lines)[COLUMNS]; /* the first is the head; NULL: nothing there */
	size_t n;
};

static char **line_new(struct table *t)
{
	if (!(t->n & (t->n - 1)))
		t->lines = xreallocarray(t->lines, t->n ? t->n * 2 : 1, sizeof(*t->lines));
	memset(t->lines[t->n], 0, sizeof(*t->lines));
	return t->lines[t->n++];
}

static void table_free(struct table *t)
{
	for (size_t i = 0; i < t->n; i++) {
		for (size_t k = 0; k < COLUMNS; k++)
			free(t->lines[i][k]);
	}
	free(t->lines);
}

/* Characters, and what follows one in UTF-8 is none. */
static int width(const char *s)
{
	int n = 0;

	for (; s && *s; s++)
		n += ((unsigned char)*s & 0xc0) != 0x80;
	return n;
}

static void pad(FILE *f, const char *s, int to, bool right)
{
	int blanks = to - width(s);

	fprintf(f, "%*s%s%*s", right && blanks > 0 ? blanks : 0, "", s ? s : "", !right && blanks > 0 ? blanks : 0, "");
}

static void table_write(FILE *f, const struct table *t, size_t labels)
{
	int widths[COLUMNS] = { 0 };
	bool used[COLUMNS] = { 0 };

	for (size_t k = 0; k < COLUMNS; k++) {
		for (size_t i = 0; i < t->n; i++) {
			int w = width(t->lines[i][k]);

			widths[k] = w > widths[k] ? w : widths[k];
			used[k] |= i && t->lines[i][k];
		}
	}
	for (size_t i = 0; i < t->n; i++) {
		auto_free char *line = NULL;
		size_t n;
		FILE *to = xmemstream(&line, &n);

		for (size_t k = 0; k < COLUMNS; k++) {
			if (!used[k])
				continue;
			fputs("  ", to);
			pad(to, t->lines[i][k] ? t->lines[i][k] : k < labels ? "" : "-", widths[k], k >= labels);
		}
		fclose(to);
		while (n && line[n - 1] == ' ')
			n--;
		fprintf(f, "%.*s\n", (int)n, line);
	}
}

static bool first_of_group(const struct facts *f, size_t worker)
{
	for (size_t i = 0; i < worker; i++) {
		if (!strcmp(f->workers[i].group, f->workers[worker].group))
			return false;
	}
	return true;
}

/* False: nobody of the group was there. */
static bool group_line(struct table *t, const struct facts *facts, const char *group, int phase, bool first)
{
	struct selection s = { .facts = facts, .group = group, .phase = phase };
	char **line, name[32];
	size_t workers = 0;

	for (size_t i = 0; i < facts->n_workers; i++)
		workers += selection_has(&s, &facts->workers[i]) && totals_of(&facts->workers[i], &s).there;
	if (!workers)
		return false;
	line = line_new(t);
	snprintf(name, sizeof(name), phase ? "phase %d" : "settle", phase);
	line[0] = first ? xstrdup(name) : NULL;
	line[1] = xstrdup(group);
	line[2] = xasprintf("%zu", workers);
	for (size_t i = 0; i < countof(columns); i++) {
		const struct metric *m = metric_get(columns[i]);
		struct figure v = figure(m, NULL, &s);

		line[LABELS + i] = v.has ? metric_value(m, v.v, false) : NULL;
	}
	return true;
}

void figure_table(FILE *f, const struct facts *facts)
{
	struct table t = { 0 };
	char **head = line_new(&t);
	size_t beyond = 0;

	head[0] = xstrdup("phase");
	head[1] = xstrdup("cgroup");
	head[2] = xstrdup("workers");
	for (size_t i = 0; i < countof(columns); i++)
		head[LABELS + i] = xstrdup(metric_get(columns[i])->name);
	for (size_t phase = 0; phase < facts->phases; phase++) {
		bool first = true;

		for (size_t i = 0; i < facts->n_workers; i++) {
			if (!first_of_group(facts, i))
				continue;
			if (t.n > LINES_MAX)
				beyond++;
			else if (group_line(&t, facts, facts->workers[i].group, (int)phase, first))
				first = false;
		}
	}
	if (t.n > 1) {
		fputc('\n', f);
		table_write(f, &t, 2);
	}
	if (beyond)
		fprintf(f, "  and %zu lines more\n", beyond);
	table_free(&t);
}

void figure_table_seeds(FILE *f, const struct ruling *v)
{
	struct table t = { 0 };
	char **line = line_new(&t);

	line[0] = xstrdup("of all seeds");
	line[1] = xstrdup("cgroup");
	line[3] = xstrdup("least");
	line[4] = xstrdup("median");
	line[5] = xstrdup("largest");
	for (size_t i = 0; i < v->n_figures && i < LINES_MAX; i++) {
		const struct verdict_figure *x = &v->figures[i];
		const struct metric *m = metric_find(x->metric, NULL);

		if (!m)
			continue;
		line = line_new(&t);
		line[0] = xstrdup(x->metric);
		line[1] = x->group ? xstrdup(x->group) : NULL;
		line[3] = metric_value(m, x->min, false);
		line[4] = metric_value(m, x->median, false);
		line[5] = metric_value(m, x->max, false);
	}
	if (t.n > 1) {
		fputc('\n', f);
		table_write(f, &t, 2);
	}
	table_free(&t);
}
