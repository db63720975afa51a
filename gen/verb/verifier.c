/* verifier: what is asked for, checked in an order that never works before it complains; then the sweep and its report. */
#include "text/argv.h"
#include "base/err.h"
#include "base/file.h"
#include "progress/log.h"
#include "base/mem.h"
#include "gen/cargo/cargo.h"
#include "gen/base/home.h"
#include "gen/cargo/package.h"
#include "gen/graph/audit.h"
#include "gen/graph/plan.h"
#include "gen/graph/guest.h"
#include "gen/report/opts.h"
#include "gen/sweep/sidecar.h"
#include "gen/sweep/sweep.h"
#include "gen/sweep/flags.h"
#include "gen/sweep/symbols.h"
#include "gen/verb/opts.h"
#include "gen/graph/begin.h"
#include "gen/graph/run.h"
#include "gen/report/json.h"
#include "gen/report/verdict.h"
#include "gen/verb/verbs.h"
#include "gen/kernels/kernels.h"
#include <limits.h>
#include <stdlib.h>
#include <sys/stat.h>

/* What a look at whether it dispatches takes; what counts worth comparing take. */
enum { WORKLOAD_MS = 50, WORKLOAD_SIDECAR_MS = 300 };
#define WORKLOAD_UNSAID UINT64_MAX

static struct {
	const char *scheduler;
	struct package_opts package;
	struct opt_list kernels, topologies;
	struct profile_opts profiles;
	struct guest_asked guest;
	struct clock_asked clock;
	struct build_asked missing;
	const char *sidecars;
	uint64_t timeout, workload, jobs;
	struct report_opts report;
	bool reported, cold, cross_check, explain, force, audit;
} o = { .workload = WORKLOAD_UNSAID, .clock = CLOCK_ASKED_INIT, .report = REPORT_OPTS_INIT };

static const struct opt opts[] = {
	SCHEDULER_ASKED_OPTS(o.package, o.scheduler, "package of this cargo workspace to build and verify",
			     "scheduler to verify"),
	{ .name = "kernel",
	  .type = OPT_LIST,
	  .out = &o.kernels,
	  .arg = "ID",
	  .help = "kernel to verify on: path, version, range or cache key" },
	{ .name = "topology",
	  .type = OPT_LIST,
	  .out = &o.topologies,
	  .arg = "T",
	  .help = "\"N,L,C,T\" (NUMA nodes, LLCs in total, cores per LLC, threads per core) or a preset's name; 1,1,1,1 unless "
		  "given" },
	PROFILES_ASKED_OPTS(o.profiles),
	BUILD_ASKED_OPTS(o.missing),
	REPORT_OPTS(o.report),
	GUEST_ASKED_OPTS(o.guest),
	CLOCK_ASKED_OPTS(o.clock),
	{ .name = "audit", .type = OPT_FLAG, .out = &o.audit, .conflicts = "cold", .help = AUDIT_HELP },
	{ .name = "timeout",
	  .type = OPT_U64,
	  .out = &o.timeout,
	  .arg = "SECONDS",
	  .min = 1,
	  .max = 86400,
	  .help = "how long the scheduler may take to attach; 60 (240 without KVM) unless given" },
	{ .name = "workload",
	  .type = OPT_U64,
	  .out = &o.workload,
	  .arg = "MS",
	  .min = 0,
	  .max = 60000,
	  .help = "how long tasks run under the attached scheduler; 50 (300 with --sidecar-dir) unless given; 0 for no tasks" },
	{ .name = "sidecar-dir",
	  .type = OPT_STR,
	  .out = &o.sidecars,
	  .arg = "DIR",
	  .help = "write a sidecar file for each run into this folder, for test-stats" },
	{ .name = "cold",
	  .type = OPT_FLAG,
	  .out = &o.cold,
	  .help = "boot for every run instead of restoring a snapshot" },
	{ .name = "cross-check",
	  .type = OPT_FLAG,
	  .out = &o.cross_check,
	  .help = "compare the counts with bpf_prog_info read inside the guest" },
	{ .name = "force",
	  .type = OPT_FLAG,
	  .out = &o.force,
	  .help = "run the cells again although their results are known" },
	EXPLAIN_OPT(o.explain),
	JOBS_OPT(o.jobs, 1024, "how many steps run at once; as many as CPUs unless given"),
	{ 0 },
};

