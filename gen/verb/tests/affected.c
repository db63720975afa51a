/* affected: which cells have no result yet for what the working tree is now, and which schedulers they are of. No guest runs, no kernel is built. */
#include "base/err.h"
#include "base/mem.h"
#include "gen/base/index.h"
#include "gen/matrix/select.h"
#include "gen/verb/tests/asked.h"
#include "gen/verb/tests/places.h"
#include "gen/verb/tests/request.h"
#include "gen/verb/verbs.h"
#include "json/write.h"

#include <stdio.h>
#include <string.h>

static struct shard shard;

static const struct opt affected_opts[] = {
	PLACES_ASKED_OPTS,
	ASKED_SEEDS_OPTS,
	ASKED_CLOCK_OPTS,
	{ .name = "filter",
	  .type = OPT_STR,
	  .out = &tests_asked.filter,
	  .arg = "TEXT",
	  .help = "cells with this in their name, which is TEST/KERNEL/TOPOLOGY[/PROFILE]" },
	{ .name = "shard",
	  .type = OPT_STR,
	  .out = &tests_asked.shard,
	  .arg = "I/N",
	  .help = "the I-th of N parts, as of `ktstr matrix`" },
	BUILD_ASKED_OPTS(tests_asked.missing),
	GUEST_ASKED_OPTS(tests_asked.guest),
	{ .name = "json",
	  .type = OPT_FLAG,
	  .out = &tests_asked.json,
	  .help = "print them as JSON, with those that are not affected" },
	JOBS_OPT(tests_asked.jobs, 1024, "how many steps run at once; as many as CPUs unless given"),
	{ 0 },
};

static bool is_affected(const struct matrix_cell *c, const struct run *r)
{
	if (c->fit->skip)
		return false;
	for (size_t i = 0; i < c->test->seeds.n; i++)
		if (run_step(r, c->runs[i])->state != STEP_CACHED)
			return true;
	return false;
}

/* Cells of tests with one scheduler. */
struct group {
	const char *name, *binary; /* binary NULL: the kernel's own */
	size_t n, affected;
};

struct groups {
	struct group *v;
	size_t n, cells, affected;
};

static struct group *group_of(struct groups *g, const struct matrix_test *t)
{
	const char *binary = t->test.scheduler;

	for (size_t i = 0; i < g->n; i++)
		if (binary == g->v[i].binary || (binary && g->v[i].binary && !strcmp(binary, g->v[i].binary)))
			return &g->v[i];
	g->v = xreallocarray(g->v, g->n + 1, sizeof(*g->v));
	g->v[g->n] = (struct group){ .name = t->sweep.name, .binary = binary };
	return &g->v[g->n++];
}

static void count(struct groups *g, const struct matrix *m, const struct run *r)
{
	for (size_t i = 0; i < m->n; i++)
		for (size_t k = 0; k < m->tests[i].n; k++) {
			const struct matrix_cell *c = &m->tests[i].cells[k];

			if (c->out || c->fit->skip)
				continue;
			struct group *of = group_of(g, c->test);
			bool affected = is_affected(c, r);

			of->n++;
			of->affected += affected;
			g->cells++;
			g->affected += affected;
		}
}

static void put_cell(struct jsonw *w, const struct matrix_cell *c, bool affected)
{
	jsonw_obj(w);
	jsonw_kstr(w, "name", matrix_name(c));
	jsonw_kstr(w, "test", c->test->test.name);
	jsonw_kstr(w, "kernel", c->on->name.kernel);
	jsonw_kstr(w, "topology", c->on->guest->topology);
	jsonw_kstr(w, "preset", c->preset);
	jsonw_kstr(w, "profile", c->on->profile ? c->on->profile->name : NULL);
	jsonw_kstr(w, "scheduler", c->test->test.scheduler);
	jsonw_kbool(w, "affected", affected);
	jsonw_end_obj(w);
}

