/* kernel import: a kernel that somebody else built, as an entry of the cache. */
#include "text/argv.h"
#include "base/err.h"
#include "base/facts.h"
#include "base/mem.h"
#include "gen/base/home.h"
#include "gen/graph/plan.h"
#include "gen/verb/opts.h"
#include "gen/graph/begin.h"
#include "gen/graph/run.h"
#include "gen/verb/entries.h"
#include "gen/verb/verbs.h"
#include <stdlib.h>

static struct {
	bool running, explain;
} o;

static const struct opt opts[] = {
	{ .name = "running", .type = OPT_FLAG, .out = &o.running, .help = "import the kernel that this machine runs" },
	EXPLAIN_OPT(o.explain),
	{ 0 },
};

static int add_files(struct edge *g, int n, const char *const *args, struct err *e)
{
	auto_argv struct argv a = { 0 };

	if (o.running)
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
	edge_words(g, "args", &a);
	return 0;
}

static void plan_entry(struct plan *p, const struct home *home)
{
	struct edge *g = plan_edge(p, "kernel-entry", "cache entry");

	edge_in(g, "import/facts");
	edge_needs(g, "%s", home->step);
	edge_out(g, "entry/entry");
	g->again = true;
	edge_word(g, "outdir", "entry");
	edge_word(g, "from", "import");
	edge_text(g, "args", "%s", "");
}

static int make_entry(const struct plan *p, struct err *e)
{
	auto_run struct run r = { 0 };
	const struct run_opts ro = { .explain = o.explain, .keep = true };

	if (run_plan(&r, p, &ro, e) < 0 || run_first_failure(&r, p, e) < 0)
		return e->code;
	auto_free char *out = xasprintf("%s/entry", r.dir);

	return entry_print_made(out, e) < 0 ? e->code : X_SUCCESS;
}

static int import_run(int n, const char *const *args, struct err *e)
{
	auto_home struct home home = { 0 };
	auto_plan struct plan p = { 0 };

	if (o.running == (n > 0))
		return err_set(e, X_USAGE, "give either package or image files, or --running"), X_USAGE;
	plan_init(&p, "kernel-import");
	if (home_find(&home, e) < 0 || plan_begin(&p, &home, "kernel.ninja", 0, 0, e) < 0)
		return e->code;
	struct edge *g = plan_edge(&p, "kernel-import", "import");

	edge_needs(g, "%s", home.step);
	edge_tool(&p, g, "strip");
	edge_out(g, "import/facts");
	g->again = true;
	edge_word(g, "outdir", "import");
	if (add_files(g, n, args, e) < 0)
		return e->code;
	plan_entry(&p, &home);
	return make_entry(&p, e);
}

const struct verb verb_kernel_import = {
	.name = "import",
	.args = "[FILE]...",
	.summary = "add a kernel that somebody else built to the cache",
	.about =
		"FILE is one or more .deb or .rpm packages of one kernel (image, configuration, debug symbols), or a single\n"
		"vmlinuz, bzImage or vmlinux. The kernel must have sched_ext.",
	.examples = "  cargo ktstr kernel import linux-image-*.deb linux-base-*.deb\n"
		    "  cargo ktstr kernel import /boot/vmlinuz-6.16.3 /boot/config-6.16.3\n"
		    "  cargo ktstr kernel import --running\n",
	.opts = opts,
	.max_args = SIZE_MAX,
	.run = import_run,
};
