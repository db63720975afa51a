#include "base/err.h"
#include "base/jsonw.h"
#include "gen/report_in.h"

static void json_cell(struct jsonw *w, const struct report_cell *c)
{
	const struct result *x = &c->result;

	jsonw_obj(w);
	jsonw_kstr(w, "kernel", c->kernel);
	jsonw_kstr(w, "profile", c->profile);
	jsonw_kstr(w, "topology", c->topology);
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
