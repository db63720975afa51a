#include "judge/report/figure_table.h"
#include "base/mem.h"
#include "judge/figure.h"
#include "judge/report/lines.h"
#include "judge/words.h"
#include <inttypes.h>

/* Of a table, and in front of a phase: what is beyond is only counted. Characters of one that was carried out. */
enum { LINES_MAX = 200, DEEDS_SHOWN = 12, DEED_SHOWN = 100 };

static const enum metric_id columns[] = {
	METRIC_ITERATIONS, METRIC_SHARE_MIN,   METRIC_SPREAD,      METRIC_FAIRNESS,           METRIC_GAP_MAX,
	METRIC_DELAY_MEAN, METRIC_LATENCY_P50, METRIC_LATENCY_P99, METRIC_LATENCY_MAX,        METRIC_MIGRATIONS,
	METRIC_IMBALANCE,  METRIC_DSQ_DEPTH,   METRIC_WAIT_AGE,    METRIC_IDLE_WHILE_WAITING,
};

enum { LABELS = 3, COLUMNS = LABELS + countof(columns) };

struct table {
	char *(*lines)[COLUMNS]; /* the first is the head; NULL: nothing there */
	char **notes;            /* what is told in front of that line; NULL: nothing */
	size_t n;
};

static char **line_new(struct table *t)
{
	if (!(t->n & (t->n - 1))) {
		t->lines = xreallocarray(t->lines, t->n ? t->n * 2 : 1, sizeof(*t->lines));
		t->notes = xreallocarray(t->notes, t->n ? t->n * 2 : 1, sizeof(*t->notes));
	}
	memset(t->lines[t->n], 0, sizeof(*t->lines));
	t->notes[t->n] = NULL;
	return t->lines[t->n++];
}

static void table_free(struct table *t)
{
	for (size_t i = 0; i < t->n; i++) {
		for (size_t k = 0; k < COLUMNS; k++)
			free(t->lines[i][k]);
		free(t->notes[i]);
	}
	free(t->lines);
	free(t->notes);
}

static int width_of(const char *s)
{
	return s ? lines_columns(s, strlen(s)) : 0;
}

static void pad(FILE *f, const char *s, int to, bool right)
{
	int blanks = to - width_of(s);

	fprintf(f, "%*s%s%*s", right && blanks > 0 ? blanks : 0, "", s ? s : "", !right && blanks > 0 ? blanks : 0, "");
}

static void write_line(FILE *f, char *const *cells, const int *widths, const bool *shown, size_t labels)
{
	auto_free char *line = NULL;
	size_t n;
	FILE *to = xmemstream(&line, &n);

	for (size_t k = 0; k < COLUMNS; k++) {
		if (!shown[k])
			continue;
		fputs("  ", to);
		pad(to, cells[k] ? cells[k] : k < labels ? "" : "-", widths[k], k >= labels);
	}
	fclose(to);
	while (n && line[n - 1] == ' ')
		n--;
	fprintf(f, "%.*s\n", (int)n, line);
}

/* Columns from *next on, as many as fit behind those of labels, and at least one. */
static void choose(bool *shown, const bool *used, const int *widths, size_t *next, int width)
{
	int all = 0;
	bool any = false;

	for (size_t k = 0; k < LABELS; k++) {
		shown[k] = used[k];
		all += used[k] ? widths[k] + 2 : 0;
	}
	for (; *next < COLUMNS; ++*next) {
		if (!used[*next])
			continue;
		all += widths[*next] + 2;
		if (any && width && all > width)
			return;
		any = shown[*next] = true;
	}
}

