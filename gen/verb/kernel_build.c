/* kernel build: kernels of any source, as entries of the cache. */
#include "base/err.h"
#include "base/file.h"
#include "progress/log.h"
#include "base/mem.h"
#include "gen/complete/commands.h"
#include "gen/base/home.h"
#include "gen/graph/plan.h"
#include "gen/verb/opts.h"
#include "gen/graph/begin.h"
#include "gen/graph/run.h"
#include "gen/verb/entries.h"
#include "gen/verb/kernel_build.h"
#include "gen/verb/verbs.h"
#include "gen/kernels/kernels.h"
#include "kernel/cache/entry.h"
#include "kernel/name/word.h"
#include <string.h>

static struct {
	const char *source, *kernel, *git, *ref, *kconfig;
	bool force, clean, explain;
	uint64_t jobs;
	struct opt_list launchers;
} o;

static const struct opt opts[] = {
	{ .name = "source",
	  .type = OPT_STR,
	  .out = &o.source,
	  .arg = "PATH",
	  .help = "build this source tree",
	  .conflicts = "git ref" },
	/* Of newer versions of upstream. */
	{ .name = "kernel",
	  .type = OPT_STR,
	  .out = &o.kernel,
	  .arg = "ID",
	  .help = "build this version or source tree",
	  .hidden = true,
	  .conflicts = "source git ref" },
	{ .name = "git",
	  .type = OPT_STR,
	  .out = &o.git,
	  .arg = "URL",
	  .help = "build a commit of this repository",
	  .needs = "ref" },
	{ .name = "ref",
	  .type = OPT_STR,
	  .out = &o.ref,
	  .arg = "REF",
	  .help = "branch, tag or full commit id to build",
	  .needs = "git" },
	{ .name = "kconfig",
	  .alias = "extra-kconfig",
	  .type = OPT_STR,
	  .out = &o.kconfig,
	  .arg = "FILE",
	  .help = "put options of your own on top of ktstr.kconfig" },
	{ .name = "force", .type = OPT_FLAG, .out = &o.force, .help = "build even if a cached kernel exists" },
	{ .name = "clean", .type = OPT_FLAG, .out = &o.clean, .help = "run make mrproper first; only with --source" },
	LAUNCHER_OPT(o.launchers),
	EXPLAIN_OPT(o.explain),
	JOBS_OPT(o.jobs, 4096, "how many jobs make runs; as many as CPUs unless given"),
	{ 0 },
};

static void tell_found(const struct target *w)
{
	const char *slash = strrchr(w->k.image, '/');

	if (w->dir)
		commands_restore(w->dir);
	log_info("cached kernel found: %.*s", (int)(slash - w->k.image), w->k.image);
	log_info("use --force to rebuild");
	puts(w->key);
}

static int tell_made(const struct target *w, const struct run *r, struct err *e)
{
	auto_free char *build = xasprintf("%s/build/%s", r->dir, w->brief);
	auto_free char *entry = xasprintf("%s/entry/%s", r->dir, w->brief);

	if (w->from == TARGET_LOCAL)
		commands_place(build, w->dir);
	if (w->key)
		return entry_print_made(entry, e);
	log_info("kernel built at %s/bzImage", build);
	log_info("not entered in the list, because the tree has uncommitted changes");
	printf("%s/bzImage\n", build);
	return 0;
}

static bool is_made(const struct target *w, const struct run *r)
{
	enum step_state state = run_step(r, w->made)->state;

	return state == STEP_RAN || state == STEP_CACHED;
}

static int make(const struct kernels *w, const struct plan *p, struct err *e)
{
	auto_run struct run r = { 0 };
	const struct run_opts ro = { .explain = o.explain, .keep = true };

	if (p->n_edges && run_plan(&r, p, &ro, e) < 0)
		return -1;
	for (size_t i = 0; i < w->n; i++) {
		const struct target *x = &w->v[i];

		if (x->from == TARGET_READY)
			tell_found(x);
		else if (is_made(x, &r) && tell_made(x, &r, e) < 0)
			return -1;
	}
	if (r.dir)
		kernels_tell_made(w, &r);
	return run_failures(&r, p, e);
}

static int build(struct kernels *w, const struct home *home, const struct kernels_opts *wo, struct err *e)
{
	auto_plan struct plan p = { 0 };

	plan_init(&p, "kernel-build");
	if (plan_begin(&p, home, "kernel.ninja", 0, 0, e) < 0 || kernels_plan(&p, home, w, wo, e) < 0)
		return -1;
	return make(w, &p, e);
}

