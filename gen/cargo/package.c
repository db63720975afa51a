#include "gen/cargo/package.h"
#include "text/argv.h"
#include "base/err.h"
#include "base/facts.h"
#include "progress/log.h"
#include "base/mem.h"
#include "gen/cargo/cargo.h"
#include "gen/base/home.h"
#include "gen/graph/plan.h"
#include "gen/graph/begin.h"
#include <stdio.h>

#define DIR "scheduler"

/* Its output comes to us by way of a pipe, so that it cannot see for itself what we print on. */
static void set_terminal(void)
{
	(void)setenv("CARGO_TERM_COLOR", log_color_on(stderr) ? "always" : "never", 0);
	if (log_level() == LOG_QUIET)
		(void)setenv("CARGO_TERM_QUIET", "true", 0);
}

static int plan_package(struct plan *p, const struct edge **builds, const struct package_opts *o,
			const struct home *home, struct err *e)
{
	auto_free char *cargo = cargo_program(e), *cwd = get_current_dir_name();
	auto_argv struct argv more = { 0 };

	if (!cargo)
		return -1;
	if (!cwd)
		return err_sys(e, "name of the current folder");
	if (plan_begin(p, home, "cargo.ninja", 0, 0, e) < 0)
		return -1;
	argv_opt(&more, "--cargo", "%s", cargo);
	argv_opt(&more, "--cwd", "%s", cwd);
	argv_fmt(&more, "--package=%s", o->spec);
	if (o->release || o->profile)
		argv_fmt(&more, "--profile=%s", o->release ? "release" : o->profile);
	if (o->bin)
		argv_fmt(&more, "--bin=%s", o->bin);
	struct edge *g = plan_edge(p, "cargo", "cargo build %.200s", o->spec);

	g->always = true;
	edge_needs(g, "%s", home->step);
	edge_out(g, DIR "/binary");
	edge_out(g, DIR "/facts");
	edge_word(g, "outdir", DIR);
	edge_words(g, "args", &more);
	*builds = g;
	return 0;
}

int package_build(struct package *pkg, const struct package_opts *o, const struct home *home, const struct run_opts *ro,
		  struct err *e)
{
	auto_plan struct plan p = { 0 };
	auto_free char *name = xasprintf("scheduler-%s", o->spec);
	struct run_opts kept = *ro;
	const struct edge *builds = NULL;

	kept.keep = true; /* what is verified must be what was built */
	kept.brief = true;
	set_terminal();
	plan_init(&p, name);
	if (plan_package(&p, &builds, o, home, e) < 0 || run_plan(&pkg->run, &p, &kept, e) < 0)
		return -1;
	if (pkg->run.failed) {
		const struct step_result *step = run_step(&pkg->run, builds);

		return err_set(e, step->code, "build scheduler: %s", step->text);
	}
	auto_free char *dir = xasprintf("%s/" DIR, pkg->run.dir);

	if (facts_file(dir, "facts", "name", &pkg->name, e) < 0)
		return -1;
	pkg->binary = xasprintf("%s/binary", dir);
	return 0;
}

void package_words(struct argv *a, const struct package_opts *o)
{
	argv_opt(a, "--scheduler", "%s", o->spec);
	if (o->bin)
		argv_opt(a, "--bin", "%s", o->bin);
	if (o->release)
		argv_add(a, "--release");
	if (o->profile)
		argv_opt(a, "--profile", "%s", o->profile);
}

void package_free(struct package *p)
{
	free(p->binary);
	free(p->name);
	run_free(&p->run);
	*p = (struct package){ 0 };
}
