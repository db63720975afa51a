/* run: scenarios in guests, or on this machine, and whether they went as expected. */
#include "gen/verb/tests/asked.h"
#include "gen/verb/tests/request.h"
#include "gen/verb/verbs.h"
#include "base/err.h"
#include <stdint.h>
#include <stdio.h>

static const struct opt run_opts[] = {
	{ .name = "kernel",
	  .type = OPT_LIST,
	  .out = &tests_asked.kernels,
	  .arg = "ID",
	  .help = "kernel to run on: path, version, range or cache key; the newest of the cache unless given" },
	{ .name = "topology",
	  .type = OPT_LIST,
	  .out = &tests_asked.topologies,
	  .arg = "T",
	  .help = "\"N,L,C,T\" (NUMA nodes, LLCs in total, cores per LLC, threads per core) or a preset's name, in place of what "
		  "the scenario says; 1,1,2,1 where nobody says it" },
	SCHEDULER_ASKED_OPTS(
		tests_asked.package, tests_asked.scheduler,
		"package of this cargo workspace to build and run under, in place of what the scenario says",
		"scheduler to run under, in place of what the scenario says; its arguments come after --", "scheduler"),
	PROFILES_ASKED_OPTS(tests_asked.profiles),
	{ .name = "list-flags",
	  .type = OPT_FLAG,
	  .out = &tests_asked.list_flags,
	  .conflicts = "host all-profiles profiles flags-file json markdown",
	  .help = "ask the scheduler of the scenario for its flags, print them as --flags-file takes them, and run nothing" },
	{ .name = "host",
	  .type = OPT_FLAG,
	  .out = &tests_asked.host,
	  .conflicts =
		  "kernel topology scheduler scheduler-bin all-profiles profiles flags-file clock shift accel require-kvm "
		  "perf-mode memory-mb timeout force diff-bin diff-kernel audit",
	  .help = "run on this machine, under whatever schedules it, instead of in guests; takes root" },
	ASKED_SEEDS_OPTS,
	ASKED_CLOCK_OPTS,
	ASKED_EXPECT_OPTS,
	{ .name = "diff-bin",
	  .type = OPT_STR,
	  .out = &tests_asked.diff_bin,
	  .arg = "PATH",
	  .help = "another scheduler: what \"of base\" in an expectation compares with" },
	{ .name = "diff-kernel",
	  .type = OPT_STR,
	  .out = &tests_asked.diff_kernel,
	  .arg = "ID",
	  .help = "another kernel: what \"of base\" in an expectation compares with" },
	{ .name = "audit",
	  .type = OPT_U64,
	  .out = &tests_asked.audit,
	  .arg = "PERCENT",
	  .min = 1,
	  .max = 100,
	  .help = "make that share of the runs in virtual time once more, and end with 32 when one comes out otherwise" },
	{ .name = "spy",
	  .hidden = true,
	  .type = OPT_FLAG,
	  .out = &tests_asked.spy,
	  .needs = "audit",
	  .help = "of replay: look into the guest while it runs once more" },
	{ .name = "payload",
	  .hidden = true,
	  .type = OPT_STR,
	  .out = &tests_asked.payload,
	  .arg = "FILE",
	  .help = "of replay: what guests get of the scheduler, output of the payload step" },
	{ .name = "halt",
	  .hidden = true,
	  .type = OPT_U64,
	  .out = &tests_asked.halt,
	  .arg = "NS",
	  .max = UINT64_MAX,
	  .needs = "audit",
	  .help = "of replay: stop it then, once more" },
	{ .name = "core",
	  .hidden = true,
	  .type = OPT_STR,
	  .out = &tests_asked.core,
	  .arg = "FILE",
	  .needs = "halt",
	  .help = "of replay: write an ELF core" },
	{ .name = "gdb",
	  .hidden = true,
	  .type = OPT_STR,
	  .out = &tests_asked.gdb,
	  .arg = "SOCKET",
	  .needs = "halt",
	  .help = "of replay: QEMU's gdbstub" },
	{ .name = "trace",
	  .hidden = true,
	  .type = OPT_FLAG,
	  .out = &tests_asked.trace,
	  .conflicts = "host",
	  .help = "of replay: have the kernel trace" },
	{ .name = "unrecorded",
	  .hidden = true,
	  .type = OPT_FLAG,
	  .out = &tests_asked.unrecorded,
	  .help = "of replay, explore and bisect: this is not the last run, and leaves no sidecars" },
	ASKED_WORK_OPTS(tests_asked),
	{ .name = "monitor",
	  .type = OPT_FLAG,
	  .out = &tests_asked.monitor,
	  .help = "look at run queues every 100 ms of the guest's time, also where nothing is expected of them; another schedule" },
	{ .name = "dense", .type = OPT_FLAG, .out = &tests_asked.dense, .help = "the same every 10 ms" },
	{ .name = "filter",
	  .type = OPT_STR,
	  .out = &tests_asked.filter,
	  .arg = "TEXT",
	  .help = "run all scenarios of the catalogue with this in their name" },
	ASKED_RULES_OPTS,
	BUILD_ASKED_OPTS(tests_asked.missing),
	GUEST_ASKED_OPTS(tests_asked.guest),
	{ .name = "timeout",
	  .type = OPT_U64,
	  .out = &tests_asked.timeout,
	  .arg = "SECONDS",
	  .min = 1,
	  .max = 86400,
	  .help = "how long the scheduler may take to attach, of the guest's time; 60 (240 without KVM) unless given" },
	ASKED_TELL_OPTS,
	{ .name = "force",
	  .type = OPT_FLAG,
	  .out = &tests_asked.force,
	  .help = "run again although the results are known" },
	LAUNCHER_OPT(tests_asked.launchers),
	EXPLAIN_OPT(tests_asked.explain),
	JOBS_OPT(tests_asked.jobs, 1024, "how many steps run at once; as many as CPUs unless given"),
	{ 0 },
};

