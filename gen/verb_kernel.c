/* kernel: list, import, build; clean has a file of its own. */
#include "base/argv.h"
#include "base/err.h"
#include "base/facts.h"
#include "base/jsonw.h"
#include "base/log.h"
#include "base/mem.h"
#include "gen/home.h"
#include "gen/plan.h"
#include "gen/verbs.h"
#include "kernel/entry.h"
#include <stdlib.h>

static struct {
	bool json;
} list;

static const struct opt list_opts[] = {
	{ .name = "json", .type = OPT_FLAG, .out = &list.json, .help = "print JSON with all metadata" },
	{ 0 },
};

static void json_entry(struct jsonw *w, const struct kernel_entry *k)
{
	const struct kernel_meta *m = &k->meta;

	jsonw_obj(w);
	if (k->corrupt) {
		jsonw_kstr(w, "error", "corrupt metadata");
		jsonw_kstr(w, "key", k->key);
		jsonw_kstr(w, "path", k->dir);
		jsonw_kstr(w, "reason", k->corrupt);
		jsonw_end_obj(w);
		return;
	}
	auto_free char *image = xasprintf("%s/%s", k->dir, m->image_name);

	jsonw_kstr(w, "arch", m->arch);
	jsonw_kstr(w, "built_at", m->built_at);
	jsonw_kstr(w, "config_hash", m->config_hash);
	jsonw_kstr(w, "git_hash", m->git_hash);
	jsonw_kstr(w, "git_ref", m->git_ref);
	jsonw_kstr(w, "image_name", m->image_name);
	jsonw_kstr(w, "image_path", image);
	jsonw_kstr(w, "key", k->key);
	jsonw_kstr(w, "ktstr_git_hash", m->ktstr_git_hash);
	jsonw_kstr(w, "ktstr_kconfig_hash", m->ktstr_kconfig_hash);
	jsonw_kstr(w, "path", k->dir);
	jsonw_kstr(w, "release", m->release);
	jsonw_kstr(w, "source", m->source);
	jsonw_kstr(w, "source_tree_path", m->source_tree_path);
	jsonw_kbool(w, "stale_kconfig", k->stale_kconfig);
	jsonw_kbool(w, "stale_ktstr", false);
	jsonw_kstr(w, "version", m->version);
	jsonw_kstr(w, "vmlinux_name", m->vmlinux_name);
	jsonw_end_obj(w);
}

static void list_json(const struct kernel_list *l, const char *hash)
{
	struct jsonw w;

	jsonw_init(&w, stdout);
	jsonw_obj(&w);
	jsonw_kstr(&w, "current_ktstr_git_hash", NULL);
	jsonw_kstr(&w, "current_ktstr_kconfig_hash", hash);
	jsonw_key(&w, "entries");
	jsonw_arr(&w);
	for (size_t i = 0; i < l->n; i++)
		json_entry(&w, &l->v[i]);
	jsonw_end_arr(&w);
	jsonw_end_obj(&w);
	jsonw_done(&w);
}

void kernel_row(FILE *f, const struct kernel_entry *k)
{
	const struct kernel_meta *m = &k->meta;

	if (k->corrupt)
		fprintf(f, "  %-48s (corrupt: %s)\n", k->key, k->corrupt);
	else
		fprintf(f, "  %-48s %-12s %-8s %-7s %s%s\n", k->key, m->version ? m->version : "-", m->source, m->arch,
			m->built_at, k->stale_kconfig ? " (stale kconfig)" : "");
}

static void list_text(const struct kernel_list *l)
{
	bool stale = false;

	log_info("cache: %s", l->root);
	if (!l->n) {
		puts("no cached kernels. Run `kernel build` to build one or `kernel import` to import one.");
		return;
	}
	printf("  %-48s %-12s %-8s %-7s %s\n", "KEY", "VERSION", "SOURCE", "ARCH", "BUILT");
	for (size_t i = 0; i < l->n; i++) {
		kernel_row(stdout, &l->v[i]);
		stale |= l->v[i].stale_kconfig;
	}
	if (stale)
		log_warn("entries marked (stale kconfig) were built with a different ktstr.kconfig. Rebuild with: "
			 "kernel build --source DIR");
}

