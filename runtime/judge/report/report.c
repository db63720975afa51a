#include "judge/report/report.h"
#include "base/mem.h"
#include "judge/report/figure_table.h"
#include "judge/words.h"
#include "text/text.h"
#include <ctype.h>
#include <inttypes.h>

enum { CHANGES = 40, LOG_LINES = 20, LOG_BYTES = 4096, TEXT_BYTES = 64 << 10 };

static void field(FILE *f, const char *text)
{
	if (text && *text)
		fprintf(f, "  %s", text);
}

static void head_words(FILE *f, const struct ruling *v)
{
	const struct verdict_seed *seed = verdict_worst_seed(v);
	size_t passed = 0;

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
	fputc('\n', f);
}

static void short_words(FILE *f, const struct ruling *v, const char *note)
{
	const struct verdict_check *first = verdict_first(v);
	const struct verdict_seed *seed = verdict_worst_seed(v);

	head_words(f, v);
	if (note)
		fprintf(f, "  %s\n", note);
	if (first)
		fprintf(f, "  %s\n", first->words);
	else if (seed && seed->words)
		fprintf(f, "  %s\n", seed->words);
	if (v->again)
		fprintf(f, "  again: %s\n", v->again);
}

static void others(FILE *f, const struct ruling *v)
{
	const struct verdict_check *first = verdict_first(v);
	const struct verdict_seed *seed = verdict_worst_seed(v);

	for (size_t i = 0; seed && i < v->n_checks; i++) {
		const struct verdict_check *c = &v->checks[i];

		if (c != first && c->seed == seed->seed &&
		    (c->verdict != JUDGED_PASS || !strcmp(c->metric, "expect_fail")))
			fprintf(f, "  %s: %s\n", c->verdict == JUDGED_FAIL ? "also" : judgement_names[c->verdict],
				c->words);
	}
	for (size_t i = 0; i < v->n_seeds; i++) {
		const struct verdict_seed *s = &v->seeds[i];

		if (v->n_seeds > 1 && s != seed && s->verdict < JUDGED_PASS)
			fprintf(f, "  seed %" PRIu64 ": %s\n", s->seed, judgement_names[s->verdict]);
	}
}

/* What was done to the workers, and when. */
static void changes(FILE *f, const struct facts *facts, const char *text)
{
	for (size_t i = 0; i < facts->n_lines && i < CHANGES; i++) {
		const char *line;
		size_t n;

		fputs(i ? "  " : "\n  ", f);
		words_time(f, facts->lines[i].ns);
		if (words_line(text, facts->lines[i].line, &line, &n))
			fprintf(f, "  %.*s\n", (int)(n < 100 ? n : 100), line);
		else
			fprintf(f, "  line %" PRIu64 "\n", facts->lines[i].line);
	}
	if (facts->n_lines > CHANGES)
		fprintf(f, "  and %zu lines more\n", facts->n_lines - CHANGES);
	for (size_t i = 0; i < facts->n_refusals && i < CHANGES; i++) {
		const struct facts_refusal *r = &facts->refusals[i];

		fprintf(f, "%s  refused: %s: %s (line %" PRIu64 ", %" PRIu64 " times)\n", i ? "" : "\n",
			r->what ? r->what : "", r->error ? r->error : "", r->line, r->times);
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
		text_indent(f, from, n, 4);
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

static void head_of(FILE *f, const void *v)
{
	head_words(f, v);
}

void report_head(FILE *f, const struct ruling *v)
{
	filtered(f, head_of, v);
}

static void short_of(FILE *f, const void *what)
{
	const struct judge_report *r = what;

	short_words(f, r->verdict, r->note);
}

void report_short(FILE *f, const struct ruling *v, const char *note)
{
	const struct judge_report r = { .verdict = v, .note = note };

	filtered(f, short_of, &r);
}

static void full_of(FILE *f, const void *what)
{
	const struct judge_report *r = what;
	const struct ruling *v = r->verdict;
	size_t n = r->test ? strlen(r->test) : 0;

	short_words(f, v, r->note);
	others(f, v);
	if (r->facts)
		figure_table(f, r->facts);
	if (v->n_seeds > 1)
		figure_table_seeds(f, v);
	if (v->verdict >= JUDGED_PASS)
		return;
	if (r->facts)
		changes(f, r->facts, r->ran);
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