struct request {
	struct home home;
	char *scheduler; /* absolute */
	char *base;      /* the one it is compared with, absolute; NULL: none */
	struct package package;
	char *name; /* of the scheduler, as a folder name */
	struct kernels kernels;
	struct kernels_opts how;
	const char *const *args;
	struct guest_plan guest; /* what all guests have in common */
	struct sweep sweep;
	int sidecars; /* folder for their files; -1: none */
};

static void request_free(struct request *q)
{
	sweep_free(&q->sweep);
	kernels_free(&q->kernels);
	free(q->scheduler);
	free(q->base);
	report_opts_free(&o.report);
	free(q->name);
	package_free(&q->package);
	guest_plan_free(&q->guest);
	home_free(&q->home);
	if (q->sidecars >= 0)
		close(q->sidecars);
}

/* The absolute path of a scheduler. */
static int find_scheduler(struct request *q, struct err *e)
{
	const char *named = getenv("KTSTR_SCHEDULER");

	if (!o.package.spec && !o.scheduler && named && *named)
		o.scheduler = named;
	if (!o.package.spec && !o.scheduler && q->args[0])
		return err_set(
			e, X_USAGE,
			"\"%s\" is an argument for the scheduler; name the scheduler itself with --scheduler-bin PATH "
			"or --scheduler PKG",
			q->args[0]);
	if (!o.package.spec && !o.scheduler)
		return err_set(e, X_USAGE, "either --scheduler PKG or --scheduler-bin PATH is required");
	if ((o.scheduler && scheduler_binary(o.scheduler, &q->scheduler, e) < 0) ||
	    (o.report.diff_bin && scheduler_binary(o.report.diff_bin, &q->base, e) < 0))
		return -1;
	auto_free char *cargo = o.package.spec ? cargo_program(e) : NULL;

	q->name = plan_slug(o.package.spec ? o.package.spec : strrchr(q->scheduler, '/') + 1);
	return o.package.spec && !cargo ? -1 : 0;
}

/* Late, because it may take minutes: what else the request names is there. */
static int build_scheduler(struct request *q, const struct run_opts *ro, struct err *e)
{
	if (!o.package.spec)
		return 0;
	if (package_build(&q->package, &o.package, &q->home, ro, e) < 0)
		return -1;
	free(q->name);
	q->name = plan_slug(q->package.name);
	q->scheduler = xstrdup(q->package.binary);
	return 0;
}

/* Nobody named it, and it is not where one looks first. */
static void tell_default(const struct request *q)
{
	auto_free char *env = kernel_from_environment("KTSTR_KERNEL");

	if (!env && !o.kernels.n && !q->kernels.v[0].key)
		log_info("cargo-ktstr: no kernel in the cache is current; taking %s", q->kernels.v[0].k.image);
}

static int find_kernels(struct request *q, struct err *e)
{
	q->how = (struct kernels_opts){ .build = build_asked(&o.missing), .explain = o.explain };
	if (kernels_environment(&q->how, e) < 0 ||
	    kernels_find(&q->kernels, &q->home, (const char *const *)o.kernels.v, o.kernels.n, &q->how, e) < 0)
		return -1;
	tell_default(q);
	return 0;
}

/* What is wrong with the command line is said before anything is looked for, built or booted. Zero, or PROFILES_ASK. */
static int check(struct request *q, struct err *e)
{
	if (sweep_check_args(q->args, e) < 0)
		return -1;
	if (o.package.spec && !*o.package.spec)
		return err_set(e, X_USAGE, "--scheduler: the package has no name");
	if (o.sidecars && !*o.sidecars)
		return err_set(e, X_USAGE, "--sidecar-dir needs the name of a folder");
	if (o.workload == WORKLOAD_UNSAID)
		o.workload = o.sidecars ? WORKLOAD_SIDECAR_MS : WORKLOAD_MS;
	if (report_opts_load(&o.report, e) < 0)
		return -1;
	q->guest = (struct guest_plan){ .home = &q->home };
	q->sweep = (struct sweep){
		.home = &q->home,
		.kernels = &q->kernels,
		.o = {
			.args = q->args,
			.timeout = o.timeout,
			.workload = o.workload,
			.cold = o.cold,
			.cross_check = o.cross_check,
			.force = o.force,
			.audit = o.audit,
		},
	};
	if (guest_asked_plan(&q->guest, &o.guest, e) < 0 || clock_asked_plan(&q->guest, &o.clock, e) < 0 ||
	    (o.audit && audit_allowed(&q->guest, e) < 0) || guest_plan_init(&q->guest, e) < 0 ||
	    sweep_topologies(&q->sweep, &q->guest, o.topologies.v, o.topologies.n, e) < 0)
		return -1;
	return sweep_profiles_used(&o.profiles, false, e) < 0 ? -1 : sweep_profiles(&q->sweep, &o.profiles, e);
}