static int list_run(int n, const char *const *args, struct err *e)
{
	auto_kernel_list struct kernel_list l = { 0 };
	auto_home struct home home = { 0 };
	char hash[9];

	(void)n;
	(void)args;
	if (home_find(&home, e) < 0 || verb_kconfig_hash(&home, hash, e) < 0 || kernel_list(&l, hash, e) < 0)
		return e->code;
	if (list.json)
		list_json(&l, hash);
	else
		list_text(&l);
	return X_SUCCESS;
}

static const struct verb verb_list = {
	.name = "list",
	.args = "",
	.summary = "kernels in the cache, newest first",
	.examples = "  cargo ktstr kernel list\n  cargo ktstr kernel list --json\n",
	.opts = list_opts,
	.run = list_run,
};

/* Has the entry made and says where it is; its key alone on stdout, for scripts. */
static int make_entry(const struct plan *p, bool explain, struct err *e)
{
	auto_run struct run r = { 0 };
	auto_free char *key = NULL, *dir = NULL;
	struct run_opts ro = { .explain = explain, .redo = "kernel-" };

	if (run_plan(&r, p, &ro, e) < 0 || run_first_failure(&r, p, e) < 0)
		return e->code;
	auto_free char *out = xasprintf("%s/entry", r.dir);

	if (facts_file(out, "entry", "key", &key, e) < 0 || facts_file(out, "entry", "dir", &dir, e) < 0)
		return e->code;
	log_info("%s✓ Kernel cached: %s%s", log_sgr(stderr, "32"), key, log_sgr(stderr, "0"));
	log_info("  in %s", dir);
	puts(key);
	return X_SUCCESS;
}

static void plan_entry(struct plan *p, const struct home *home, const char *from, struct argv *more)
{
	auto_free char *args = more->n ? argv_quote((const char *const *)more->v) : xstrdup("");
	struct edge *g = plan_edge(p, "kernel-entry", "cache entry");

	edge_in(g, "%s/facts", from);
	edge_needs(g, "%s", home->step);
	edge_out(g, "entry/entry");
	edge_var(g, "outdir", "entry");
	edge_var(g, "from", "%s", from);
	edge_var(g, "args", "%s", args);
}

static struct {
	bool running, explain;
} import;

static const struct opt import_opts[] = {
	{ .name = "running", .type = OPT_FLAG, .out = &import.running, .help = "import the kernel this machine runs" },
	{ .name = "explain", .type = OPT_FLAG, .out = &import.explain, .help = "say why each step ran" },
	{ 0 },
};

static int import_files(struct edge *g, int n, const char *const *args, struct err *e)
{
	auto_argv struct argv a = { 0 };

	if (import.running)
		argv_add(&a, "--running");
	for (int i = 0; i < n; i++) {
		auto_free char *path = realpath(args[i], NULL);

		if (!path) {
			err_sys(e, "%s", args[i]);
			return err_as(e, X_NO_INPUT, "kernel import");
		}
		argv_fmt(&a, "--file=%s", path);
		edge_in(g, "%s", path);
	}
	auto_free char *quoted = argv_quote((const char *const *)a.v);

	edge_var(g, "args", "%s", quoted);
	return 0;
}

