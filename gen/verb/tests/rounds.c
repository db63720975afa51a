#include "gen/verb/tests/rounds.h"

#include <fcntl.h>
#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

#include "base/err.h"
#include "base/file.h"
#include "base/mem.h"
#include "base/stop.h"
#include "gen/graph/plan.h"
#include "gen/matrix/matrix.h"
#include "gen/verb/tests/request.h"
#include "progress/log.h"

enum { FIRST = 2 /* runs for each guest, in the first round */, VERDICT_MAX = 64 << 20 };

/* Why a cell cannot be explored; NULL: it can. */
static const char *unfit(const struct matrix_cell *c)
{
	return c->test->host ? "a function of this machine has no seeds"
	       : c->test->real
		       ? "by a real clock a seed is not one schedule; leave \"clock real\" out of it to explore it"
		       : c->fit->skip;
}

int rounds_begin(struct rounds *h, struct request *q, uint64_t first, uint64_t last, bool until_fail, struct err *e)
{
	struct matrix *m = &q->matrix;
	const struct matrix_cell *one = NULL;
	size_t left = 0;

	for (size_t i = 0; i < m->n; i++)
		for (size_t k = 0; k < m->tests[i].n; k++) {
			struct matrix_cell *c = &m->tests[i].cells[k];

			if (c->out)
				continue;
			if (unfit(c)) {
				c->out = true;
				one = one ? one : c;
				left++;
				continue;
			}
			h->v = xreallocarray(h->v, h->n + 1, sizeof(*h->v));
			h->v[h->n] =
				(struct quarry){ .cell = c,
						 .trail = { .first = first, .last = last, .until_fail = until_fail } };
			trail_begin(&h->v[h->n++].trail);
		}
	if (!h->n)
		return err_set(e, X_USAGE, "%s: %s", one ? matrix_name(one) : "nothing", one ? unfit(one) : "is named");
	if (left)
		log_info("%zu cells are left out, %s among them: %s", left, matrix_name(one), unfit(one));
	return 0;
}

/* A round, while it is at work. */
struct chase {
	struct rounds *h;
	uint64_t first;
	size_t n;
	struct chased {
		struct quarry *q; /* NULL: the edge is no verdict */
		size_t seed;
	} * by_edge;
	size_t n_edges, heard, all;
	struct run_watch hooks;
};

static void note_edge(struct chase *c, struct quarry *q, size_t seed)
{
	size_t at = q->cell->apart[seed]->index;

	if (at >= c->n_edges) {
		size_t n = (at + 1) * 2;

		c->by_edge = xreallocarray(c->by_edge, n, sizeof(*c->by_edge));
		memset(c->by_edge + c->n_edges, 0, (n - c->n_edges) * sizeof(*c->by_edge));
		c->n_edges = n;
	}
	c->by_edge[at] = (struct chased){ q, seed };
	c->all++;
}

/* Edges are there once the first one is heard of. */
static void note_edges(struct chase *c)
{
	if (c->by_edge)
		return;
	for (size_t i = 0; i < c->h->n; i++)
		for (size_t k = 0; !c->h->v[i].cell->out && k < c->n; k++)
			note_edge(c, &c->h->v[i], k);
}

static bool read_verdict(struct ruling *v, const char *path)
{
	auto_free char *text = NULL;
	struct err ignored;
	size_t n;

	return file_read(AT_FDCWD, path, VERDICT_MAX, &text, &n, &ignored) == 0 &&
	       verdict_read(v, text, n, &ignored) == 0;
}

static char *ended(void *ctx, const struct edge *g, const struct step_result *r, const char *dir)
{
	auto_verdict struct ruling v = { 0 };
	struct chase *c = ctx;

	note_edges(c);
	const struct chased *x = g->index < c->n_edges && c->by_edge[g->index].q ? &c->by_edge[g->index] : NULL;

	if (!x)
		return NULL;
	auto_free char *apart = matrix_apart(x->q->cell, x->seed), *path = xasprintf("%s/%s/verdict.json", dir, apart);
	bool ran = (r->state == STEP_RAN || r->state == STEP_CACHED) && read_verdict(&v, path);
	const struct failure *f = trail_hear(&x->q->trail, c->first + x->seed, ran ? &v : NULL);

	c->heard++;
	return f ? xasprintf("FAIL %s seed %llu: %s", matrix_name(x->q->cell), (unsigned long long)f->seed, f->words)
		 : NULL;
}