static const char *plural(size_t n)
{
	return n == 1 ? "" : "s";
}

/* How much it is going to be. */
static void tell_sweep(const struct sweep *s)
{
	if (!s->profiles.n) {
		log_info("cargo-ktstr: collecting verifier stats");
		return;
	}
	if (s->profiles.n > PROFILES_MANY)
		log_warn("%zu profiles to verify (>%d), %zu runs in all. Use --profiles to select a subset.",
			 s->profiles.n, PROFILES_MANY, s->n);
	log_info("cargo-ktstr: verifying %zu profile%s", s->profiles.n, plural(s->profiles.n));
}

/* Once: the next request makes the snapshot again. */
static void tell_fallback(const struct report_cell *c, const struct step_result *step)
{
	if (c->have && c->result.fallback && step->state != STEP_CACHED)
		log_warn("%s: booted, because its snapshot could not be continued: %s", c->kernel, c->result.fallback);
}

/* What performance mode could not have; once as well. */
static void tell_perf(const struct report_cell *c, const struct step_result *step)
{
	for (size_t i = 0; c->have && step->state != STEP_CACHED && i < c->result.perf.n_warnings; i++)
		log_info("%s: %s", c->kernel, c->result.perf.warnings[i]);
}

/* What runs one cell of this sweep again: all options but those that name a cell. */
static char *command_again(const struct request *q)
{
	auto_argv struct argv a = { 0 };

	argv_add(&a, "cargo");
	argv_add(&a, "ktstr");
	argv_add(&a, "verifier");
	if (o.package.spec)
		package_words(&a, &o.package);
	else
		argv_opt(&a, "--scheduler-bin", "%s", q->scheduler);
	guest_asked_words(&a, &o.guest);
	clock_asked_words(&a, &o.clock);
	if (o.timeout)
		argv_opt(&a, "--timeout", "%llu", (unsigned long long)o.timeout);
	if (o.workload != WORKLOAD_MS)
		argv_opt(&a, "--workload", "%llu", (unsigned long long)o.workload);
	if (o.cold)
		argv_add(&a, "--cold");
	if (q->sweep.n_guests == 1 && o.topologies.n)
		argv_opt(&a, "--topology", "%s", o.topologies.v[0]);
	if (o.profiles.file) {
		auto_free char *file = realpath(o.profiles.file, NULL);

		argv_opt(&a, "--flags-file", "%s", file ? file : o.profiles.file);
	}
	return argv_quote((const char *const *)a.v);
}

static char *args_again(const struct request *q)
{
	auto_free char *args = argv_quote(q->args);

	return q->args[0] ? xasprintf("-- %s", args) : NULL;
}

static void add_cells(struct report *rep, const struct request *q, const struct run *r, bool base)
{
	for (size_t i = 0; i < q->sweep.n; i++) {
		const struct sweep_cell *c = &q->sweep.cells[i];
		auto_free char *in = sweep_cell_dir(c, base);
		auto_free char *dir = xasprintf("%s/%s", r->dir, in);
		const struct step_result *step = run_step(r, base ? c->base_step : c->step);

		report_add(rep, &c->name, dir, step);
		tell_fallback(&rep->cells[i], step);
		tell_perf(&rep->cells[i], step);
	}
}

/* The other binary's cells are what ours are compared with. */
static void add_base(const struct request *q, const struct run *r)
{
	auto_report struct report rep = { .scheduler = o.report.diff_bin };

	add_cells(&rep, q, r, true);
	report_save(&rep, &o.report.base);
}

