#include "gen/verb/suite.h"

#include "text/argv.h"
#include "base/err.h"
#include "progress/log.h"
#include "base/mem.h"
#include "base/stop.h"
#include "gen/cargo/cargo.h"
#include "gen/cargo/junit.h"
#include "gen/complete/commands.h"
#include "gen/base/home.h"
#include "gen/graph/plan.h"
#include "gen/graph/run.h"
#include "gen/base/table.h"
#include "gen/verb/opts.h"
#include "gen/graph/begin.h"
#include "gen/matrix/matrix.h"
#include "gen/verb/verbs.h"
#include "gen/kernels/kernels.h"
#include "kernel/name/id.h"
#include "kernel/name/word.h"
#include <stdlib.h>
#include <sys/stat.h>

static struct {
	struct opt_list kernels;
	struct build_asked missing;
	bool make, explain;
	const char *seeds, *clock;
} o;

const struct opt suite_opts[] = {
	{ .name = "kernel",
	  .type = OPT_LIST,
	  .out = &o.kernels,
	  .arg = "ID",
	  .help = "kernel to test on: source tree or other path, version, cache key, range" },
	BUILD_ASKED_OPTS(o.missing),
	{ .name = "make",
	  .type = OPT_FLAG,
	  .out = &o.make,
	  .conflicts = "no-build",
	  .help = "run make in a source tree even if nothing in it changed" },
	{ .name = "seeds",
	  .type = OPT_STR,
	  .out = &o.seeds,
	  .arg = "N|A..B",
	  .help = "tests of libktstr run with so many seeds, or these (KTSTR_SEEDS)" },
	{ .name = "clock",
	  .type = OPT_STR,
	  .out = &o.clock,
	  .arg = "WHICH",
	  .choices = "real virtual",
	  .help = "tests of libktstr run by this clock (KTSTR_CLOCK)" },
	EXPLAIN_OPT(o.explain),
	{ 0 },
};

/* The kernels of a request, after those that were missing were built. */
struct made_kernels {
	struct home home;
	struct kernels w;
	struct plan plan;
	struct run run;
};

static void made_kernels_free(struct made_kernels *k)
{
	run_free(&k->run);
	plan_free(&k->plan);
	kernels_free(&k->w);
	home_free(&k->home);
}
#define auto_made_kernels __attribute__((unused, cleanup(made_kernels_free)))

/* How it went on one kernel. */
struct on_kernel {
	enum { NOT_RUN, NO_KERNEL, ENDED, STOPPED } how;
	int code;
	long long ms;
	char *folder; /* of the kernel */
};

static int make_kernels(struct made_kernels *k, const struct kernels_opts *how, struct err *e)
{
	const struct run_opts ro = { .explain = o.explain, .keep = true };

	plan_init(&k->plan, "kernel-build");
	if (plan_begin(&k->plan, &k->home, "kernel.ninja", 0, 0, e) < 0 ||
	    kernels_plan(&k->plan, &k->home, &k->w, how, e) < 0)
		return -1;
	if (!k->plan.n_edges)
		return 0;
	if (run_plan(&k->run, &k->plan, &ro, e) < 0)
		return -1;
	kernels_tell_made(&k->w, &k->run);
	return 0;
}

/* own_config: a source tree is built, as --kernel has it; else it is what lies there, as everywhere. n 0: the default. */
static int find_kernels(struct made_kernels *k, const char *const *ids, size_t n, bool own_config, struct err *e)
{
	struct kernels_opts how = {
		.build = build_asked(&o.missing),
		.own_config = own_config,
		.ask_again = true,
		.force = o.make,
		.explain = o.explain,
	};

	if (home_find(&k->home, e) < 0 || kernels_environment(&how, e) < 0 ||
	    kernels_find(&k->w, &k->home, ids, n, &how, e) < 0)
		return -1;
	return make_kernels(k, &how, e);
}

static int check_made(const struct made_kernels *k, const struct target *w, struct err *e)
{
	const struct step_result *step;

	if (w->from == TARGET_READY)
		return 0;
	step = run_step(&k->run, w->made);
	if (step->state == STEP_FAILED || step->state == STEP_NOT_RUN)
		return err_set(e, step->code, "%s", step->text ? step->text : "was not built");
	return 0;
}