static void print_json(const struct groups *g, const struct matrix *m, const struct run *r)
{
	struct jsonw w;

	jsonw_init(&w, stdout);
	jsonw_obj(&w);
	jsonw_ku64(&w, "format", 1);
	jsonw_karr(&w, "cells");
	for (size_t i = 0; i < m->n; i++)
		for (size_t k = 0; k < m->tests[i].n; k++)
			if (!m->tests[i].cells[k].out && !m->tests[i].cells[k].fit->skip)
				put_cell(&w, &m->tests[i].cells[k], is_affected(&m->tests[i].cells[k], r));
	jsonw_end_arr(&w);
	jsonw_karr(&w, "schedulers");
	for (size_t i = 0; i < g->n; i++) {
		jsonw_obj(&w);
		jsonw_kstr(&w, "name", g->v[i].name);
		jsonw_kstr(&w, "binary", g->v[i].binary);
		jsonw_ku64(&w, "cells", g->v[i].n);
		jsonw_ku64(&w, "affected", g->v[i].affected);
		jsonw_end_obj(&w);
	}
	jsonw_end_arr(&w);
	jsonw_end_obj(&w);
	jsonw_done(&w);
}

static void print_text(const struct groups *g, const struct matrix *m, const struct run *r)
{
	for (size_t i = 0; i < m->n; i++)
		for (size_t k = 0; k < m->tests[i].n; k++)
			if (!m->tests[i].cells[k].out && is_affected(&m->tests[i].cells[k], r))
				puts(matrix_name(&m->tests[i].cells[k]));
	printf("%s%zu of %zu cells affected\n", g->affected ? "\n" : "", g->affected, g->cells);
	for (size_t i = 0; i < g->n; i++)
		if (g->v[i].affected)
			printf("scheduler %s: %zu of %zu\n", g->v[i].name, g->v[i].affected, g->v[i].n);
}

static int look(struct request *q, struct err *e)
{
	auto_made struct made m = { 0 };
	struct groups g = { 0 };
	struct run_opts ro = { .watch = &run_looks, .ask = true };

	/* They run each time, whatever changed. */
	for (size_t i = 0; i < q->matrix.n; i++)
		for (size_t k = 0; q->matrix.tests[i].host && k < q->matrix.tests[i].n; k++)
			q->matrix.tests[i].cells[k].out = true;
	if (tests_asked.filter && !select_text(&q->matrix, tests_asked.filter))
		return err_set(e, X_NO_INPUT, "no cell has \"%s\" in its name", tests_asked.filter);
	(void)select_shard(&q->matrix, &shard); /* one without a cell is a list without one */
	if (request_make(q, &m, &ro, e) < 0)
		return -1;
	count(&g, &q->matrix, &m.run);
	if (tests_asked.json)
		print_json(&g, &q->matrix, &m.run);
	else
		print_text(&g, &q->matrix, &m.run);
	free(g.v);
	/* What a step that failed would have told is not known, so that the list may have too many cells. */
	return run_failures(&m.run, &m.plan, e) < 0 ? -1 : X_SUCCESS;
}

static int run_affected(int n, const char *const *args, struct err *e)
{
	/* One build folder with the matrix that would run them. */
	auto_request struct request q = { .verb = "matrix", .sidecars = -1, .programs = true, .ask = true };

	if ((tests_asked.shard && shard_parse(&shard, tests_asked.shard, e) < 0) || places_settle(e) < 0 ||
	    request_open(&q, (size_t)n, (size_t)n, args, e) < 0 || request_cells(&q, e) < 0 || look(&q, e) < 0)
		return e->code;
	return X_SUCCESS;
}

const struct verb verb_affected = {
	.name = "affected",
	.args = "PROGRAM|NAME|FILE...",
	.summary = "name the tests that matrix would run, and run none",
	.about =
		"Cells without a result for what programs, files, schedulers and kernels are now: what `ktstr matrix` with the same\n"
		"words would run. No guest starts and no kernel is built; what is fast, such as a look at a source tree, is done. Where that\n"
		"fails the cells that need it are named as well, and the exit code is that of the failure.",
	.examples = "  ktstr affected ./tests --preset all\n"
		    "  ktstr affected ./tests --json\n",
	.opts = affected_opts,
	.min_args = 1,
	.max_args = SIZE_MAX,
	.run = run_affected,
};
