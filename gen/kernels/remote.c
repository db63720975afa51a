#include "gen/kernels/remote.h"
#include "text/argv.h"
#include "base/err.h"
#include "base/facts.h"
#include "progress/log.h"
#include "base/mem.h"
#include "gen/base/home.h"
#include "gen/graph/plan.h"
#include "gen/graph/run.h"
#include "gen/graph/begin.h"
#include "gen/kernels/search.h"
#include "gen/kernels/target.h"
#include <string.h>
#include "kernel/cache/remote.h"

static bool sharing(void)
{
	enum remote which = remote_which(NULL, NULL, NULL);

	return which == REMOTE_V1 || which == REMOTE_V2;
}

static bool wanted(const struct target *w)
{
	return w->from != TARGET_READY && w->key;
}

static void tell_lack(void)
{
	const char *lacks = NULL;

	if (remote_which(NULL, NULL, &lacks) == REMOTE_LACKS)
		log_note("KTSTR_GHA_CACHE is 1, but %s is not set: kernels are not shared (docs/kernels.md)", lacks);
}

/* A run that names its tools shares with those that name the same. */
static void tools_args(struct argv *a, const struct kernels_opts *o)
{
	auto_free char *named = kernels_tools_named(o);

	if (named)
		argv_opt(a, "--tools", "%s", named);
}

static void plan_get(struct plan *p, const struct home *home, const struct kernels_opts *o, const struct target *w)
{
	struct edge *g = plan_edge(p, "remote-get", "remote cache %s", w->key);
	auto_argv struct argv args = { 0 };
	auto_free char *folder = plan_slug(w->key);

	g->again = true;
	edge_needs(g, "%s", home->source);
	edge_out(g, "shared/%s/facts", folder);
	edge_word(g, "outdir", "shared/%s", folder);
	edge_word(g, "key", "%s", w->key);
	if (w->from == TARGET_GIT)
		argv_opt(&args, "--identity", "git:%s", w->commit);
	else if (w->from == TARGET_LOCAL)
		argv_opt(&args, "--identity", "tree:%s", w->tree);
	/* A tarball's checksum is not asked for before it is fetched. */
	tools_args(&args, o);
	edge_words(g, "args", &args);
}

/* A fact, "yes" or a text; what does not read is told and is "no". */
static bool tell(const char *dir, const char *name, const char *key, const char *done)
{
	auto_free char *answer = NULL, *problem = NULL;
	struct err e = { 0 };
	bool yes;

	if (facts_file(dir, "facts", name, &answer, &e) < 0 || facts_file(dir, "facts", "problem", &problem, &e) < 0) {
		log_note("%s", e.msg);
		return false;
	}
	yes = !strcmp(answer, "yes");
	if (yes)
		log_info("%s remote cache: %s", done, key);
	else if (strcmp(problem, "-") != 0)
		log_info("%s", problem);
	return yes;
}

int kernels_fetch(struct kernels *w, const struct search *s, struct err *e)
{
	auto_plan struct plan p = { 0 };
	auto_run struct run r = { 0 };
	const struct run_opts ro = { .explain = s->o->explain, .keep = true };
	int came = 0;

	plan_init(&p, "remote");
	if (plan_begin(&p, s->home, "kernel.ninja", 0, 0, e) < 0)
		return -1;
	for (size_t i = 0; i < w->n; i++) {
		if (!wanted(&w->v[i]))
			continue;
		if (!sharing()) {
			tell_lack();
			return 0;
		}
		plan_get(&p, s->home, s->o, &w->v[i]);
	}
	if (!p.n_edges)
		return 0;
	if (run_plan(&r, &p, &ro, e) < 0 || run_first_failure(&r, &p, e) < 0)
		return -1;
	for (size_t i = 0; i < w->n; i++) {
		struct target *x = &w->v[i];

		if (!wanted(x))
			continue;
		auto_free char *folder = plan_slug(x->key);
		auto_free char *dir = xasprintf("%s/shared/%s", r.dir, folder);

		x->fetched = tell(dir, "found", x->key, "fetched from");
		came += x->fetched;
	}
	return came;
}

const struct edge *target_plan_share(struct plan *p, const struct home *home, const struct kernels_opts *o,
				     const struct target *w)
{
	auto_argv struct argv args = { 0 };
	struct edge *g;

	if (!w->key || !sharing())
		return NULL;
	g = plan_edge(p, "remote-put", "share %s", w->brief);
	g->again = true;
	edge_in(g, "entry/%s/entry", w->brief);
	edge_needs(g, "%s", home->source);
	edge_out(g, "share/%s/facts", w->brief);
	edge_word(g, "outdir", "share/%s", w->brief);
	edge_word(g, "key", "%s", w->key);
	tools_args(&args, o);
	edge_words(g, "args", &args);
	return g;
}

void kernels_tell_shared(const struct kernels *w, const struct run *r)
{
	for (size_t i = 0; i < w->n; i++) {
		const struct target *x = &w->v[i];
		auto_free char *dir = x->share ? xasprintf("%s/share/%s", r->dir, x->brief) : NULL;

		if (dir && run_step(r, x->share)->state == STEP_RAN)
			(void)tell(dir, "stored", x->key, "stored to"); /* a kernel is there either way */
	}
}
