#include "base/err.h"
#include "json/write.h"
#include "base/mem.h"
#include "gen/report/json.h"
#include "gen/report/cell.h"
#include "gen/report/diff.h"
#include "gen/report/report.h"
#include "gen/report/symbols.h"
#include "verifier/expect.h"

static void json_log(struct jsonw *w, const struct cell_log *l)
{
	jsonw_obj(w);
	jsonw_kstr(w, "program", l->program);
	jsonw_ku64(w, "processed", l->s.processed);
	if (l->s.has_states) {
		jsonw_ku64(w, "total_states", l->s.total_states);
		jsonw_ku64(w, "peak_states", l->s.peak_states);
	}
	if (l->s.has_time)
		jsonw_ku64(w, "usec", l->s.usec);
	if (l->stack)
		jsonw_kstr(w, "stack", l->stack);
	jsonw_end_obj(w);
}

static void json_why(struct jsonw *w, const struct report *r, const struct report_cell *c)
{
	const struct explanation *x = &c->why;
	auto_free char *again = report_again(r, c);
	auto_free char *has = report_where(r, c, true);
	auto_free char *hasnt = report_where(r, c, false);

	jsonw_kobj(w, "why");
	jsonw_kstr(w, "class", why_name(x->why));
	jsonw_kstr(w, "program", x->program);
	jsonw_kstr(w, "subject", x->subject);
	jsonw_kstr(w, "words", x->words);
	jsonw_karr(w, "trail");
	for (const char *line = x->trail; line && *line;) {
		size_t n = strcspn(line, "\n");

		jsonw_strn(w, line, n);
		line += n + (line[n] == '\n');
	}
	jsonw_end_arr(w);
	jsonw_kstr(w, "there_on", has);
	jsonw_kstr(w, "missing_on", hasnt);
	jsonw_kstr(w, "again", again);
	jsonw_end_obj(w);
}

static void json_met(struct jsonw *w, const struct report_cell *c)
{
	static const char *const names[] = { NULL, "failed", "passed", "over" };

	if (c->met == MET_NOT_ASKED)
		return;
	jsonw_kobj(w, "expected");
	jsonw_ku64(w, "line", c->entry->line);
	jsonw_kstr(w, "outcome", names[c->met]);
	jsonw_kstr(w, "until", *c->entry->until ? c->entry->until : NULL);
	jsonw_end_obj(w);
}

static void json_cell(struct jsonw *w, const struct report *r, const struct report_cell *c)
{
	const struct result *x = &c->result;

	jsonw_obj(w);
	jsonw_kstr(w, "kernel", c->kernel);
	jsonw_kstr(w, "profile", c->profile);
	jsonw_kstr(w, "topology", c->topology);
	jsonw_kstr(w, "release", c->have ? x->release : NULL);
	jsonw_kstr(w, "verdict", c->have ? verdict_name(x->verdict) : "failed");
	jsonw_kstr(w, "reason", c->have && x->reason ? x->reason : c->failure);
	jsonw_key(w, "evidence");
	evidence_write(w, &x->evidence);
	jsonw_kstr(w, "accel", c->have ? x->accel : NULL);
	if (c->have)
		result_clock(w, x);
	jsonw_kstr(w, "ops", c->have ? x->ops : NULL);
	jsonw_karr(w, "programs");
	for (size_t i = 0; c->have && i < x->progs.n; i++)
		result_prog(w, &x->progs.v[i]);
	jsonw_end_arr(w);
	jsonw_karr(w, "logs");
	for (size_t i = 0; i < c->n_logs; i++)
		json_log(w, &c->logs[i]);
	jsonw_end_arr(w);
	if (c->failure || (c->have && x->verdict != VERDICT_ATTACHED))
		json_why(w, r, c);
	json_met(w, c);
	if (c->have) {
		jsonw_key(w, "dispatches");
		tasks_write(w, &x->tasks);
		if (!x->clock.virtual)
			result_timing(w, &x->ms);
	}
	if (c->have)
		result_host(w, x);
	jsonw_kstr(w, "cross_check", c->have ? x->cross : NULL);
	jsonw_kstr(w, "dir", c->dir);
	jsonw_end_obj(w);
}

static void json_report(struct jsonw *w, const struct report *r)
{
	jsonw_obj(w);
	jsonw_kstr(w, "scheduler", r->scheduler);
	jsonw_karr(w, "cells");
	for (size_t i = 0; i < r->n; i++)
		json_cell(w, r, &r->cells[i]);
	jsonw_end_arr(w);
	if (r->base)
		report_diff_json(w, r);
	jsonw_end_obj(w);
}

void report_json(FILE *f, const struct report *r)
{
	struct jsonw w;

	jsonw_init(&w, f);
	json_report(&w, r);
	jsonw_done(&w);
}

void report_json_all(FILE *f, const struct report *all, size_t n)
{
	struct jsonw w;

	jsonw_init(&w, f);
	jsonw_obj(&w);
	jsonw_karr(&w, "schedulers");
	for (size_t i = 0; i < n; i++)
		json_report(&w, &all[i]);
	jsonw_end_arr(&w);
	jsonw_end_obj(&w);
	jsonw_done(&w);
}

void report_json_all_error(FILE *f, const struct err *e)
{
	struct jsonw w;

	jsonw_init(&w, f);
	jsonw_obj(&w);
	jsonw_karr(&w, "schedulers");
	jsonw_end_arr(&w);
	jsonw_kstr(&w, "error", e->msg);
	jsonw_end_obj(&w);
	jsonw_done(&w);
}

void report_json_error(FILE *f, const char *scheduler, const struct err *e)
{
	struct jsonw w;

	jsonw_init(&w, f);
	jsonw_obj(&w);
	jsonw_kstr(&w, "scheduler", scheduler);
	jsonw_karr(&w, "cells");
	jsonw_end_arr(&w);
	jsonw_kstr(&w, "error", e->msg);
	jsonw_end_obj(&w);
	jsonw_done(&w);
}