static char *label(void *ctx, size_t running, size_t left)
{
	const struct chase *c = ctx;

	(void)left;
	return xasprintf("seeds %" PRIu64 " to %" PRIu64 ": %zu of %zu runs, %zu steps at work", c->first,
			 c->first + c->n - 1, c->heard, c->all, running);
}

/* Whether no cell waits for the rest of the round. */
static bool enough(void *ctx)
{
	const struct chase *c = ctx;

	for (size_t i = 0; i < c->h->n; i++)
		if (!c->h->v[i].cell->out && !trail_enough(&c->h->v[i].trail))
			return false;
	return true;
}

static void tell_round(const struct rounds *h, uint64_t next)
{
	size_t passed = 0, failed = 0, going = 0;

	for (size_t i = 0; i < h->n; i++) {
		passed += h->v[i].trail.passed;
		failed += h->v[i].trail.n_failures;
		going += !h->v[i].cell->out;
	}
	if (h->n == 1)
		log_info("seeds %llu to %llu: %zu pass, %zu fail", (unsigned long long)h->v[0].trail.first,
			 (unsigned long long)h->v[0].trail.next - 1, passed, failed);
	else
		log_info("seeds up to %llu: %zu pass, %zu fail, %zu of %zu cells go on", (unsigned long long)next - 1,
			 passed, failed, going, h->n);
}

/* What a round came to: cells that are done leave. Whether any goes on. */
static bool settle(struct rounds *h)
{
	bool any = false;

	for (size_t i = 0; i < h->n; i++) {
		struct quarry *q = &h->v[i];

		if (q->cell->out)
			continue;
		trail_settle(&q->trail);
		q->cell->out = trail_over(&q->trail);
		any |= !q->cell->out;
	}
	return any;
}

static bool all_mute(const struct rounds *h)
{
	for (size_t i = 0; i < h->n; i++)
		if (!trail_mute(&h->v[i].trail))
			return false;
	return true;
}

static int run_round(struct rounds *h, struct request *q, uint64_t first, size_t n, long long until, struct err *e)
{
	struct chase c = { .h = h, .first = first, .n = n };
	auto_made struct made m = { 0 };
	struct run_opts ro = { .watch = &c.hooks, .until = until < 0 ? 0 : until };
	struct err why = { 0 };

	c.hooks = (struct run_watch){ .ended = ended, .label = label, .ctx = &c, .enough = enough };
	for (size_t i = 0; i < q->matrix.n; i++)
		q->matrix.tests[i].seeds = (struct seeds){ first, n };
	int r = request_make(q, &m, &ro, e);
	bool over = until >= 0 && now_ms() >= until, done = enough(&c);
	bool short_of = r < 0 && (e->code == X_INTERRUPTED || (e->code == X_TIMEOUT && (over || done)));

	h->interrupted |= short_of && (e->code == X_INTERRUPTED || !done);
	free(c.by_edge);
	if (r < 0 && !short_of)
		return -1;
	(void)settle(h);
	if (!all_mute(h))
		return 0;
	if (r == 0 && run_first_failure(&m.run, &m.plan, &why) < 0) {
		*e = why;
		return -1;
	}
	return err_set(e, X_VM, "no guest came to a run");
}

/* So many seeds of each cell that goes on. */
static size_t round_size(const struct rounds *h, size_t runs)
{
	size_t going = 0;

	for (size_t i = 0; i < h->n; i++)
		going += !h->v[i].cell->out;
	if (!going)
		return 0;
	return runs / going ? runs / going : 1;
}

int rounds_run(struct rounds *h, struct request *q, unsigned jobs, long long until, struct err *e)
{
	size_t runs = (size_t)jobs * FIRST < ROUND_EDGES ? (size_t)jobs * FIRST : ROUND_EDGES, n;
	uint64_t next = h->v[0].trail.first, last = h->v[0].trail.last;

	for (; next <= last && (n = round_size(h, runs)); runs = runs * 2 < ROUND_EDGES ? runs * 2 : ROUND_EDGES) {
		if (until >= 0 && now_ms() >= until)
			h->interrupted = true;
		if (h->interrupted)
			break;
		n = last - next + 1 < n ? (size_t)(last - next + 1) : n;
		if (run_round(h, q, next, n, until, e) < 0)
			return -1;
		next += n;
		if (!h->interrupted)
			tell_round(h, next);
	}
	for (size_t i = 0; i < h->n; i++)
		h->v[i].trail.interrupted = h->interrupted && !trail_over(&h->v[i].trail);
	return 0;
}

void rounds_free(struct rounds *h)
{
	for (size_t i = 0; i < h->n; i++)
		trail_free(&h->v[i].trail);
	free(h->v);
	*h = (struct rounds){ 0 };
}
