/* The edges that make a kernel: source, build, entry of the cache. */
#include "arch/arch.h"
#include "text/argv.h"
#include "base/err.h"
#include "base/facts.h"
#include "base/file.h"
#include "progress/log.h"
#include "base/mem.h"
#include "gen/base/home.h"
#include "gen/graph/plan.h"
#include "gen/graph/run.h"
#include "gen/kernels/kernels.h"
#include "gen/kernels/remote.h"
#include "kernel/build/build.h"
#include "kernel/cache/entry.h"

static const struct edge *plan_source(struct plan *p, const struct home *home, const struct target *w)
{
	struct edge *g;

	if (w->from == TARGET_TARBALL) {
		g = plan_edge(p, "tarball", "source %s", w->brief);
		edge_word(g, "version", "%s", w->version);
	} else {
		g = plan_edge(p, "clone", "source %s", w->brief);
		edge_word(g, "url", "%s", w->url);
		edge_word(g, "ref", "%s", w->ref);
		edge_word(g, "commit", "%s", w->commit);
	}
	edge_heading(g, "kernel %s", w->brief);
	edge_needs(g, "%s", home->source);
	edge_out(g, "source/%s/facts", w->brief);
	edge_word(g, "outdir", "source/%s", w->brief);
	return g;
}

static void build_args(struct argv *a, const struct target *w, const struct build_how *how,
		       const struct kernels_opts *o)
{
	argv_opt(a, "--kc", "%s", how->kc);
	if (w->base) {
		argv_opt(a, "--base", "%s", w->base);
		argv_opt(a, "--extra-kc", "%s", w->base_kc);
	} else if (how->kconfig) {
		argv_opt(a, "--kconfig", "%s", how->kconfig);
		argv_opt(a, "--extra-kc", "%s", how->extra);
	}
	if (o->llvm)
		argv_opt(a, "--llvm", "%s", o->llvm);
	if (o->cross)
		argv_opt(a, "--cross", "%s", o->cross);
	if (o->jobs)
		argv_opt(a, "--jobs", "%llu", (unsigned long long)o->jobs);
	if (o->force)
		argv_add(a, "--force");
}

static struct kbuild tools_of(const struct build_how *how, const struct kernels_opts *o)
{
	return (struct kbuild){ .arch = how->key.arch, .llvm = o->llvm, .cross = o->cross };
}

static void add_tools(struct plan *p, struct edge *g, const struct build_how *how, const struct kernels_opts *o)
{
	const struct kbuild b = tools_of(how, o);
	char *program, *package;

	for (size_t i = 0; kbuild_tool(&b, i, &program, &package); i++) {
		edge_tool(p, g, program);
		free(program);
		free(package);
	}
}

static const struct edge *plan_build(struct plan *p, const struct home *home, const struct target *w,
				     const struct build_how *how, const struct kernels_opts *o)
{
	static const char *const outs[] = { "facts", "bzImage", "vmlinux", "config" };
	auto_argv struct argv from = { 0 }, args = { 0 };
	struct edge *g = plan_edge(p, "kernel-build", "build %s", w->brief);

	if (w->from == TARGET_LOCAL) {
		edge_heading(g, "kernel %s", w->brief);
		argv_opt(&from, "--source", "%s", w->dir);
		argv_opt(&from, "--tree", "%s", w->tree);
	} else {
		edge_in(g, "source/%s/facts", w->brief);
		argv_opt(&from, "--from", "source/%s", w->brief);
	}
	edge_in(g, "%s", home->fragment);
	if (w->base || how->kconfig)
		edge_in(g, "%s", w->base ? w->base : how->kconfig);
	edge_needs(g, "%s", home->source);
	add_tools(p, g, how, o);
	for (size_t i = 0; i < countof(outs); i++)
		edge_out(g, "build/%s/%s", w->brief, outs[i]);
	edge_word(g, "outdir", "build/%s", w->brief);
	edge_words(g, "from", &from);
	edge_word(g, "fragment", "%s", home->fragment);
	edge_word(g, "arch", "%s", how->key.arch);
	build_args(&args, w, how, o);
	edge_words(g, "args", &args);
	g->again = o->ask_again;
	return g;
}

static void entry_args(struct argv *a, const struct target *w, const struct build_how *how,
		       const struct kernels_opts *o)
{
	argv_opt(a, "--key", "%s", w->key);
	if (w->from == TARGET_TARBALL)
		argv_opt(a, "--version", "%s", w->version);
	argv_opt(a, "--kc", "%s", how->kc);
	if (w->base || how->key.extra_kc)
		argv_opt(a, "--extra-kc", "%s", w->base ? w->base_kc : how->key.extra_kc);
	if (w->commit)
		argv_opt(a, "--git-hash", "%.7s", w->commit);
	if (w->ref)
		argv_fmt(a, "--git-ref=%s", w->ref);
	if (w->dir)
		argv_opt(a, "--source", "%s", w->dir);
	if (o->force)
		argv_add(a, "--renew");
}