static size_t n_scenarios; /* arguments in front of "--" */

static void print(const struct request *q, const struct rulings *all, const struct made *m)
{
	(void)q;
	(void)m;
	rulings_text(stdout, all);
}

static int run_run(int n, const char *const *args, struct err *e)
{
	auto_request struct request q = { .verb = "run", .sidecars = -1 };
	auto_made struct made m = { 0 };
	struct run_opts ro = { 0 };

	if (request_open(&q, (size_t)n, n_scenarios, args, e) < 0 || request_cells(&q, e) < 0)
		return e->code;
	if (tests_asked.list_flags)
		return request_flags(&q, e) < 0 ? e->code : 0;
	if (request_make(&q, &m, &ro, e) < 0)
		return e->code;
	const struct telling telling = { print, NULL };
	int code = request_tell(&q, &m, &telling, e);

	return code < 0 ? e->code : code;
}

const struct verb verb_run = {
	.name = "run",
	.args = "[NAME|FILE]... [-- SCHEDULER-ARGS...]",
	.summary = "run scenarios, and hold what happened against what is expected",
	.about =
		"Runs scenarios of the catalogue (`ktstr list`) or of files, each in a guest of each kernel, in virtual time: the\n"
		"same seed is the same schedule, to the nanosecond. What ran so is kept: what did not change does not run again,\n"
		"and a changed limit boots nothing. By a real clock that holds for what passed.\n\n"
		"The exit code is 0 if all is as expected, 1 if not, 2 if nothing can be said about some of it, and 6 or 5 if a\n"
		"guest failed.",
	.examples = "  ktstr run cgroup_steady\n"
		    "  ktstr run llc.ktstr --kernel 7.3.4 --topology 1,2,4,1 --seeds 8\n"
		    "  ktstr run llc.ktstr --scheduler-bin ./scx_mine --profiles default,llc -- --verbose\n"
		    "  ktstr run llc.ktstr --expect-line 'gap.max <= 50ms'\n"
		    "  sudo ktstr run --host cgroup_steady\n",
	.opts = run_opts,
	.max_args = SIZE_MAX,
	.before = &n_scenarios,
	.run = run_run,
};