static int import_run(int n, const char *const *args, struct err *e)
{
	auto_home struct home home = { 0 };
	auto_plan struct plan p = { 0 };
	auto_argv struct argv none = { 0 };

	if (import.running == (n > 0))
		return err_set(e, X_USAGE, "give either package or image files, or --running"), X_USAGE;
	plan_init(&p, "kernel-import");
	if (home_find(&home, e) < 0 || verb_plan(&p, &home, "kernel.ninja", 0, e) < 0)
		return e->code;
	struct edge *g = plan_edge(&p, "kernel-import", "import");

	edge_needs(g, "%s", home.step);
	edge_out(g, "import/facts");
	edge_var(g, "outdir", "import");
	if (import_files(g, n, args, e) < 0)
		return e->code;
	plan_entry(&p, &home, "import", &none);
	return make_entry(&p, import.explain, e);
}

static const struct verb verb_import = {
	.name = "import",
	.args = "[FILE]...",
	.summary = "bring a kernel that somebody else built into the cache",
	.about =
		"FILE is one or more .deb or .rpm packages of one kernel (image, configuration, debug symbols), or a bare\n"
		"vmlinuz, bzImage or vmlinux. The kernel must have sched_ext.",
	.examples = "  cargo ktstr kernel import linux-image-*.deb linux-base-*.deb\n"
		    "  cargo ktstr kernel import /boot/vmlinuz-6.16.3 /boot/config-6.16.3\n"
		    "  cargo ktstr kernel import --running\n",
	.opts = import_opts,
	.max_args = SIZE_MAX,
	.run = import_run,
};

static struct {
	const char *source;
	bool explain;
} build;

static const struct opt build_opts[] = {
	{ .name = "source",
	  .type = OPT_STR,
	  .out = &build.source,
	  .arg = "DIR",
	  .help = "kernel source tree to build" },
	{ .name = "explain", .type = OPT_FLAG, .out = &build.explain, .help = "say why each step ran" },
	{ 0 },
};

static int build_run(int n, const char *const *args, struct err *e)
{
	auto_home struct home home = { 0 };
	auto_plan struct plan p = { 0 };
	auto_argv struct argv more = { 0 };

	(void)n;
	(void)args;
	if (!build.source)
		return err_set(e, X_USAGE, "--source DIR is required"), X_USAGE;
	auto_free char *source = realpath(build.source, NULL);

	if (!source) {
		err_sys(e, "%s", build.source);
		return err_as(e, X_NO_INPUT, "kernel source"), e->code;
	}
	plan_init(&p, "kernel-build");
	if (home_find(&home, e) < 0 || verb_plan(&p, &home, "kernel.ninja", 0, e) < 0)
		return e->code;
	auto_free char *quoted = shell_quote(source);
	auto_free char *fragment = shell_quote(home.fragment);
	auto_free char *name = plan_slug(strrchr(source, '/') + 1);
	struct edge *g = plan_edge(&p, "kernel-build", "build %s", name);

	edge_in(g, "%s", home.fragment);
	edge_needs(g, "%s", home.step);
	edge_out(g, "build/facts");
	edge_var(g, "outdir", "build");
	edge_var(g, "source", "%s", quoted);
	edge_var(g, "fragment", "%s", fragment);
	edge_var(g, "arch", "x86_64");
	edge_var(g, "args", "%s", "");
	argv_opt(&more, "--source", "%s", source);
	argv_opt(&more, "--fragment", "%s", home.fragment);
	plan_entry(&p, &home, "build", &more);
	return make_entry(&p, build.explain, e);
}

static const struct verb verb_build = {
	.name = "build",
	.args = "",
	.summary = "build a kernel with sched_ext and put it into the cache",
	.about =
		"The tree is only read; objects go to the store. Configuration is defconfig with ktstr.kconfig on top, and\n"
		"every option asked for is checked before the long build.",
	.examples = "  cargo ktstr kernel build --source ../linux\n",
	.opts = build_opts,
	.run = build_run,
};

static const struct verb *const subs[] = { &verb_list, &verb_import, &verb_build, &verb_kernel_clean, NULL };

const struct verb verb_kernel = {
	.name = "kernel",
	.args = "",
	.summary = "kernels to test on: list, import, build, clean",
	.sub = subs,
};
