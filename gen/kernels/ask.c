#include "gen/kernels/ask.h"

#include "base/err.h"
#include "base/facts.h"
#include "base/file.h"
#include "progress/log.h"
#include "base/mem.h"
#include "gen/base/home.h"
#include "gen/graph/plan.h"
#include "gen/graph/run.h"
#include "gen/graph/begin.h"

#define RELEASES_URL "https://www.kernel.org/releases.json"

enum { LIST_MAX = 4 << 20 };

static char *question_name(const struct ask *a, const char *name)
{
	auto_free char *base = plan_slug(name);
	char *out = xstrdup(base);

	for (size_t i = 0, n = 1; i < a->n; i++) {
		if (strcmp(a->v[i].name, out) != 0)
			continue;
		free(out);
		out = xasprintf("%s-%zu", base, ++n);
		i = (size_t)-1;
	}
	return out;
}

static size_t add(struct ask *a, const struct question *q, const char *name)
{
	for (size_t i = 0; i < a->n; i++) {
		const struct question *have = &a->v[i];

		if (have->kind == q->kind && !strcmp(have->where, q->where) &&
		    !strcmp(have->ref ? have->ref : "", q->ref ? q->ref : ""))
			return i;
	}
	a->v = xreallocarray(a->v, a->n + 1, sizeof(*a->v));
	a->v[a->n] = (struct question){
		.kind = q->kind,
		.where = xstrdup(q->where),
		.ref = q->ref ? xstrdup(q->ref) : NULL,
		.clean = q->clean,
		.name = question_name(a, name),
	};
	return a->n++;
}

size_t ask_releases(struct ask *a)
{
	const char *url = getenv("KTSTR_RELEASES_URL");
	const struct question q = { .kind = ASK_RELEASES, .where = (char *)(url && *url ? url : RELEASES_URL) };

	return add(a, &q, "releases");
}

size_t ask_ref(struct ask *a, const char *url, const char *ref)
{
	const struct question q = { .kind = ASK_REF, .where = (char *)url, .ref = (char *)ref };

	return add(a, &q, ref);
}

size_t ask_tree(struct ask *a, const char *dir, bool clean)
{
	const struct question q = { .kind = ASK_TREE, .where = (char *)dir, .clean = clean };
	const char *slash = strrchr(dir, '/');

	return add(a, &q, slash && slash[1] ? slash + 1 : dir);
}

static struct edge *plan_tree(struct plan *p, const struct home *home, const struct question *q)
{
	struct edge *g;

	if (q->clean) {
		g = plan_edge(p, "mrproper", "make mrproper in %s", q->name);
		edge_needs(g, "%s", home->source);
		edge_out(g, "clean/%s/facts", q->name);
		edge_word(g, "outdir", "clean/%s", q->name);
		edge_word(g, "source", "%s", q->where);
		g->again = true;
	}
	g = plan_edge(p, "tree", "source tree %s", q->name);
	if (q->clean)
		edge_needs(g, "clean/%s/facts", q->name);
	edge_word(g, "source", "%s", q->where);
	return g;
}

static void plan_question(struct plan *p, const struct home *home, const struct question *q)
{
	struct edge *g = NULL;

	switch (q->kind) {
	case ASK_RELEASES:
		g = plan_edge(p, "releases", "kernel releases");
		edge_out(g, "asked/%s/releases.json", q->name);
		edge_word(g, "url", "%s", q->where);
		break;
	case ASK_REF:
		g = plan_edge(p, "remote-ref", "ref %s", q->name);
		edge_word(g, "url", "%s", q->where);
		edge_word(g, "ref", "%s", q->ref);
		break;
	case ASK_TREE:
		g = plan_tree(p, home, q);
		break;
	}
	edge_needs(g, "%s", home->source);
	edge_out(g, "asked/%s/facts", q->name);
	edge_word(g, "outdir", "asked/%s", q->name);
	g->again = true;
}

/* A fact that is "-" says that there is none: NULL. */
static int fact(const char *dir, const char *key, char **value, struct err *e)
{
	auto_free char *text = NULL;

	if (facts_file(dir, "facts", key, &text, e) < 0)
		return -1;
	*value = strcmp(text, "-") != 0 ? TAKE(text) : NULL;
	return 0;
}

static int take_releases(struct ask *a, const char *dir, struct err *e)
{
	auto_free char *path = xasprintf("%s/releases.json", dir);
	auto_free char *text = NULL, *fetched = NULL, *problem = NULL;
	size_t n;

	if (file_read(AT_FDCWD, path, LIST_MAX, &text, &n, e) < 0 || releases_parse(&a->releases, text, n, e) < 0 ||
	    fact(dir, "fetched", &fetched, e) < 0 || fact(dir, "problem", &problem, e) < 0)
		return -1;
	if (problem)
		log_note("the list of kernel releases is that of %s: %s", fetched ? fetched : "an unknown time",
			 problem);
	return 0;
}

static int take_tree(struct question *q, const char *dir, struct err *e)
{
	auto_free char *dirty = NULL;

	if (fact(dir, "tree", &q->tree, e) < 0 || fact(dir, "version", &q->version, e) < 0 ||
	    fact(dir, "commit", &q->commit, e) < 0 || fact(dir, "dirty", &dirty, e) < 0)
		return -1;
	if (!q->tree || !q->version)
		return err_set(e, X_FAIL, "%s: no hash or no version in its facts", q->where);
	q->dirty = dirty && !strcmp(dirty, "yes");
	return 0;
}

static int take_ref(struct question *q, const char *dir, struct err *e)
{
	if (fact(dir, "commit", &q->commit, e) < 0)
		return -1;
	return q->commit ? 0 : err_set(e, X_FAIL, "%s: no commit for %s", q->where, q->ref);
}

static int take_answer(struct ask *a, struct question *q, const struct run *r, struct err *e)
{
	auto_free char *dir = xasprintf("%s/asked/%s", r->dir, q->name);

	switch (q->kind) {
	case ASK_RELEASES:
		return take_releases(a, dir, e);
	case ASK_REF:
		return take_ref(q, dir, e);
	case ASK_TREE:
		break;
	}
	return take_tree(q, dir, e);
}

int ask_run(struct ask *a, const struct home *home, bool explain, struct err *e)
{
	auto_plan struct plan p = { 0 };
	auto_run struct run r = { 0 };
	const struct run_opts ro = { .explain = explain, .keep = true };

	if (!a->n)
		return 0;
	plan_init(&p, "ask");
	if (plan_begin(&p, home, "kernel.ninja", 0, 0, e) < 0)
		return -1;
	for (size_t i = 0; i < a->n; i++)
		plan_question(&p, home, &a->v[i]);
	if (run_plan(&r, &p, &ro, e) < 0 || run_first_failure(&r, &p, e) < 0)
		return -1;
	for (size_t i = 0; i < a->n; i++) {
		if (take_answer(a, &a->v[i], &r, e) < 0)
			return -1;
	}
	return 0;
}

void ask_free(struct ask *a)
{
	for (size_t i = 0; i < a->n; i++) {
		struct question *q = &a->v[i];

		free(q->where);
		free(q->ref);
		free(q->name);
		free(q->commit);
		free(q->version);
		free(q->tree);
	}
	free(a->v);
	releases_free(&a->releases);
	*a = (struct ask){ 0 };
}