/* NULL: it could not be made. Caller frees. */
static char *folder_of(const struct made_kernels *k, const struct target *w, struct err *e)
{
	if (check_made(k, w, e) < 0)
		return NULL;
	if (w->from == TARGET_LOCAL) {
		auto_free char *build = xasprintf("%s/build/%s", k->run.dir, w->brief);

		commands_place(build, w->dir);
	} else if (w->dir) {
		commands_restore(w->dir);
	}
	return target_folder(w, &k->run, e);
}

static int export(const char *name, const char *value, struct err *e)
{
	return setenv(name, value, 1) < 0 ? err_sys(e, "set %s", name) : 0;
}

/* Exports the kernel for what runs next. */
static int choose(const struct target *w, const char *folder, struct err *e)
{
	target_used(w);
	log_info("cargo-ktstr: using %s %s", w->key ? "cached kernel" : "kernel", folder);
	return export("KTSTR_KERNEL", folder, e);
}

static const char *outcome(const struct on_kernel *r)
{
	/* nextest's own codes; others run it. */
	static const struct {
		int code;
		const char *word;
	} words[] = { { 0, "passed" }, { 4, "no tests" }, { 100, "failed" }, { 101, "not built" } };

	if (r->how != ENDED)
		return r->how == NOT_RUN ? "not run" : r->how == STOPPED ? "stopped" : "no kernel";
	for (size_t i = 0; i < countof(words); i++) {
		if (words[i].code == r->code)
			return words[i].word;
	}
	return "ended";
}

static void print_grid(const struct made_kernels *k, const struct on_kernel *results)
{
	auto_table struct table t = { 0 };

	table_column(&t, "kernel", false);
	table_column(&t, "tests", false);
	table_column(&t, "exit code", true);
	table_column(&t, "time", true);
	for (size_t i = 0; i < k->w.n; i++) {
		const struct on_kernel *r = &results[i];
		bool ran = r->how == ENDED || r->how == STOPPED;

		table_cell(&t, "%s", k->w.v[i].k.label);
		table_cell(&t, "%s", outcome(r));
		if (r->how == NOT_RUN)
			table_cell(&t, "-");
		else
			table_cell(&t, "%d", r->code);
		if (ran)
			table_cell(&t, "%.1f s", (double)r->ms / 1000);
		else
			table_cell(&t, "-");
	}
	puts("");
	table_print(stdout, &t);
}

/* What kept tests from running comes first, then the highest code. */
static int worst(const struct on_kernel *results, size_t n)
{
	int code = 0;

	for (size_t i = 0; i < n; i++) {
		if (results[i].how == STOPPED || results[i].how == NOT_RUN)
			return X_INTERRUPTED;
	}
	for (size_t i = 0; i < n; i++) {
		if (results[i].how == NO_KERNEL)
			return results[i].code;
		code = results[i].code > code ? results[i].code : code;
	}
	return code;
}

static int run_on(const struct suite *s, const struct kernels *w, size_t i, const struct argv *a, struct on_kernel *r,
		  struct err *e)
{
	long long start;
	bool stopped;

	if (choose(&w->v[i], r->folder, e) < 0)
		return -1;
	log_info("cargo-ktstr: %s on %s (%zu of %zu)", s->what, w->v[i].k.label, i + 1, w->n);
	start = now_ms();
	if (cargo_run(a, &r->code, &stopped, e) < 0)
		return -1;
	r->how = stopped ? STOPPED : ENDED;
	r->ms = now_ms() - start;
	return 0;
}

/* Which of them are there. The build folder is free again before tests begin: others may want the same kernels. */
static void find_folders(struct made_kernels *k, struct on_kernel *results)
{
	for (size_t i = 0; i < k->w.n; i++) {
		struct on_kernel *r = &results[i];
		struct err e = { 0 };

		r->folder = folder_of(k, &k->w.v[i], &e);
		if (r->folder)
			continue;
		log_error("kernel %s: %s", k->w.v[i].k.label, e.msg);
		r->how = NO_KERNEL;
		r->code = e.code;
	}
	run_free(&k->run);
}

