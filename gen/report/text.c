#include "base/err.h"
#include "base/file.h"
#include "progress/log.h"
#include "base/mem.h"
#include "text/text.h"
#include "gen/report/text.h"
#include "gen/report/cell.h"
#include "gen/report/diff.h"
#include "gen/report/report.h"
#include "gen/report/summary.h"
#include "gen/report/symbols.h"
#include "verifier/collapse.h"
#include "verifier/expect.h"
#include "verifier/log.h"
#include <inttypes.h>

#define SHOWN_PART ((size_t)512 << 10) /* of a long log, its beginning and its end */

static void end_line(FILE *f, struct view v)
{
	if (v.n && v.p[v.n - 1] != '\n')
		fputc('\n', f);
}

/* A guest's words within a line of ours. */
static void put_words(FILE *f, const char *text)
{
	text_put(f, text, strlen(text), TEXT_LINE);
}

static void text_stats(FILE *f, const struct report_cell *c, const char *label)
{
	if (!c->n_logs)
		return;
	fprintf(f, "\n%s --- verifier stats ---\n", label);
	for (size_t i = 0; i < c->n_logs; i++) {
		const struct cell_log *l = &c->logs[i];

		fputs("  ", f);
		if (l->program) {
			auto_free char *name = xasprintf("%-40s ", l->program);

			put_words(f, name);
		}
		fprintf(f, "processed=%" PRIu64 "  states=%" PRIu64 "/%" PRIu64, l->s.processed, l->s.peak_states,
			l->s.total_states);
		if (l->s.has_time)
			fprintf(f, "  time=%" PRIu64 "us", l->s.usec);
		if (l->stack) {
			fputs("  stack=", f);
			put_words(f, l->stack);
		}
		fputc('\n', f);
	}
}

/* Indented, so that none of it looks like ours, and no more than a person scrolls through. */
static void put_bounded(FILE *f, const struct report_cell *c, const char *text, size_t n)
{
	size_t head, tail;

	if (n <= 2 * SHOWN_PART) {
		text_indent(f, text, n, 2);
		return;
	}
	head = text_fit(text, n, SHOWN_PART);
	tail = text_fit(text, n, n - SHOWN_PART);
	text_indent(f, text, head, 2);
	fprintf(f, "\n--- %zu bytes left out; all of it: %s/sched.log, or --raw ---\n", tail - head, c->dir);
	text_indent(f, text + tail, n - tail, 2);
}

/* Collapsed: the verifier's logs, then what the scheduler itself said around them. */
static void text_collapsed(FILE *f, struct view text)
{
	struct log_program program;
	struct view part;
	size_t at = 0;

	while (log_program(text, &at, &program)) {
		collapse_write(f, program.text);
		end_line(f, program.text);
	}
	at = 0;
	while (log_outside(text, &at, &part)) {
		collapse_write(f, part);
		end_line(f, part);
	}
}

static void text_log(FILE *f, const struct report_cell *c, const char *label, bool raw)
{
	size_t n;
	auto_free char *text = report_log(c, &n);
	struct view all = { text, n };

	if (!n)
		return;
	fprintf(f, "\n%s --- scheduler log ---\n", label);
	if (raw) {
		fwrite(text, 1, n, f);
		end_line(f, all);
	} else {
		auto_free char *shown = NULL;
		size_t shown_n;
		FILE *m = xmemstream(&shown, &shown_n);

		text_collapsed(m, all);
		fclose(m);
		put_bounded(f, c, shown, shown_n);
	}
}

static void text_why(FILE *f, const struct report *r, const struct report_cell *c)
{
	auto_free char *again = report_again(r, c);
	auto_free char *has = report_where(r, c, true);
	auto_free char *hasnt = report_where(r, c, false);

	if (c->why.words)
		fprintf(f, "  why: %s\n", c->why.words);
	if (has || hasnt) {
		fprintf(f, "  %s: %s", c->why.subject, has ? "on " : "");
		put_words(f, has ? has : "");
		fputs(has && hasnt ? "; not on " : hasnt ? "not on " : "", f);
		put_words(f, hasnt ? hasnt : "");
		fputc('\n', f);
	}
	if (c->why.trail)
		text_indent(f, c->why.trail, strlen(c->why.trail), 4);
	if (again)
		fprintf(f, "  again: %s\n", again);
}

static void text_met(FILE *f, const struct report_cell *c)
{
	if (c->met == MET_EXPECTED)
		fprintf(f, "  expected: line %u of the expected failures\n", c->entry->line);
	else if (c->met == MET_OVER)
		fprintf(f, "  expected until %s only: line %u of the expected failures\n", c->entry->until,
			c->entry->line);
	else if (c->met == MET_PASSED)
		fprintf(f, "  %spassed, although line %u of the expected failures says that it fails%s\n",
			log_sgr(f, "33"), c->entry->line, log_sgr(f, "0"));
}

static void text_verdict(FILE *f, const char *verdict, const char *why)
{
	fprintf(f, "  %s%s%s: ", log_sgr(f, "31"), verdict, log_sgr(f, "0"));
	put_words(f, why);
	fputc('\n', f);
}

static void text_cell(FILE *f, const struct report *r, const struct report_cell *c)
{
	auto_free char *own = report_label(r, c, false);
	const char *label = *own ? own : "verifier";

	fprintf(f, "\n%s\n", label);
	for (size_t i = 0; c->have && i < c->result.progs.n; i++) {
		const struct prog *p = &c->result.progs.v[i];

		auto_free char *name = xasprintf("  %-40s ", p->name);

		put_words(f, name);
		fprintf(f, "verified_insns=%" PRIu32, p->verified_insns);
		if (p->verified_insns != PROG_NONE && p->verified_insns >= NEAR_LIMIT)
			fprintf(f, "  %s%" PRIu32 " %% of the limit%s", log_sgr(f, "33"),
				p->verified_insns / (INSN_LIMIT / 100), log_sgr(f, "0"));
		fputc('\n', f);
	}
	if (c->failure || (c->have && c->result.verdict != VERDICT_ATTACHED)) {
		text_verdict(f, report_outcome(c), report_reason(c));
		text_why(f, r, c);
	}
	text_met(f, c);
	if (c->have && c->result.cross)
		fprintf(f, "  cross-check with bpf_prog_info: %s\n", *c->result.cross ? c->result.cross : "agrees");
	if (c->have) {
		text_stats(f, c, label);
		text_log(f, c, label, r->raw);
	}
}

static const struct report_cell *first_with(const struct report *r)
{
	for (size_t i = 0; i < r->n; i++) {
		if (r->cells[i].have)
			return &r->cells[i];
	}
	return NULL;
}

void report_text(FILE *f, const struct report *r)
{
	const struct report_cell *c = first_with(r);

	if (c && c->result.accel) {
		put_words(f, r->scheduler);
		fprintf(f, ": accelerator %s", c->result.accel);
		if (c->result.clock.virtual)
			fprintf(f, ", virtual time (shift %u, seed %llu)", c->result.clock.shift,
				(unsigned long long)c->result.clock.seed);
		fputc('\n', f);
	} else if (r->among) {
		put_words(f, r->scheduler);
		fputc('\n', f);
	}
	for (size_t i = 0; i < r->n; i++)
		text_cell(f, r, &r->cells[i]);
	if (r->n > 1)
		report_summary(f, r);
	report_diff_text(f, r);
}
