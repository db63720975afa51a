/* verifier: what is asked for, checked in an order that never works before it complains; then the sweep and its report. */
#include "gen/verb/verifier/asked.h"

#include "base/err.h"
#include "base/mem.h"
#include "gen/graph/audit.h"
#include "gen/graph/begin.h"
#include "gen/graph/plan.h"
#include "gen/graph/run.h"
#include "gen/report/json.h"
#include "gen/sweep/sidecar.h"
#include "gen/verb/verbs.h"
#include "progress/log.h"
#include <stdlib.h>
#include <unistd.h>

struct verifier_asked verifier_asked = { .workload = WORKLOAD_UNSAID,
					 .clock = CLOCK_ASKED_INIT,
					 .report = REPORT_OPTS_INIT };
static struct verifier_asked *const o = &verifier_asked;

static const struct opt opts[] = {
	SCHEDULER_ASKED_OPTS(verifier_asked.package, verifier_asked.scheduler,
			     "package of this cargo workspace to build and verify", "scheduler to verify", NULL),
	{ .name = "tests",
	  .type = OPT_LIST,
	  .out = &verifier_asked.tests,
	  .arg = "FILE",
	  .conflicts = "scheduler scheduler-bin",
	  .help = "test program of libktstr: verify the schedulers that it declares" },
	{ .name = "declared",
	  .type = OPT_LIST,
	  .out = &verifier_asked.declared,
	  .arg = "SCHED",
	  .conflicts = "scheduler scheduler-bin",
	  .help = "of the declared schedulers only this one" },
	{ .name = "kernel",
	  .type = OPT_LIST,
	  .out = &verifier_asked.kernels,
	  .arg = "ID",
	  .help = "kernel to verify on: path, version, range or cache key" },
	{ .name = "topology",
	  .type = OPT_LIST,
	  .out = &verifier_asked.topologies,
	  .arg = "T",
	  .help = "\"N,L,C,T\" (NUMA nodes, LLCs in total, cores per LLC, threads per core) or a preset's name; 1,1,1,1 unless "
		  "given" },
	PROFILES_ASKED_OPTS(verifier_asked.profiles),
	BUILD_ASKED_OPTS(verifier_asked.missing),
	REPORT_OPTS(verifier_asked.report),
	GUEST_ASKED_OPTS(verifier_asked.guest),
	CLOCK_ASKED_OPTS(verifier_asked.clock),
	{ .name = "audit", .type = OPT_FLAG, .out = &verifier_asked.audit, .conflicts = "cold", .help = AUDIT_HELP },
	{ .name = "timeout",
	  .type = OPT_U64,
	  .out = &verifier_asked.timeout,
	  .arg = "SECONDS",
	  .min = 1,
	  .max = 86400,
	  .help = "how long the scheduler may take to attach; 60 (240 without KVM) unless given" },
	{ .name = "workload",
	  .type = OPT_U64,
	  .out = &verifier_asked.workload,
	  .arg = "MS",
	  .min = 0,
	  .max = 60000,
	  .help = "how long tasks run under the attached scheduler; 50 (300 with --sidecar-dir) unless given; 0 for no tasks" },
	{ .name = "sidecar-dir",
	  .type = OPT_STR,
	  .out = &verifier_asked.sidecars,
	  .arg = "DIR",
	  .help = "write a sidecar file for each run into this folder, for test-stats" },
	{ .name = "cold",
	  .type = OPT_FLAG,
	  .out = &verifier_asked.cold,
	  .help = "boot for every run instead of restoring a snapshot" },
	{ .name = "cross-check",
	  .type = OPT_FLAG,
	  .out = &verifier_asked.cross_check,
	  .help = "compare the counts with bpf_prog_info read inside the guest" },
	{ .name = "force",
	  .type = OPT_FLAG,
	  .out = &verifier_asked.force,
	  .help = "run the cells again although their results are known" },
	LAUNCHER_OPT(verifier_asked.launchers),
	EXPLAIN_OPT(verifier_asked.explain),
	JOBS_OPT(verifier_asked.jobs, 1024, "how many steps run at once; as many as CPUs unless given"),
	{ 0 },
};

static void request_free(struct request *q)
{
	schedulers_free(q);
	sweep_free(&q->checked);
	subjects_free(&q->subjects);
	kernels_free(&q->kernels);
	free(q->scheduler);
	free(q->base);
	report_opts_free(&o->report);
	free(q->name);
	package_free(&q->package);
	guest_plan_free(&q->guest);
	home_free(&q->home);
	if (q->sidecars >= 0)
		close(q->sidecars);
}

/* Nobody named it, and it is not where one looks first. */
static void tell_default(const struct request *q)
{
	auto_free char *env = kernel_from_environment("KTSTR_KERNEL");

	if (!env && !o->kernels.n && !q->kernels.v[0].key)
		log_info("cargo-ktstr: no kernel in the cache is current; taking %s", q->kernels.v[0].k.image);
}

static int find_kernels(struct request *q, struct err *e)
{
	q->how = (struct kernels_opts){ .build = build_asked(&o->missing), .explain = o->explain };
	if (kernels_environment(&q->how, e) < 0 ||
	    kernels_find(&q->kernels, &q->home, (const char *const *)o->kernels.v, o->kernels.n, &q->how, e) < 0)
		return -1;
	tell_default(q);
	return 0;
}