static int run_on_each(const struct suite *s, struct made_kernels *k, const struct argv *a, struct err *e)
{
	auto_junit struct junit reports = { 0 };
	auto_free struct on_kernel *results = xcalloc(k->w.n, sizeof(*results));
	int code = 0;

	find_folders(k, results);
	junit_open(&reports, (const char *const *)a->v);
	for (size_t i = 0; i < k->w.n; i++) {
		if (!results[i].folder)
			continue;
		if (cargo_build_once(results[i].folder, e) < 0)
			code = e->code;
		break;
	}
	for (size_t i = 0; i < k->w.n && !code && !stop_pending(); i++) {
		if (!results[i].folder)
			continue;
		junit_begin(&reports);
		if (run_on(s, &k->w, i, a, &results[i], e) < 0)
			code = e->code;
		else
			junit_take(&reports, k->w.v[i].k.label);
	}
	struct err why;

	if (junit_write(&reports, &why) < 0)
		log_warn("%s", why.msg);
	if (!code) {
		print_grid(k, results);
		code = worst(results, k->w.n);
	}
	for (size_t i = 0; i < k->w.n; i++)
		free(results[i].folder);
	return code;
}

/* What one kernel is, made or found. Caller frees. */
static char *only_folder(const struct made_kernels *k, struct err *e)
{
	if (k->run.dir && run_first_failure(&k->run, &k->plan, e) < 0)
		return NULL;
	return folder_of(k, &k->w.v[0], e);
}

static int choose_only(const struct made_kernels *k, struct err *e)
{
	auto_free char *folder = only_folder(k, e);

	return folder ? choose(&k->w.v[0], folder, e) : -1;
}

static int one_word(const char *word, struct err *e)
{
	struct kernel_word w;

	if (kernel_word_parse(&w, word, e) < 0)
		return -1;
	return w.kind == KWORD_RANGE ? err_set(e, X_USAGE, "'%s' is a range; one kernel is wanted here", word) : 0;
}

static char *image_in(const char *folder, struct err *e)
{
	static const char *const names[] = { "arch/x86/boot/bzImage", "arch/arm64/boot/Image", "bzImage", "Image",
					     "vmlinux" };

	for (size_t i = 0; i < countof(names); i++) {
		auto_free char *path = xasprintf("%s/%s", folder, names[i]);

		if (access(path, R_OK) == 0)
			return TAKE(path);
	}
	err_set(e, X_NO_KERNEL, "there is no image in %s", folder);
	return NULL;
}

/* An image by its path, which goes to the tests as it is but for the folder it is relative to. */
static char *image_file(const char *word)
{
	struct stat st;

	if (stat(word, &st) < 0 || !S_ISREG(st.st_mode))
		return NULL;
	return realpath(word, NULL);
}

/* The image the tests are to boot, whatever else is said; KTSTR_KERNEL is then for what reads a kernel's folder. */
static int use_test_kernel(const char *word, struct err *e)
{
	auto_made_kernels struct made_kernels k = { 0 };
	auto_free char *folder = NULL, *image = image_file(word);

	if (image)
		return export("KTSTR_TEST_KERNEL", image, e);
	if (one_word(word, e) < 0 || find_kernels(&k, &word, 1, false, e) < 0 || !(folder = only_folder(&k, e)) ||
	    !(image = image_in(folder, e)))
		return -1;
	if (!getenv("KTSTR_KERNEL") && choose(&k.w.v[0], folder, e) < 0)
		return -1;
	return export("KTSTR_TEST_KERNEL", image, e);
}

static int use_named_kernel(const char *word, struct err *e)
{
	auto_made_kernels struct made_kernels k = { 0 };

	return one_word(word, e) < 0 || find_kernels(&k, &word, 1, false, e) < 0 || choose_only(&k, e) < 0 ? -1 : 0;
}

/* That of `shell`. There may be tests that need none, and those that do look in more places than we do. */
static int use_default_kernel(struct err *e)
{
	auto_made_kernels struct made_kernels k = { 0 };
	struct err why = { 0 };

	if (find_kernels(&k, NULL, 0, false, &why) == 0 && choose_only(&k, &why) == 0)
		return 0;
	if (why.code != X_NO_KERNEL && why.code != X_NO_INPUT && why.code != X_NO_SCX) {
		*e = why;
		return -1;
	}
	log_note("no kernel is chosen for the tests: %s", why.msg);
	return 0;
}

