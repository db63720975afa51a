#include "gen/matrix/watch.h"

#include <fcntl.h>
#include <stdlib.h>
#include <string.h>

#include "base/err.h"
#include "base/file.h"
#include "base/mem.h"
#include "gen/graph/plan.h"
#include "gen/matrix/history.h"
#include "gen/matrix/matrix.h"
#include "host/cpus.h"
#include "judge/verdict.h"

enum { VERDICT_MAX = 64 << 20, MS_PER_S = 1000 };

struct watched {
	const struct matrix_cell *cell; /* NULL: the edge is no judge of a cell */
	bool ran;                       /* one of its runs was made now */
	bool heard;
};

static void expect(struct watch *w, const struct matrix_cell *c)
{
	const struct past *p = w->history ? history_find(w->history, matrix_name(c)) : NULL;

	w->expected_ms += p ? p->ms : 0;
	w->unheard++;
}

static void note_edge(struct watch *w, const struct edge *g, const struct matrix_cell *c)
{
	if (g->index >= w->n_edges) {
		size_t n = (g->index + 1) * 2;

		w->by_edge = xreallocarray(w->by_edge, n, sizeof(*w->by_edge));
		memset(w->by_edge + w->n_edges, 0, (n - w->n_edges) * sizeof(*w->by_edge));
		w->n_edges = n;
	}
	w->by_edge[g->index].cell = c;
}

static void settle(struct watch *w)
{
	if (w->by_edge)
		return;
	for (size_t i = 0; i < w->m->n; i++)
		for (size_t k = 0; k < w->m->tests[i].n; k++) {
			const struct matrix_cell *c = &w->m->tests[i].cells[k];

			if (c->out || !c->judge)
				continue;
			note_edge(w, c->judge, c);
			for (size_t s = 0; s < c->test->seeds.n; s++)
				note_edge(w, c->runs[s], c);
			expect(w, c);
			w->total++;
		}
}

/* The verdict of its folder, in a line or two; NULL: there is none, or nothing failed. */
static char *failure(const struct matrix_cell *c, const char *dir)
{
	auto_verdict struct ruling v = { 0 };
	auto_free char *path = xasprintf("%s/%s/verdict.json", dir, c->dir), *text = NULL;
	struct err ignored = { 0 };
	size_t n;

	if (file_read(AT_FDCWD, path, VERDICT_MAX, &text, &n, &ignored) < 0 ||
	    verdict_read(&v, text, n, &ignored) < 0 || (v.verdict != JUDGED_FAIL && v.verdict != JUDGED_BROKEN))
		return NULL;
	const struct verdict_check *first = verdict_first(&v);
	const struct verdict_seed *seed = verdict_worst_seed(&v);
	const char *words = first ? first->words : seed ? seed->words : NULL;

	return xasprintf("%s %s%s%s", v.verdict == JUDGED_FAIL ? "FAIL" : "BROKEN", matrix_name(c), words ? ": " : "",
			 words ? words : "");
}

static char *judged(struct watch *w, const struct matrix_cell *c, const struct step_result *r, const char *dir)
{
	struct watched *x = &w->by_edge[c->judge->index];
	const struct past *p = w->history ? history_find(w->history, matrix_name(c)) : NULL;

	if (x->heard)
		return NULL;
	x->heard = true;
	x->ran |= c->test->host && r->state == STEP_RAN;
	w->done++;
	w->unheard--;
	w->expected_ms -= p ? p->ms : 0;
	w->cached += !x->ran;
	/* Of what was up to date nothing is heard until the end, where all failures are told. */
	char *words = r->began && (r->state == STEP_RAN || r->state == STEP_CACHED) ? failure(c, dir) : NULL;

	w->failed += words || r->state == STEP_FAILED || r->state == STEP_NOT_RUN;
	return words;
}

static char *ended(void *ctx, const struct edge *g, const struct step_result *r, const char *dir)
{
	struct watch *w = ctx;

	settle(w);
	const struct matrix_cell *c = g->index < w->n_edges ? w->by_edge[g->index].cell : NULL;

	if (!c)
		return NULL;
	if (g == c->judge)
		return judged(w, c, r, dir);
	w->by_edge[c->judge->index].ran |= r->state == STEP_RAN;
	return NULL;
}

/* Seconds from here, where enough is known: what ninja has not begun takes as long as its share of what was not heard of. */
static char *time_left(const struct watch *w, size_t left)
{
	unsigned jobs = w->jobs ? w->jobs : cpus_usable();
	uint64_t ms = w->unheard && left < 2 * w->unheard ? w->expected_ms * left / (2 * w->unheard) : w->expected_ms;

	if (!w->expected_ms)
		return xstrdup("");
	uint64_t s = ms / jobs / MS_PER_S + 1;

	return xasprintf(", %llu s left", (unsigned long long)s);
}

static char *label(void *ctx, size_t running, size_t left)
{
	struct watch *w = ctx;

	settle(w);
	auto_free char *from_here = time_left(w, left);

	return xasprintf("%zu of %zu cells, %zu failed, %zu cached, %zu running%s", w->done, w->total, w->failed,
			 w->cached, running, from_here);
}

void watch_init(struct watch *w, const struct matrix *m, const struct history *h, unsigned jobs)
{
	*w = (struct watch){ .m = m, .history = h, .jobs = jobs };
	w->hooks = (struct run_watch){ .ended = ended, .label = label, .ctx = w };
}

void watch_free(struct watch *w)
{
	free(w->by_edge);
	w->by_edge = NULL;
}
