#include "base/err.h"
#include "base/file.h"
#include "base/log.h"
#include "base/mem.h"
#include "gen/report_in.h"
#include "verifier/collapse.h"
#include "verifier/log.h"
#include <inttypes.h>

#define LOG_MAX (256u << 20)
#define SHOWN_PART ((size_t)512 << 10) /* of a long log, its beginning and its end */

static char *read_log(const struct report_cell *c, size_t *n)
{
	auto_free char *path = xasprintf("%s/sched.log", c->dir);
	struct err e = { 0 };
	char *text = NULL;

	*n = 0;
	if (file_read(AT_FDCWD, path, LOG_MAX, &text, n, &e) < 0)
		return NULL;
	return text;
}

static void end_line(FILE *f, struct view v)
{
	if (v.n && v.p[v.n - 1] != '\n')
		fputc('\n', f);
}

static void text_stats(FILE *f, const char *label, struct view log)
{
	struct log_stats s;

	log_stats(log, &s);
	if (!s.processed)
		return;
	fprintf(f, "\n%s --- verifier stats ---\n  processed=%" PRIu64 "  states=%" PRIu64 "/%" PRIu64, label,
		s.processed, s.peak_states, s.total_states);
	if (s.has_time)
		fprintf(f, "  time=%" PRIu64 "us", s.usec);
	if (s.stack.n)
		fprintf(f, "  stack=%.*s", (int)s.stack.n, s.stack.p);
	fputc('\n', f);
}

/* A guest's words on somebody's terminal: no escape sequences, and no more than a person scrolls through. */
static void put_words(FILE *f, const char *text, size_t n)
{
	for (size_t i = 0; i < n; i++) {
		unsigned char c = (unsigned char)text[i];

		fputc(c == '\n' || c == '\t' || (c >= ' ' && c != 0x7f) ? c : '?', f);
	}
}

static void put_bounded(FILE *f, const struct report_cell *c, const char *text, size_t n)
{
	if (n <= 2 * SHOWN_PART) {
		put_words(f, text, n);
		return;
	}
	put_words(f, text, SHOWN_PART);
	fprintf(f, "\n--- %zu bytes left out; all of it: %s/sched.log, or --raw ---\n", n - 2 * SHOWN_PART, c->dir);
	put_words(f, text + n - SHOWN_PART, SHOWN_PART);
}

/* Collapsed: the verifier's logs, then what the scheduler itself said around them. */
static void text_collapsed(FILE *f, struct view text)
{
	struct view part;
	size_t at = 0;

	for (size_t k = 0; log_program(text, k, &part); k++) {
		collapse_write(f, part);
		end_line(f, part);
	}
	while (log_outside(text, &at, &part)) {
		collapse_write(f, part);
		end_line(f, part);
	}
}

static void text_log(FILE *f, const struct report_cell *c, const char *label, bool raw)
{
	size_t n;
	auto_free char *text = read_log(c, &n);
	struct view all = { text, n }, program;

	if (!n)
		return;
	text_stats(f, label, log_program(all, 0, &program) ? program : all);
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

static void text_verdict(FILE *f, const char *verdict, const char *why)
{
	fprintf(f, "  %s%s%s: ", log_sgr(f, "31"), verdict, log_sgr(f, "0"));
	put_words(f, why, strlen(why));
	fputc('\n', f);
}

static void text_cell(FILE *f, const struct report *r, const struct report_cell *c)
{
	auto_free char *own = report_label(r, c, false);
	const char *label = *own ? own : "verifier";

	fprintf(f, "\n%s\n", label);
	for (size_t i = 0; c->have && i < c->result.progs.n; i++) {
		const struct prog *p = &c->result.progs.v[i];

		fprintf(f, "  %-40s verified_insns=%" PRIu32 "\n", p->name, p->verified_insns);
	}
	if (c->have && c->result.verdict != VERDICT_ATTACHED)
		text_verdict(f, verdict_name(c->result.verdict), c->result.reason ? c->result.reason : "");
	else if (c->failure)
		text_verdict(f, "failed", c->failure);
	if (c->have && c->result.cross)
		fprintf(f, "  cross-check with bpf_prog_info: %s\n", *c->result.cross ? c->result.cross : "agrees");
	if (c->have)
		text_log(f, c, label, r->raw);
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

	if (c && c->result.accel)
		fprintf(f, "%s: accelerator %s\n", r->scheduler, c->result.accel);
	for (size_t i = 0; i < r->n; i++)
		text_cell(f, r, &r->cells[i]);
	if (r->n > 1)
		report_table(f, r);
}