/* A tree is cleaned when something is built in its place, and what is cached needs no build. */
static int find_tree(struct kernels *w, const struct home *home, const struct kernels_opts *wo, struct err *e)
{
	struct kernels_opts look = *wo;

	look.clean = false;
	if (wo->clean && !wo->force) {
		if (kernels_of_tree(w, home, o.source, &look, e) < 0)
			return -1;
		if (w->v[0].from == TARGET_READY)
			return 0;
		kernels_free(w);
	}
	return kernels_of_tree(w, home, o.source, wo, e);
}

static int find(struct kernels *w, const struct home *home, size_t n, const char *const *args,
		const struct kernels_opts *wo, struct err *e)
{
	if (o.source)
		return find_tree(w, home, wo, e);
	if (o.git)
		return kernels_of_git(w, home, o.git, o.ref, wo, e);
	return kernels_of_versions(w, home, args, n, wo, e);
}

/* Who configured a tree by hand may expect that to count, as it does for tests. */
static void tell_configured(void)
{
	auto_free char *config = o.source && !o.kconfig && !o.clean ? xasprintf("%s/.config", o.source) : NULL;

	if (config && file_exists(config))
		log_note(
			"%s is not used: the configuration is defconfig with ktstr.kconfig on top; --kconfig %s adds it",
			config, config);
}

/* --kernel ID is a VERSION, or a tree. */
static int take_kernel(int *n, const char *const **args, struct err *e)
{
	struct kernel_word word;

	if (!o.kernel)
		return 0;
	if (*n)
		return err_set(e, X_USAGE, "the argument 'VERSION' cannot be used with '--kernel'");
	if (kernel_word_parse(&word, o.kernel, e) < 0)
		return -1;
	if (word.kind == KWORD_PATH || word.kind == KWORD_NAME || word.kind == KWORD_RUNNING) {
		o.source = o.kernel;
		return 0;
	}
	*args = &o.kernel;
	*n = 1;
	return 0;
}

static int build_run(int n, const char *const *args, struct err *e)
{
	auto_home struct home home = { 0 };
	auto_kernels struct kernels w = { 0 };
	struct kernels_opts wo = {
		.force = o.force, .ask_again = true, .explain = o.explain, .kconfig = o.kconfig, .jobs = o.jobs
	};

	if (take_kernel(&n, &args, e) < 0)
		return e->code;
	wo.clean = o.clean && o.source;
	if (n && (o.source || o.git))
		return err_set(e, X_USAGE, "the argument 'VERSION' cannot be used with '--%s'",
			       o.source ? "source" : "git"),
		       X_USAGE;
	if (o.clean && !o.source)
		log_note("--clean is only meaningful with --source: other sources start clean");
	tell_configured();
	if (launcher_asked(&o.launchers, e) < 0 || home_find(&home, e) < 0 || kernels_environment(&wo, e) < 0 ||
	    find(&w, &home, (size_t)n, args, &wo, e) < 0 || build(&w, &home, &wo, e) < 0)
		return e->code;
	return X_SUCCESS;
}

int kernel_build_tree(const char *dir, bool clean, struct err *e)
{
	o.source = dir;
	o.clean = clean;
	return build_run(0, NULL, e);
}

const struct verb verb_kernel_build = {
	.name = "build",
	.args = "[VERSION]...",
	.summary = "build kernels with sched_ext and put them into the cache",
	.about =
		"Without VERSION it builds the latest stable kernel. 6.14.2 and 6.15-rc3 are releases, 6.12 is the newest\n"
		"release of that series, and 6.12..6.16 the newest of each supported series from the first to the last.\n\n"
		"It does not build a kernel that is in the cache already. It knows trees on this machine by their content;\n"
		"one with uncommitted changes is built, but gets no entry in the cache. The configuration is defconfig with\n"
		"ktstr.kconfig on top, and every option that this asks for is checked before the long build. ARCH,\n"
		"CROSS_COMPILE and LLVM mean what they mean to the kernel's own make.",
	.examples =
		"  cargo ktstr kernel build\n"
		"  cargo ktstr kernel build 6.14.2\n"
		"  cargo ktstr kernel build 6.12..6.16\n"
		"  cargo ktstr kernel build --source ../linux\n"
		"  cargo ktstr kernel build --git https://git.kernel.org/pub/scm/linux/kernel/git/tj/sched_ext.git \\\n"
		"      --ref for-next\n",
	.opts = opts,
	.max_args = SIZE_MAX,
	.run = build_run,
};
