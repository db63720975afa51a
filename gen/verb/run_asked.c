#include "gen/verb/run_asked.h"

#include <stdlib.h>

#include "base/mem.h"
#include "text/argv.h"

struct run_asked run_asked = { .seed = CLOCK_UNSAID, .shift = CLOCK_UNSAID };

const struct opt run_opts[] = {
	{ .name = "kernel",
	  .type = OPT_LIST,
	  .out = &run_asked.kernels,
	  .arg = "ID",
	  .help = "kernel to run on: path, version, range or cache key; the newest of the cache unless given" },
	{ .name = "topology",
	  .type = OPT_LIST,
	  .out = &run_asked.topologies,
	  .arg = "T",
	  .help = "\"N,L,C,T\" (NUMA nodes, LLCs in total, cores per LLC, threads per core) or a preset's name, in place of what "
		  "the scenario says; 1,1,2,1 where nobody says it" },
	SCHEDULER_ASKED_OPTS(
		run_asked.package, run_asked.scheduler,
		"package of this cargo workspace to build and run under, in place of what the scenario says",
		"scheduler to run under, in place of what the scenario says; its arguments come after --"),
	PROFILES_ASKED_OPTS(run_asked.profiles),
	{ .name = "host",
	  .type = OPT_FLAG,
	  .out = &run_asked.host,
	  .conflicts =
		  "kernel topology scheduler scheduler-bin all-profiles profiles flags-file clock shift accel require-kvm "
		  "perf-mode memory-mb timeout force diff-bin diff-kernel audit",
	  .help = "run on this machine, under whatever schedules it, instead of in guests; takes root" },
	{ .name = "seeds",
	  .type = OPT_STR,
	  .out = &run_asked.seeds,
	  .arg = "N|A..B",
	  .conflicts = "seed",
	  .help = "so many seeds, or these, in place of what the scenario says: each is another schedule, and all must pass" },
	{ .name = "seed",
	  .type = OPT_U64,
	  .out = &run_asked.seed,
	  .arg = "N",
	  .max = UINT64_MAX / 2,
	  .help = "this one seed" },
	{ .name = "clock",
	  .type = OPT_STR,
	  .out = &run_asked.clock,
	  .arg = "WHICH",
	  .choices = "real virtual",
	  .help = "virtual: time is counted in instructions, and a run is repeated to the nanosecond; what the scenario says, or "
		  "virtual, unless given" },
	{ .name = "shift",
	  .type = OPT_U64,
	  .out = &run_asked.shift,
	  .arg = "N",
	  .max = CLOCK_SHIFT_MAX,
	  .help = "virtual time: an instruction takes 2^N ns; 1, or 0 with more than 8 CPUs, unless given" },
	{ .name = "expect-line",
	  .type = OPT_LIST,
	  .out = &run_asked.expect_lines,
	  .arg = "TEXT",
	  .help = "expect this as well, as behind the word \"expect\" of a scenario; of equal ones this counts" },
	{ .name = "expect",
	  .type = OPT_STR,
	  .out = &run_asked.expect,
	  .arg = "FILE",
	  .help = "a list of known failures, and until when each is expected" },
	{ .name = "diff-bin",
	  .type = OPT_STR,
	  .out = &run_asked.diff_bin,
	  .arg = "PATH",
	  .help = "another scheduler: what \"of base\" in an expectation compares with" },
	{ .name = "diff-kernel",
	  .type = OPT_STR,
	  .out = &run_asked.diff_kernel,
	  .arg = "ID",
	  .help = "another kernel: what \"of base\" in an expectation compares with" },
	{ .name = "audit",
	  .type = OPT_U64,
	  .out = &run_asked.audit,
	  .arg = "PERCENT",
	  .min = 1,
	  .max = 100,
	  .help = "make that share of the runs in virtual time once more, and end with 32 when one comes out otherwise" },
	{ .name = "duration",
	  .type = OPT_U64,
	  .out = &run_asked.duration,
	  .arg = "SECONDS",
	  .min = 1,
	  .max = 3600,
	  .help = "what percentages of hold are of, in place of what the scenario says" },
	{ .name = "workers",
	  .type = OPT_U64,
	  .out = &run_asked.workers,
	  .arg = "N",
	  .min = 1,
	  .max = 4096,
	  .help = "workers of a line that does not say how many, in place of what the scenario says" },
	{ .name = "monitor",
	  .type = OPT_FLAG,
	  .out = &run_asked.monitor,
	  .help = "look at run queues every 100 ms of the guest's time, also where nothing is expected of them; another schedule" },
	{ .name = "dense", .type = OPT_FLAG, .out = &run_asked.dense, .help = "the same every 10 ms" },
	{ .name = "filter",
	  .type = OPT_STR,
	  .out = &run_asked.filter,
	  .arg = "TEXT",
	  .help = "run all scenarios of the catalogue with this in their name" },
	{ .name = "allow-inconclusive",
	  .type = OPT_FLAG,
	  .out = &run_asked.rules.allow_inconclusive,
	  .help = "end with 0 also when nothing can be said about an expectation" },
	{ .name = "no-skip",
	  .type = OPT_FLAG,
	  .out = &run_asked.rules.no_skip,
	  .help = "end with 1 when a topology or kernel cannot have a scenario" },
	BUILD_ASKED_OPTS(run_asked.missing),
	GUEST_ASKED_OPTS(run_asked.guest),
	{ .name = "timeout",
	  .type = OPT_U64,
	  .out = &run_asked.timeout,
	  .arg = "SECONDS",
	  .min = 1,
	  .max = 86400,
	  .help = "how long the scheduler may take to attach, of the guest's time; 60 (240 without KVM) unless given" },
	{ .name = "json", .type = OPT_FLAG, .out = &run_asked.json, .help = "print verdicts and figures as JSON" },
	{ .name = "markdown",
	  .type = OPT_FLAG,
	  .out = &run_asked.markdown,
	  .conflicts = "json",
	  .help = "print what came of it as Markdown, for a job's summary" },
	{ .name = "json-file",
	  .type = OPT_STR,
	  .out = &run_asked.json_file,
	  .arg = "FILE",
	  .help = "write the same JSON into this file, whatever is printed" },
	{ .name = "junit",
	  .type = OPT_STR,
	  .out = &run_asked.junit,
	  .arg = "FILE",
	  .help = "write what came of it as JUnit's XML into this file as well" },
	{ .name = "sidecar-dir",
	  .type = OPT_STR,
	  .out = &run_asked.sidecars,
	  .arg = "DIR",
	  .help = "write a sidecar file for each run into this folder, for test-stats; KTSTR_SIDECAR_DIR, or a new one below "
		  "target/ktstr, unless given" },
	{ .name = "force",
	  .type = OPT_FLAG,
	  .out = &run_asked.force,
	  .help = "run again although the results are known" },
	EXPLAIN_OPT(run_asked.explain),
	JOBS_OPT(run_asked.jobs, 1024, "how many steps run at once; as many as CPUs unless given"),
	{ 0 },
};

