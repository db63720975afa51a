#include "gen/graph/outcome.h"
#include "base/err.h"
#include "base/mem.h"
#include "gen/base/index.h"
#include "gen/graph/plan.h"

struct step_result *outcome_new(const struct plan *p)
{
	struct step_result *v = xcalloc(p->n_edges + 1, sizeof(*v));

	for (size_t i = 0; i < p->n_edges; i++)
		v[i].state = STEP_NOT_RUN;
	return v;
}

static const struct edge *broken_maker(const struct index *broken, const struct strs *paths)
{
	const struct edge *g = NULL;

	for (size_t i = 0; i < paths->n && !g; i++)
		g = index_find(broken, paths->v[i]);
	return g;
}

/* Whatever is made from its outputs did not run. */
static void add_outputs(struct index *broken, struct edge *g)
{
	for (size_t i = 0; i < g->outs.n; i++)
		index_add(broken, g->outs.v[i], g);
}

static void settle(struct step_result *r, const struct edge *why, const struct step_result *its)
{
	r->code = its->code;
	if (its->state == STEP_FAILED)
		r->text = xasprintf("%s: %s", why->id, its->text ? its->text : "");
	else
		r->text = xstrdup(its->text ? its->text : "");
}

/* "FAILED: out1 out2 ", since 1.13 "FAILED: [code=137] out1 out2 ". */
static bool is_failed(const char *log, const char *out)
{
	static const char head[] = "FAILED: ";
	size_t n = strlen(out);

	for (const char *line = log; line; line = strchr(line, '\n')) {
		line += *line == '\n';
		if (strncmp(line, head, strlen(head)) != 0)
			continue;
		const char *at = line + strlen(head), *code = *at == '[' ? strstr(at, "] ") : NULL;

		at = code ? code + 2 : at;
		if (!strncmp(at, out, n) && (at[n] == ' ' || at[n] == '\n' || !at[n]))
			return true;
	}
	return false;
}

static void fail(struct step_result *r, const char *why)
{
	r->state = STEP_FAILED;
	r->silent = true;
	r->code = X_FAIL;
	free(r->text);
	r->text = xstrdup(why);
}

size_t outcome_silent(struct step_result *v, const struct plan *p, const char *log)
{
	size_t n = 0, heard = 0;

	for (size_t i = 0; i < p->n_edges; i++)
		heard += v[i].began;
	for (size_t i = 0; heard && i < p->n_edges; i++) {
		const struct edge *g = p->edges[i];

		if (v[i].state != STEP_NOT_RUN)
			continue;
		if (v[i].began)
			fail(&v[i], "its process ended without a word: it was killed, perhaps because memory ran out");
		else if (log && g->outs.n && is_failed(log, g->outs.v[0]))
			fail(&v[i], "its process could not begin");
		n += v[i].state == STEP_FAILED;
	}
	return n;
}

void outcome_settle(struct step_result *v, const struct plan *p)
{
	auto_index struct index broken = { 0 };

	for (size_t i = 0; i < p->n_edges; i++) {
		struct edge *g = p->edges[i];
		const struct edge *why;

		if (v[i].state == STEP_NOT_RUN) {
			why = broken_maker(&broken, &g->ins);
			if (!why)
				why = broken_maker(&broken, &g->implicit);
			if (why)
				settle(&v[i], why, &v[why->index]);
			else
				v[i].state = STEP_CACHED;
		}
		if (v[i].state == STEP_FAILED || v[i].state == STEP_NOT_RUN)
			add_outputs(&broken, g);
	}
}

void outcome_free(struct step_result *v, size_t n)
{
	for (size_t i = 0; v && i < n; i++)
		free(v[i].text);
	free(v);
}
