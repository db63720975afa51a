/* runs: what came of matrices before: which there were, one of them, or what is different between two. */
#include "base/err.h"
#include "base/mem.h"
#include "gen/base/index.h"
#include "gen/base/table.h"
#include "gen/matrix/history.h"
#include "gen/verb/verbs.h"
#include "json/write.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static struct {
	bool json;
} o;

static const struct opt opts[] = {
	{ .name = "json", .type = OPT_FLAG, .out = &o.json, .help = "print it as JSON" },
	{ 0 },
};

static void counts_of(const struct past_run *r, size_t n[JUDGEMENTS], size_t *ran)
{
	memset(n, 0, JUDGEMENTS * sizeof(*n));
	*ran = 0;
	for (size_t i = 0; i < r->n; i++) {
		n[r->v[i].verdict]++;
		*ran += r->v[i].how == PAST_RAN;
	}
}

static void json_head(struct jsonw *w, const struct past_run *r)
{
	size_t n[JUDGEMENTS], ran;

	counts_of(r, n, &ran);
	jsonw_kstr(w, "id", r->id);
	jsonw_kstr(w, "began", r->began);
	jsonw_ku64(w, "took_ms", strtoull(r->took_ms, NULL, 10));
	jsonw_ku64(w, "exit", strtoull(r->exit, NULL, 10));
	jsonw_kstr(w, "command", r->command);
	jsonw_ku64(w, "ran", ran);
	for (int i = 0; i < JUDGEMENTS; i++)
		jsonw_ku64(w, judgement_names[i], n[i]);
}

static void json_begin(struct jsonw *w, const char *list)
{
	jsonw_init(w, stdout);
	jsonw_obj(w);
	jsonw_ku64(w, "format", 1);
	jsonw_karr(w, list);
}

static void json_end(struct jsonw *w)
{
	jsonw_end_arr(w);
	jsonw_end_obj(w);
	jsonw_done(w);
}

static void row(struct table *t, const struct past_run *r)
{
	size_t n[JUDGEMENTS], ran;

	counts_of(r, n, &ran);
	table_cell(t, "%s", r->id);
	table_cell(t, "%s", r->began);
	table_cell(t, "%.1f s", (double)strtoull(r->took_ms, NULL, 10) / 1000);
	table_cell(t, "%zu", r->n);
	table_cell(t, "%zu", ran);
	table_cell(t, "%zu", n[JUDGED_PASS]);
	table_cell(t, "%zu", n[JUDGED_FAIL]);
	table_cell(t, "%zu", n[JUDGED_BROKEN] + n[JUDGED_INCONCLUSIVE]);
	table_cell(t, "%s", r->exit);
}

static int list_one(struct table *t, struct jsonw *w, const char *id, struct err *e)
{
	auto_past_run struct past_run r = { 0 };

	if (past_run_read(&r, id, e) < 0)
		return -1;
	if (!o.json) {
		row(t, &r);
		return 0;
	}
	jsonw_obj(w);
	json_head(w, &r);
	jsonw_end_obj(w);
	return 0;
}

static int list(struct err *e)
{
	static const char *const heads[] = {
		"run", "began", "took", "cells", "ran", "passed", "failed", "other", "exit"
	};
	auto_table struct table t = { 0 };
	struct err one = { 0 };
	struct jsonw w;
	char **ids;
	size_t n;

	if (history_runs(&ids, &n, e) < 0)
		return -1;
	for (size_t i = 0; i < countof(heads); i++)
		table_column(&t, heads[i], i > 1);
	if (o.json)
		json_begin(&w, "runs");
	/* One that cannot be read is no reason to hide the others. */
	for (size_t i = 0; i < n; i++) {
		(void)list_one(&t, &w, ids[i], &one);
		free(ids[i]);
	}
	free(ids);
	if (o.json)
		json_end(&w);
	else if (n)
		table_print(stdout, &t);
	else
		puts("no run is written down in this store; ktstr matrix does");
	return 0;
}