char *run_asked_words(const char *scheduler, const char *base, const char *base_kernel)
{
	const struct run_asked *o = &run_asked;
	auto_argv struct argv a = { 0 };

	if (o->package.spec)
		package_words(&a, &o->package);
	else if (scheduler)
		argv_opt(&a, "--scheduler-bin", "%s", scheduler);
	guest_asked_words(&a, &o->guest);
	if (o->clock)
		argv_opt(&a, "--clock", "%s", o->clock);
	if (o->shift != CLOCK_UNSAID)
		argv_opt(&a, "--shift", "%llu", (unsigned long long)o->shift);
	if (o->timeout)
		argv_opt(&a, "--timeout", "%llu", (unsigned long long)o->timeout);
	if (o->duration)
		argv_opt(&a, "--duration", "%llu", (unsigned long long)o->duration);
	if (o->workers)
		argv_opt(&a, "--workers", "%llu", (unsigned long long)o->workers);
	if (o->monitor || o->dense)
		argv_add(&a, o->dense ? "--dense" : "--monitor");
	for (size_t i = 0; i < o->expect_lines.n; i++)
		argv_opt(&a, "--expect-line", "%s", o->expect_lines.v[i]);
	if (base)
		argv_opt(&a, "--diff-bin", "%s", base);
	if (base_kernel)
		argv_opt(&a, "--diff-kernel", "%s", base_kernel);
	return a.n ? argv_quote((const char *const *)a.v) : xstrdup("");
}