/* As the environment says. Variables of cargo's children that name a kernel by anything but a path would be looked up by
 * whoever reads them, each in its own way. */
static int use_kernel(struct err *e)
{
	auto_free char *test = kernel_from_environment("KTSTR_TEST_KERNEL"),
		       *named = kernel_from_environment("KTSTR_KERNEL");

	/* An empty one names the folder we are in, to tests. */
	if ((!test && unsetenv("KTSTR_TEST_KERNEL") < 0) || (!named && unsetenv("KTSTR_KERNEL") < 0))
		return err_sys(e, "unset KTSTR_KERNEL");
	if (test && use_test_kernel(test, e) < 0)
		return err_in(e, "KTSTR_TEST_KERNEL");
	if (named && use_named_kernel(named, e) < 0)
		return err_in(e, "KTSTR_KERNEL");
	return test || named ? 0 : use_default_kernel(e);
}

/* Behind the first word that is cargo's everything is cargo's. */
static void warn_of_kernel(const char *const *args)
{
	for (; *args && strcmp(*args, "--") != 0; args++) {
		if (strcmp(*args, "--kernel") != 0 && strncmp(*args, "--kernel=", strlen("--kernel=")) != 0)
			continue;
		log_warn("--kernel stands behind an argument for cargo and goes to it, too; put it in front");
		return;
	}
}

static int prepare(const struct suite *s, int n, const char *const *args, struct argv *a, struct err *e)
{
	auto_free char *cargo = cargo_program(e);

	if (!cargo)
		return -1;
	for (size_t i = 0; i < countof(s->needs) && s->needs[i].subcommand; i++) {
		if (cargo_needs(cargo, s->needs[i].subcommand, s->needs[i].install, e) < 0)
			return -1;
	}
	argv_add(a, cargo);
	argv_addv(a, s->words);
	if (n)
		argv_addv(a, args);
	warn_of_kernel(args);
	return 0;
}

/* Tests look at this first, and --kernel has said what they are to find. */
static int drop_test_kernel(struct err *e)
{
	const char *image = getenv("KTSTR_TEST_KERNEL");

	if (!image)
		return 0;
	log_note("KTSTR_TEST_KERNEL=%s is not used: --kernel names another", image);
	return unsetenv("KTSTR_TEST_KERNEL") < 0 ? err_sys(e, "unset KTSTR_TEST_KERNEL") : 0;
}

static int find_all(struct made_kernels *k, struct err *e)
{
	if (!o.kernels.n)
		return use_kernel(e);
	if (drop_test_kernel(e) < 0 || find_kernels(k, (const char *const *)o.kernels.v, o.kernels.n, true, e) < 0)
		return -1;
	return k->w.n == 1 ? choose_only(k, e) : 0;
}

/* Programs with libktstr run their tests by this very program, unless another one is named. */
static int tell_programs(struct err *e)
{
	const char *named = getenv("KTSTR");
	auto_free char *self = named && *named ? NULL : realpath("/proc/self/exe", NULL);
	struct seeds seeds;

	if (o.seeds && seeds_parse(&seeds, o.seeds, 1, e) < 0)
		return -1;
	return (self && export("KTSTR", self, e) < 0) || (o.seeds && export("KTSTR_SEEDS", o.seeds, e) < 0) ||
			       (o.clock && export("KTSTR_CLOCK", o.clock, e) < 0)
		       ? -1
		       : 0;
}

int suite_run(const struct suite *s, int n, const char *const *args, struct err *e)
{
	auto_argv struct argv a = { 0 };
	auto_made_kernels struct made_kernels k = { 0 };

	if (tell_programs(e) < 0 || prepare(s, n, args, &a, e) < 0 || find_all(&k, e) < 0)
		return e->code;
	if (k.w.n > 1)
		return run_on_each(s, &k, &a, e);
	log_info("cargo-ktstr: %s", s->what);
	(void)cargo_exec(&a, e);
	return e->code;
}