/* What is wrong with the command line is said before anything is looked for, built or booted. Zero, or PROFILES_ASK. */
static int check(struct request *q, struct err *e)
{
	if (sweep_check_args(q->args, e) < 0 || launcher_asked(&o->launchers, e) < 0)
		return -1;
	if (o->package.spec && !*o->package.spec)
		return err_set(e, X_USAGE, "--scheduler: the package has no name");
	if (o->sidecars && !*o->sidecars)
		return err_set(e, X_USAGE, "--sidecar-dir needs the name of a folder");
	if (o->workload == WORKLOAD_UNSAID)
		o->workload = o->sidecars ? WORKLOAD_SIDECAR_MS : WORKLOAD_MS;
	if (report_opts_load(&o->report, e) < 0)
		return -1;
	q->guest = (struct guest_plan){ .home = &q->home };
	q->checked = (struct sweep){
		.home = &q->home,
		.kernels = &q->kernels,
		.o = {
			.args = q->args,
			.timeout = o->timeout,
			.workload = o->workload,
			.cold = o->cold,
			.cross_check = o->cross_check,
			.force = o->force,
			.audit = o->audit,
		},
	};
	if (guest_asked_plan(&q->guest, &o->guest, e) < 0 || clock_asked_plan(&q->guest, &o->clock, e) < 0 ||
	    (o->audit && audit_allowed(&q->guest, e) < 0) || guest_plan_init(&q->guest, e) < 0 ||
	    sweep_topologies(&q->checked, &q->guest, o->topologies.v, o->topologies.n, e) < 0)
		return -1;
	return sweep_profiles_used(&o->profiles, false, e) < 0 ? -1 : sweep_profiles(&q->checked, &o->profiles, e);
}

static int make_and_report(struct request *q, struct err *e)
{
	auto_plan struct plan p = { 0 };
	auto_run struct run r = { 0 };
	auto_free char *name = xasprintf("verifier-%s", q->name);
	struct run_opts ro = { .explain = o->explain, .jobs = (unsigned)o->jobs, .last = true };
	uint64_t memory_mb;
	unsigned cpus;

	sweep_largest(&q->checked, &memory_mb, &cpus);
	plan_init(&p, name);
	if (plan_begin(&p, &q->home, "verifier.ninja", memory_mb, cpus, e) < 0)
		return -1;
	if (kernels_plan(&p, &q->home, &q->kernels, &q->how, e) < 0)
		return -1;
	plan_guest_base(&p, &q->guest);
	for (size_t i = 0; i < q->n; i++)
		if (sweep_plan(&p, &q->parts[i].sweep, e) < 0)
			return -1;
	if (run_plan(&r, &p, &ro, e) < 0)
		return -1;
	kernels_tell_made(&q->kernels, &r);
	return verifier_tell(q, &r, &p, e);
}

static int sweep_run(struct request *q, bool ask, struct err *e)
{
	const struct run_opts ro = { .explain = o->explain, .jobs = (unsigned)o->jobs };

	if (home_find(&q->home, e) < 0 || schedulers_find(q, e) < 0 || find_kernels(q, e) < 0 ||
	    schedulers_build(q, &ro, e) < 0)
		return -1;
	if (o->sidecars && (q->sidecars = sidecar_folder(o->sidecars, e)) < 0)
		return -1;
	if (schedulers_settle(q, ask, &ro, e) < 0)
		return -1;
	verifier_tell_size(q);
	return make_and_report(q, e);
}

static void tell_error(const struct request *q, const struct err *e)
{
	if (q->declared)
		report_json_all_error(stdout, e);
	else
		report_json_error(stdout, q->name ? q->name : o->package.spec ? o->package.spec : o->scheduler, e);
}

static int verifier_run(int n, const char *const *args, struct err *e)
{
	struct request q = { .args = args, .sidecars = -1 };
	int r = check(&q, e);

	(void)n;
	if (r >= 0)
		r = sweep_run(&q, r == PROFILES_ASK, e);
	if (r < 0 && e->code && o->report.json && !o->reported)
		tell_error(&q, e);
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
		"Without --scheduler and --scheduler-bin all schedulers run that test programs of libktstr declare: those that --tests\n"
		"names, or those of the cargo workspace in the current folder, which cargo builds first.\n\n"
		"The exit code is 0 only if the scheduler attached in every cell. It is 3 if the kernel refused it, 4 if it\n"
		"died, 5 if it timed out, 6 if the guest failed, 27 if a program exceeds a limit, and 28 if a scheduler\n"
		"attached where --expect says that it fails.",
	.examples = "  cargo ktstr verifier\n"
		    "  cargo ktstr verifier --scheduler scx_mine --release --all-profiles\n"
		    "  ktstr verifier --tests ./tests --declared scx_mine --all-profiles\n"
		    "  cargo ktstr verifier --scheduler-bin ./scx_simple\n"
		    "  cargo ktstr verifier --scheduler-bin ./scx_qmap --kernel 6.12 --kernel 7.3.4\n"
		    "  cargo ktstr verifier --scheduler-bin ./scx_simple --clock virtual --audit\n"
		    "  cargo ktstr verifier --scheduler-bin ./scx_qmap --explain -- -s 5000\n",
	.opts = opts,
	.max_args = SIZE_MAX,
	.run = verifier_run,
};