static void table_write(FILE *f, const struct table *t, size_t labels, int width)
{
	int widths[COLUMNS] = { 0 };
	bool used[COLUMNS] = { 0 };

	for (size_t k = 0; k < COLUMNS; k++) {
		for (size_t i = 0; i < t->n; i++) {
			int w = width_of(t->lines[i][k]);

			widths[k] = w > widths[k] ? w : widths[k];
			used[k] |= i && t->lines[i][k];
		}
	}
	for (size_t next = LABELS, first = next; next < COLUMNS;) {
		bool shown[COLUMNS] = { 0 }, head = next == first;

		choose(shown, used, widths, &next, width);
		fputc('\n', f);
		for (size_t i = 0; i < t->n; i++) {
			if (head && t->notes[i])
				fputs(t->notes[i], f);
			write_line(f, t->lines[i], widths, shown, labels);
		}
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
		struct figure v = { 0 };

		/* What is the whole run's stands behind the first of its groups. */
		if (first || m->scope != SCOPE_RUN)
			v = figure(m, NULL, &s);
		line[LABELS + i] = v.has ? metric_value(m, v.v, false) : NULL;
	}
	return true;
}

/* Lines that were carried out, and which of them have been told. */
struct deeds {
	const struct facts *facts;
	const char *text;
	size_t next;
	int width;
};

/* What was done until then; NULL: nothing. Caller frees. */
static char *deeds_until(struct deeds *d, uint64_t ns)
{
	char *note = NULL;
	size_t size, told = 0;
	FILE *f;

	if (d->next == d->facts->n_lines || d->facts->lines[d->next].ns > ns)
		return NULL;
	f = xmemstream(&note, &size);
	for (; d->next < d->facts->n_lines && d->facts->lines[d->next].ns <= ns; d->next++) {
		const struct facts_line *x = &d->facts->lines[d->next];
		const char *line;
		size_t len;

		if (told++ >= DEEDS_SHOWN)
			continue;
		auto_free char *at = words_moment(x->ns);

		if (words_line(d->text, x->line, &line, &len))
			lines_fit(f, d->width, "  %s  %.*s", at, (int)(len < DEED_SHOWN ? len : DEED_SHOWN), line);
		else
			lines_fit(f, d->width, "  %s  line %" PRIu64, at, x->line);
	}
	if (told > DEEDS_SHOWN)
		fprintf(f, "  and %zu lines more\n", told - DEEDS_SHOWN);
	fclose(f);
	return note;
}

/* A line for each of its groups. What is done in a phase is done as it begins, but for what blocks repeat. */
static void phase_lines(struct table *t, struct deeds *d, size_t phase, size_t *beyond)
{
	const struct facts *facts = d->facts;
	const struct facts_mark *next = facts_phase_mark(facts, phase + 1);
	bool first = true;

	for (size_t i = 0; i < facts->n_workers; i++) {
		if (!first_of_group(facts, i))
			continue;
		if (t->n > LINES_MAX) {
			++*beyond;
		} else if (group_line(t, facts, facts->workers[i].group, (int)phase, first)) {
			if (first)
				t->notes[t->n - 1] = deeds_until(d, next && next->ns ? next->ns - 1 : UINT64_MAX);
			first = false;
		}
	}
}

void figure_table(FILE *f, const struct facts *facts, const char *text, int width)
{
	struct table t = { 0 };
	char **head = line_new(&t);
	struct deeds deeds = { facts, text, 0, width };
	size_t beyond = 0;

	head[0] = xstrdup("phase");
	head[1] = xstrdup("cgroup");
	head[2] = xstrdup("workers");
	for (size_t i = 0; i < countof(columns); i++)
		head[LABELS + i] = xstrdup(metric_get(columns[i])->name);
	for (size_t phase = 0; phase < facts->phases; phase++)
		phase_lines(&t, &deeds, phase, &beyond);
	if (t.n > 1)
		table_write(f, &t, 2, width);
	if (beyond)
		fprintf(f, "  and %zu lines more\n", beyond);
	auto_free char *rest = deeds_until(&deeds, UINT64_MAX);

	if (rest)
		fprintf(f, "%s%s", t.n > 1 ? "" : "\n", rest);
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
	if (t.n > 1)
		table_write(f, &t, 2, 0);
	table_free(&t);
}
