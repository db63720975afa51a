#include "judge/report/report.h"
#include "base/mem.h"
#include "judge/report/figure_table.h"
#include "judge/report/lines.h"
#include "judge/words.h"
#include "text/text.h"
#include <ctype.h>
#include <inttypes.h>

enum { CHANGES = 40, SEEDS_SHOWN = 20, LOG_LINES = 20, LOG_BYTES = 4096, TEXT_BYTES = 64 << 10 };

static void field(FILE *f, const char *text)
{
	if (text && *text)
		fprintf(f, "  %s", text);
}

static char *head_words(const struct ruling *v)
{
	const struct verdict_seed *seed = verdict_worst_seed(v);
	size_t passed = 0, n;
	char *text;
	FILE *f = xmemstream(&text, &n);

	for (const char *c = judgement_names[v->verdict]; *c; c++)
		fputc(toupper((unsigned char)*c), f);
	fprintf(f, " %s", v->test ? v->test : "test");
	field(f, v->scheduler);
	if (v->profile && strcmp(v->profile, "default") != 0)
		fprintf(f, " %s", v->profile);
	field(f, v->kernel);
	field(f, v->preset ? v->preset : v->topology);
	for (size_t i = 0; i < v->n_seeds; i++)
		passed += v->seeds[i].verdict == JUDGED_PASS;
	if (v->verdict >= JUDGED_PASS && v->n_seeds > 1)
		fprintf(f, "  %zu seeds", v->n_seeds);
	else if (seed)
		fprintf(f, "  seed %" PRIu64, seed->seed);
	if (v->verdict < JUDGED_PASS && v->n_seeds > 1)
		fprintf(f, " (%zu of %zu seeds pass)", passed, v->n_seeds);
	fclose(f);
	return text;
}

static void short_words(FILE *f, const struct judge_report *r)
{
	const struct ruling *v = r->verdict;
	const struct verdict_check *first = verdict_first(v);
	const struct verdict_seed *seed = verdict_worst_seed(v);

	auto_free char *head = head_words(v);

	lines_fit(f, r->width, "%s", head);
	if (r->note)
		lines_fit(f, r->width, "  %s", r->note);
	if (first)
		lines_fit(f, r->width, "  %s", first->words);
	else if (seed && seed->words)
		lines_fit(f, r->width, "  %s", seed->words);
	if (first && first->sight)
		lines_fit(f, r->width, "  %s", first->sight);
	if (v->again)
		fprintf(f, "  again: %s\n", v->again);
}

static void others(FILE *f, const struct judge_report *r)
{
	const struct ruling *v = r->verdict;
	const struct verdict_check *first = verdict_first(v);
	const struct verdict_seed *seed = verdict_worst_seed(v);

	for (size_t i = 0; seed && i < v->n_checks; i++) {
		const struct verdict_check *c = &v->checks[i];

		if (c != first && c->seed == seed->seed &&
		    (c->verdict != JUDGED_PASS || !strcmp(c->metric, "expect_fail")))
			lines_fit(f, r->width, "  %s: %s",
				  c->verdict == JUDGED_FAIL ? "also" : judgement_names[c->verdict], c->words);
	}
	for (size_t i = 0, n = 0; i < v->n_seeds && v->n_seeds > 1; i++) {
		const struct verdict_seed *s = &v->seeds[i];

		if (s == seed || s->verdict >= JUDGED_PASS)
			continue;
		if (n++ < SEEDS_SHOWN)
			lines_fit(f, r->width, "  seed %" PRIu64 ": %s%s%s", s->seed, judgement_names[s->verdict],
				  s->words ? ": " : "", s->words ? s->words : "");
		else if (n == SEEDS_SHOWN + 1)
			fputs("  and more seeds; --json has them all\n", f);
	}
}

static void refusals(FILE *f, const struct judge_report *r)
{
	for (size_t i = 0; i < r->facts->n_refusals && i < CHANGES; i++) {
		const struct facts_refusal *x = &r->facts->refusals[i];

		fputs(i ? "" : "\n", f);
		lines_fit(f, r->width, "  refused: %s: %s (line %" PRIu64 ", %" PRIu64 " times)",
			  x->what ? x->what : "", x->error ? x->error : "", x->line, x->times);
	}
}

/* The last lines of it, as many as are worth reading here. */
static const char *log_end(const struct report_log *l, size_t *n)
{
	const char *end = l->text + l->n, *from = end;
	size_t lines = 0;

	while (from > l->text && end - from < LOG_BYTES) {
		if (from[-1] == '\n' && from < end && ++lines == LOG_LINES)
			break;
		from--;
	}
	*n = (size_t)(end - from);
	return from;
}

static void logs(FILE *f, const struct judge_report *r)
{
	for (size_t i = 0; i < r->n_logs; i++) {
		const struct report_log *l = &r->logs[i];
		const char *from;
		size_t n;

		if (!l->text || !l->n)
			continue;
		from = log_end(l, &n);
		fprintf(f, "\n  %s of the %s's log%s%s%s\n", from == l->text ? "all" : "end", l->name,
			l->path ? " (" : "", l->path ? l->path : "", l->path ? ")" : "");
		lines_cut(f, from, n, 4, r->width);
	}
}

/* What holds a guest's words is written into memory first and filtered as a whole. */
static void filtered(FILE *f, void (*write)(FILE *, const void *), const void *what)
{
	auto_free char *text = NULL;
	size_t n;
	FILE *to = xmemstream(&text, &n);

	write(to, what);
	fclose(to);
	text_put(f, text, n, TEXT_LINES);
}

static void short_of(FILE *f, const void *what)
{
	short_words(f, what);
}

void report_short(FILE *f, const struct ruling *v, const char *note, int width)
{
	const struct judge_report r = { .verdict = v, .note = note, .width = width };

	filtered(f, short_of, &r);
}

static void full_of(FILE *f, const void *what)
{
	const struct judge_report *r = what;
	const struct ruling *v = r->verdict;
	size_t n = r->test ? strlen(r->test) : 0;

	short_words(f, r);
	others(f, r);
	if (r->facts)
		figure_table(f, r->facts, r->ran, r->width);
	if (v->n_seeds > 1)
		figure_table_seeds(f, v);
	if (v->verdict >= JUDGED_PASS)
		return;
	if (r->facts)
		refusals(f, r);
	logs(f, r);
	if (n) {
		fputs("\n  the test\n", f);
		text_indent(f, r->test, n < TEXT_BYTES ? n : TEXT_BYTES, 4);
	}
}

void report_full(FILE *f, const struct judge_report *r)
{
	filtered(f, full_of, r);
}