static const struct edge *plan_entry(struct plan *p, const struct home *home, const struct target *w,
				     const struct build_how *how, const struct kernels_opts *o)
{
	auto_argv struct argv args = { 0 };
	struct edge *g = plan_edge(p, "kernel-entry", "cache entry %s", w->brief);

	edge_in(g, "build/%s/facts", w->brief);
	edge_in(g, "build/%s/bzImage", w->brief);
	edge_needs(g, "%s", home->step);
	edge_out(g, "entry/%s/entry", w->brief);
	edge_word(g, "outdir", "entry/%s", w->brief);
	edge_word(g, "from", "build/%s", w->brief);
	entry_args(&args, w, how, o);
	edge_words(g, "args", &args);
	g->again = true; /* the entry may have been removed */
	return g;
}

/* Before hundreds of megabytes are fetched for a build that cannot be, or for one whose kernel cannot be kept. A tree that is here costs
 * nothing, and its build asks for its tools itself. */
static int check_first(const struct kernels *w, const struct build_how *how, const struct kernels_opts *o,
		       struct err *e)
{
	auto_free char *store = cache_path("KTSTR_STORE", "store", e), *tools = NULL;
	const struct kbuild b = tools_of(how, o);
	bool fetched = false, kept = false;

	if (!store || kbuild_folder(store, "name another folder by KTSTR_STORE", e) < 0)
		return -1;
	for (size_t i = 0; i < w->n; i++) {
		const struct target *t = &w->v[i];

		if (t->from == TARGET_LOCAL && kbuild_folder(t->dir, "rename it", e) < 0)
			return -1;
		fetched |= t->from == TARGET_TARBALL || t->from == TARGET_GIT;
		kept |= t->from != TARGET_READY && t->key;
	}
	if (kept && kernel_store_try(e) < 0)
		return -1;
	return fetched ? kbuild_toolchain(&b, &tools, e) : 0;
}

int kernels_plan(struct plan *p, const struct home *home, struct kernels *w, const struct kernels_opts *o,
		 struct err *e)
{
	auto_free char *rules = xasprintf("%s/kernel.ninja", home->rules);
	auto_how struct build_how how = { 0 };
	size_t missing = 0;

	for (size_t i = 0; i < w->n; i++) {
		w->v[i].fetch = w->v[i].made = w->v[i].share = NULL;
		missing += w->v[i].from != TARGET_READY;
	}
	if (!missing)
		return 0;
	if (build_how_of(&how, home, o, e) < 0 || check_first(w, &how, o, e) < 0)
		return -1;
	plan_include(p, rules);
	for (size_t i = 0; i < w->n; i++) {
		struct target *x = &w->v[i];

		if (x->from == TARGET_READY)
			continue;
		if (x->from != TARGET_LOCAL)
			x->fetch = plan_source(p, home, x);
		x->made = plan_build(p, home, x, &how, o);
		if (x->key)
			x->made = plan_entry(p, home, x, &how, o);
		x->share = target_plan_share(p, home, o, x);
		free(x->k.image);
		free(x->k.vmlinux);
		free(x->k.config);
		x->k.image = xasprintf("build/%s/bzImage", x->brief);
		x->k.vmlinux = xasprintf("build/%s/vmlinux", x->brief);
		x->k.config = xasprintf("build/%s/config", x->brief);
		x->k.arch = arch_by_name(how.key.arch);
	}
	return 0;
}

static void tell_unchecked(const struct target *w, const struct run *r)
{
	auto_free char *dir = xasprintf("%s/source/%s", r->dir, w->brief);
	auto_free char *what = NULL;
	struct err ignored;

	if (run_step(r, w->fetch)->state != STEP_RAN || facts_file(dir, "facts", "unchecked", &what, &ignored) < 0)
		return;
	if (strcmp(what, "-") != 0)
		log_note("Linux %s: %s (docs/kernels.md)", w->version, what);
}

void kernels_tell_made(const struct kernels *w, const struct run *r)
{
	for (size_t i = 0; i < w->n; i++) {
		if (w->v[i].from == TARGET_TARBALL && w->v[i].fetch)
			tell_unchecked(&w->v[i], r);
	}
	kernels_tell_shared(w, r);
}