static int show(const char *id, struct err *e)
{
	auto_past_run struct past_run r = { 0 };
	struct jsonw w;

	if (past_run_read(&r, id, e) < 0)
		return -1;
	if (o.json) {
		jsonw_init(&w, stdout);
		jsonw_obj(&w);
		jsonw_ku64(&w, "format", 1);
		json_head(&w, &r);
		jsonw_karr(&w, "cells");
	} else {
		printf("%s\nbegan %s, took %.1f s, exit code %s\n\n", r.command, r.began,
		       (double)strtoull(r.took_ms, NULL, 10) / 1000, r.exit);
	}
	for (size_t i = 0; i < r.n; i++) {
		const struct past_cell *c = &r.v[i];

		if (!o.json) {
			printf("%-12s %8.2f s  %-7s %s\n", judgement_names[c->verdict], (double)c->ms / 1000,
			       past_hows[c->how], c->name);
			continue;
		}
		jsonw_obj(&w);
		jsonw_kstr(&w, "name", c->name);
		jsonw_kstr(&w, "verdict", judgement_names[c->verdict]);
		jsonw_ku64(&w, "ms", c->ms);
		jsonw_kstr(&w, "how", past_hows[c->how]);
		jsonw_end_obj(&w);
	}
	if (o.json)
		json_end(&w);
	return 0;
}

/* What a cell was in one run and in the other; a verdict NULL: it was not in that one. */
static void differ(struct jsonw *w, const char *name, const char *a, const char *b)
{
	if (!o.json) {
		printf("%-12s -> %-12s %s\n", a ? a : "-", b ? b : "-", name);
		return;
	}
	jsonw_obj(w);
	jsonw_kstr(w, "name", name);
	jsonw_kstr(w, "before", a);
	jsonw_kstr(w, "after", b);
	jsonw_end_obj(w);
}

static size_t compare(struct jsonw *w, const struct past_run *a, const struct past_run *b)
{
	auto_index struct index before = { 0 }, after = { 0 };
	size_t n = 0;

	for (size_t i = 0; i < a->n; i++)
		index_add(&before, a->v[i].name, &a->v[i]);
	for (size_t i = 0; i < b->n; i++)
		index_add(&after, b->v[i].name, &b->v[i]);
	for (size_t i = 0; i < b->n; i++) {
		const struct past_cell *was = index_find(&before, b->v[i].name);

		if (was && was->verdict == b->v[i].verdict)
			continue;
		differ(w, b->v[i].name, was ? judgement_names[was->verdict] : NULL, judgement_names[b->v[i].verdict]);
		n++;
	}
	for (size_t i = 0; i < a->n; i++)
		if (!index_find(&after, a->v[i].name)) {
			differ(w, a->v[i].name, judgement_names[a->v[i].verdict], NULL);
			n++;
		}
	return n;
}

static int diff(const char *first, const char *second, struct err *e)
{
	auto_past_run struct past_run a = { 0 }, b = { 0 };
	struct jsonw w;

	if (past_run_read(&a, first, e) < 0 || past_run_read(&b, second, e) < 0)
		return -1;
	if (o.json)
		json_begin(&w, "cells");
	size_t n = compare(&w, &a, &b);

	if (o.json)
		json_end(&w);
	else if (!n)
		printf("equal verdicts in %zu cells\n", b.n);
	return 0;
}

/* NULL is the last one. */
static const char *id_of(const char *word)
{
	return strcmp(word, "last") ? word : NULL;
}

static int run_runs(int n, const char *const *args, struct err *e)
{
	int r = n == 0 ? list(e) : n == 1 ? show(id_of(args[0]), e) : diff(id_of(args[0]), id_of(args[1]), e);

	return r < 0 ? e->code : X_SUCCESS;
}

const struct verb verb_runs = {
	.name = "runs",
	.args = "[RUN [RUN]]",
	.summary = "list, show or compare what matrix came to",
	.about =
		"Each `ktstr matrix` is written down in the store, the last 50 are kept. Without an argument they are listed, the last one\n"
		"first; with one, that is shown cell by cell; with two, cells are named that came out otherwise. \"last\" is the last one.",
	.examples = "  ktstr runs\n"
		    "  ktstr runs last\n",
	.opts = opts,
	.max_args = 2,
	.run = run_runs,
};