static int tell(struct request *q, const struct run *r, const struct plan *p, struct err *e)
{
	auto_free char *command = command_again(q);
	auto_free char *words = args_again(q);
	auto_free char *today = report_today();
	auto_report struct report rep = report_opts_report(&o.report);

	rep.scheduler = q->name;
	rep.command = command;
	rep.args = words;
	if (o.report.diff_bin)
		add_base(q, r);
	add_cells(&rep, q, r, false);
	for (size_t i = 0; i < q->kernels.n; i++)
		target_used(&q->kernels.v[i]);
	if (sweep_symbols(&rep, &q->sweep, r, e) < 0)
		return -1;
	report_expect(&rep, today);
	o.reported = true;
	report_opts_print(&o.report, stdout, &rep);
	if (o.sidecars && sidecar_cells(q->sidecars, &q->sweep, &rep, &o.topologies, e) < 0)
		return -1;
	if (report_verdict(&rep, r, p, e) < 0)
		return -1;
	return o.audit ? sweep_audit(&q->sweep, r, p, e) : 0;
}

static int make_and_report(struct request *q, struct err *e)
{
	auto_plan struct plan p = { 0 };
	auto_run struct run r = { 0 };
	auto_free char *name = xasprintf("verifier-%s", q->name);
	struct run_opts ro = { .explain = o.explain, .jobs = (unsigned)o.jobs };
	uint64_t memory_mb;
	unsigned cpus;

	sweep_largest(&q->sweep, &memory_mb, &cpus);
	plan_init(&p, name);
	if (plan_begin(&p, &q->home, "verifier.ninja", memory_mb, cpus, e) < 0)
		return -1;
	if (kernels_plan(&p, &q->home, &q->kernels, &q->how, e) < 0)
		return -1;
	if (sweep_plan(&p, &q->sweep, e) < 0 || run_plan(&r, &p, &ro, e) < 0)
		return -1;
	kernels_tell_made(&q->kernels, &r);
	return tell(q, &r, &p, e);
}

static int sweep_run(struct request *q, bool ask, struct err *e)
{
	const struct run_opts ro = { .explain = o.explain, .jobs = (unsigned)o.jobs };

	if (home_find(&q->home, e) < 0 || find_scheduler(q, e) < 0 || find_kernels(q, e) < 0 ||
	    build_scheduler(q, &ro, e) < 0)
		return -1;
	if (o.sidecars && (q->sidecars = sidecar_folder(o.sidecars, e)) < 0)
		return -1;
	q->sweep.name = q->name;
	q->sweep.scheduler = q->scheduler;
	q->sweep.base = q->base;
	if (ask && sweep_ask(&q->sweep, &o.profiles, &q->kernels, &q->how, &ro, e) < 0)
		return -1;
	if (sweep_cells(&q->sweep, e) < 0)
		return -1;
	tell_sweep(&q->sweep);
	return make_and_report(q, e);
}

static int verifier_run(int n, const char *const *args, struct err *e)
{
	struct request q = { .args = args, .sidecars = -1 };
	int r = check(&q, e);

	(void)n;
	if (r >= 0)
		r = sweep_run(&q, r == PROFILES_ASK, e);
	if (r < 0 && o.report.json && !o.reported)
		report_json_error(stdout, q.name ? q.name : o.package.spec ? o.package.spec : o.scheduler, e);
	request_free(&q);
	return r < 0 ? e->code : X_SUCCESS;
}

const struct verb verb_verifier = {
	.name = "verifier",
	.args = "[-- SCHEDULER-ARGS...]",
	.summary = "show what the BPF verifier counts per program and kernel",
	.about =
		"Starts the scheduler in a guest of each kernel, waits until it is attached, and reads from guest memory how\n"
		"many instructions the verifier processed for each of its programs. Kernels, snapshots and results are kept\n"
		"by content: what did not change does not run again.\n\n"
		"The exit code is 0 only if the scheduler attached in every cell. It is 3 if the kernel refused it, 4 if it\n"
		"died, 5 if it timed out, 6 if the guest failed, 27 if a program exceeds a limit, and 28 if a scheduler\n"
		"attached where --expect says that it fails.",
	.examples = "  cargo ktstr verifier --scheduler scx_mine --release --all-profiles\n"
		    "  cargo ktstr verifier --scheduler-bin ./scx_simple\n"
		    "  cargo ktstr verifier --scheduler-bin ./scx_qmap --kernel 6.12 --kernel 7.3.4\n"
		    "  cargo ktstr verifier --scheduler-bin ./scx_simple --clock virtual --audit\n"
		    "  cargo ktstr verifier --scheduler-bin ./scx_qmap --explain -- -s 5000\n",
	.opts = opts,
	.max_args = SIZE_MAX,
	.run = verifier_run,
};
