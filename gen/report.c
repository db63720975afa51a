#include "gen/report.h"
#include "base/err.h"
#include "base/file.h"
#include "base/json.h"
#include "base/jsonw.h"
#include "base/log.h"
#include "base/mem.h"
#include "gen/plan.h"
#include "gen/run.h"
#include "gen/table.h"
#include "verifier/collapse.h"
#include "verifier/log.h"
#include <inttypes.h>

#define LOG_MAX (256u << 20)
#define SHOWN_PART ((size_t)512 << 10) /* of a long log, its beginning and its end */

static int read_cell(struct report_cell *c, const char *name, struct err *e)
{
	auto_free char *path = xasprintf("%s/%s", c->dir, name);
	auto_free char *text = NULL;
	size_t n;

	if (file_read(AT_FDCWD, path, 16 << 20, &text, &n, e) < 0)
		return -1;
	if (result_parse(&c->result, text, n, e) < 0)
		return err_in(e, "%s", path);
	c->have = true;
	return 0;
}

void report_add(struct report *r, const char *label, const char *kernel, const char *dir,
		const struct step_result *step)
{
	struct report_cell c = { .label = xstrdup(label), .kernel = xstrdup(kernel), .dir = xstrdup(dir) };
	struct err e = { 0 };

	if (step->state == STEP_FAILED) {
		c.code = step->code;
		c.failure = xstrdup(step->text ? step->text : "");
		if (c.code == X_DIED || c.code == X_TIMEOUT || c.code == X_VM)
			(void)read_cell(&c, "failure.json", &e); /* the message alone serves without it */
	} else if (step->state == STEP_NOT_RUN) {
		c.code = step->code;
		c.failure =
			xasprintf("not run: %s", step->text && *step->text ? step->text : "a step before it failed");
	} else if (read_cell(&c, "result.json", &e) < 0) {
		c.code = X_FAIL;
		c.failure = xstrdup(e.msg);
	} else {
		c.code = verdict_code(c.result.verdict);
	}
	r->cells = xreallocarray(r->cells, r->n + 1, sizeof(*r->cells));
	r->cells[r->n++] = c;
}

void report_free(struct report *r)
{
	for (size_t i = 0; i < r->n; i++) {
		struct report_cell *c = &r->cells[i];

		free(c->label);
		free(c->kernel);
		free(c->dir);
		free(c->failure);
		result_free(&c->result);
	}
	free(r->cells);
	*r = (struct report){ 0 };
}

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

static void text_log(FILE *f, const struct report_cell *c, bool raw)
{
	size_t n;
	auto_free char *text = read_log(c, &n);
	struct view all = { text, n }, program;

	if (!n)
		return;
	text_stats(f, c->label, log_program(all, 0, &program) ? program : all);
	fprintf(f, "\n%s --- scheduler log ---\n", c->label);
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
	fprintf(f, "\n%s\n", c->label);
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
		text_log(f, c, r->raw);
}

static const struct report_cell *first_with(const struct report *r)
{
	for (size_t i = 0; i < r->n; i++) {
		if (r->cells[i].have)
			return &r->cells[i];
	}
	return NULL;
}

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

static void summary(FILE *f, const struct report *r)
{
	auto_free const char **names = NULL;
	auto_table struct table t = { 0 };
	size_t n = 0;

	table_column(&t, "program", false);
	for (size_t i = 0; i < r->n; i++) {
		table_column(&t, r->cells[i].kernel, true);
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
	fprintf(f, "\n--- summary ---\n");
	table_print(f, &t);
}

void report_text(FILE *f, const struct report *r)
{
	const struct report_cell *c = first_with(r);

	if (c && c->result.accel)
		fprintf(f, "%s: accelerator %s\n", r->scheduler, c->result.accel);
	for (size_t i = 0; i < r->n; i++)
		text_cell(f, r, &r->cells[i]);
	if (r->n > 1)
		summary(f, r);
}

static void json_cell(struct jsonw *w, const struct report_cell *c)
{
	const struct result *x = &c->result;

	jsonw_obj(w);
	jsonw_kstr(w, "kernel", c->kernel);
	jsonw_kstr(w, "release", c->have ? x->release : NULL);
	jsonw_kstr(w, "verdict", c->have ? verdict_name(x->verdict) : "failed");
	jsonw_kstr(w, "reason", c->have && x->reason ? x->reason : c->failure);
	jsonw_kstr(w, "accel", c->have ? x->accel : NULL);
	jsonw_kstr(w, "ops", c->have ? x->ops : NULL);
	jsonw_key(w, "programs");
	jsonw_arr(w);
	for (size_t i = 0; c->have && i < x->progs.n; i++)
		result_prog(w, &x->progs.v[i]);
	jsonw_end_arr(w);
	if (c->have)
		result_timing(w, &x->ms);
	jsonw_kstr(w, "cross_check", c->have ? x->cross : NULL);
	jsonw_kstr(w, "dir", c->dir);
	jsonw_end_obj(w);
}

void report_json(FILE *f, const struct report *r)
{
	struct jsonw w;

	jsonw_init(&w, f);
	jsonw_obj(&w);
	jsonw_kstr(&w, "scheduler", r->scheduler);
	jsonw_key(&w, "cells");
	jsonw_arr(&w);
	for (size_t i = 0; i < r->n; i++)
		json_cell(&w, &r->cells[i]);
	jsonw_end_arr(&w);
	jsonw_end_obj(&w);
	jsonw_done(&w);
}

void report_json_error(FILE *f, const char *scheduler, const struct err *e)
{
	struct jsonw w;

	jsonw_init(&w, f);
	jsonw_obj(&w);
	jsonw_kstr(&w, "scheduler", scheduler);
	jsonw_key(&w, "cells");
	jsonw_arr(&w);
	jsonw_end_arr(&w);
	jsonw_kstr(&w, "error", e->msg);
	jsonw_end_obj(&w);
	jsonw_done(&w);
}

int report_verdict(const struct report *r, const struct run *run, const struct plan *p, struct err *e)
{
	static const int order[] = { X_VM, X_TIMEOUT, X_DIED, X_REJECTED };
	size_t bad = 0;

	/* What kept a cell from running at all comes before any verdict of another. */
	if (run_first_failure(run, p, e) < 0 && e->code != X_DIED && e->code != X_TIMEOUT && e->code != X_VM)
		return -1;
	for (size_t i = 0; i < r->n; i++)
		bad += r->cells[i].code != X_SUCCESS || r->cells[i].failure;
	if (!bad)
		return 0;
	for (size_t k = 0; k < countof(order); k++) {
		for (size_t i = 0; i < r->n; i++) {
			const struct report_cell *c = &r->cells[i];

			if (c->code != order[k])
				continue;
			auto_free char *logs = xasprintf("\nlogs of guest and scheduler: %s", c->dir);

			return err_set(e, c->code, "%s on %s %s: %s%s", r->scheduler, c->kernel,
				       c->have ? verdict_name(c->result.verdict) : "failed",
				       c->have && c->result.reason ? c->result.reason
				       : c->failure                ? c->failure
								   : "",
				       c->code == X_REJECTED ? "" : logs);
		}
	}
	return err_set(e, X_FAIL, "%s: %zu of %zu runs failed", r->scheduler, bad, r->n);
}
