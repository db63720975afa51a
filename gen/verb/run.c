/* run: scenarios in guests, or on this machine, and whether they went as expected. */
#include "base/err.h"
#include "base/mem.h"
#include "clock/clock.h"
#include "gen/base/home.h"
#include "gen/cargo/cargo.h"
#include "gen/cargo/package.h"
#include "gen/graph/begin.h"
#include "gen/graph/guest.h"
#include "gen/graph/plan.h"
#include "gen/graph/run.h"
#include "gen/kernels/kernels.h"
#include "gen/matrix/here.h"
#include "gen/matrix/matrix.h"
#include "gen/matrix/rulings.h"
#include "gen/matrix/sidecars.h"
#include "gen/sweep/flags.h"
#include "gen/sweep/sidecar.h"
#include "gen/verb/opts.h"
#include "gen/verb/verbs.h"
#include "progress/log.h"
#include "scenario/catalogue.h"
#include "text/argv.h"
#include "topology/presets.h"
#include "topology/topology.h"
#include <limits.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#define TOPOLOGY_UNSAID "1,1,2,1"

static struct {
	const char *scheduler, *seeds, *clock, *filter, *sidecars;
	struct package_opts package;
	struct opt_list kernels, topologies, expect_lines;
	struct profile_opts profiles;
	struct guest_asked guest;
	struct build_asked missing;
	uint64_t seed, shift, timeout, duration, workers, jobs;
	struct verdict_rules rules;
	bool json, force, explain, host;
} o = { .seed = CLOCK_UNSAID, .shift = CLOCK_UNSAID };

static const struct opt opts[] = {
	{ .name = "kernel",
	  .type = OPT_LIST,
	  .out = &o.kernels,
	  .arg = "ID",
	  .help = "kernel to run on: path, version, range or cache key; the newest of the cache unless given" },
	{ .name = "topology",
	  .type = OPT_LIST,
	  .out = &o.topologies,
	  .arg = "T",
	  .help = "\"N,L,C,T\" (NUMA nodes, LLCs in total, cores per LLC, threads per core) or a preset's name, in place of what "
		  "the scenario says; 1,1,2,1 where nobody says it" },
	SCHEDULER_ASKED_OPTS(
		o.package, o.scheduler,
		"package of this cargo workspace to build and run under, in place of what the scenario says",
		"scheduler to run under, in place of what the scenario says; its arguments come after --"),
	PROFILES_ASKED_OPTS(o.profiles),
	{ .name = "host",
	  .type = OPT_FLAG,
	  .out = &o.host,
	  .conflicts =
		  "kernel topology scheduler scheduler-bin all-profiles profiles flags-file clock shift accel require-kvm "
		  "perf-mode memory-mb timeout force",
	  .help = "run on this machine, under whatever schedules it, instead of in guests; takes root" },
	{ .name = "seeds",
	  .type = OPT_STR,
	  .out = &o.seeds,
	  .arg = "N|A..B",
	  .conflicts = "seed",
	  .help = "so many seeds, or these, in place of what the scenario says: each is another schedule, and all must pass" },
	{ .name = "seed", .type = OPT_U64, .out = &o.seed, .arg = "N", .max = UINT64_MAX / 2, .help = "this one seed" },
	{ .name = "clock",
	  .type = OPT_STR,
	  .out = &o.clock,
	  .arg = "WHICH",
	  .choices = "real virtual",
	  .help = "virtual: time is counted in instructions, and a run is repeated to the nanosecond; what the scenario says, or "
		  "virtual, unless given" },
	{ .name = "shift",
	  .type = OPT_U64,
	  .out = &o.shift,
	  .arg = "N",
	  .max = CLOCK_SHIFT_MAX,
	  .help = "virtual time: an instruction takes 2^N ns; 1, or 0 with more than 8 CPUs, unless given" },
	{ .name = "expect-line",
	  .type = OPT_LIST,
	  .out = &o.expect_lines,
	  .arg = "TEXT",
	  .help = "expect this as well, as behind the word \"expect\" of a scenario; of equal ones this counts" },
	{ .name = "duration",
	  .type = OPT_U64,
	  .out = &o.duration,
	  .arg = "SECONDS",
	  .min = 1,
	  .max = 3600,
	  .help = "what percentages of hold are of, in place of what the scenario says" },
	{ .name = "workers",
	  .type = OPT_U64,
	  .out = &o.workers,
	  .arg = "N",
	  .min = 1,
	  .max = 4096,
	  .help = "workers of a line that does not say how many, in place of what the scenario says" },
	{ .name = "filter",
	  .type = OPT_STR,
	  .out = &o.filter,
	  .arg = "TEXT",
	  .help = "run all scenarios of the catalogue with this in their name" },
	{ .name = "allow-inconclusive",
	  .type = OPT_FLAG,
	  .out = &o.rules.allow_inconclusive,
	  .help = "end with 0 also when nothing can be said about an expectation" },
	{ .name = "no-skip",
	  .type = OPT_FLAG,
	  .out = &o.rules.no_skip,
	  .help = "end with 1 when a topology or kernel cannot have a scenario" },
	BUILD_ASKED_OPTS(o.missing),
	GUEST_ASKED_OPTS(o.guest),
	{ .name = "timeout",
	  .type = OPT_U64,
	  .out = &o.timeout,
	  .arg = "SECONDS",
	  .min = 1,
	  .max = 86400,
	  .help = "how long the scheduler may take to attach, of the guest's time; 60 (240 without KVM) unless given" },
	{ .name = "json", .type = OPT_FLAG, .out = &o.json, .help = "print verdicts and figures as JSON" },
	{ .name = "sidecar-dir",
	  .type = OPT_STR,
	  .out = &o.sidecars,
	  .arg = "DIR",
	  .help = "write a sidecar file for each run into this folder, for test-stats; KTSTR_SIDECAR_DIR unless given" },
	{ .name = "force", .type = OPT_FLAG, .out = &o.force, .help = "run again although the results are known" },
	EXPLAIN_OPT(o.explain),
	JOBS_OPT(o.jobs, 1024, "how many steps run at once; as many as CPUs unless given"),
	{ 0 },
};

struct request {
	struct home home;
	struct argv words, scheduler_args; /* scenarios; behind "--" */
	char *scheduler;                   /* absolute; NULL: as the texts say */
	struct package package;
	struct kernels kernels;
	struct kernels_opts how;
	struct guest_plan guest; /* what all guests have in common */
	struct argv expect_lines;
	char *again, *again_rest;
	int sidecars; /* folder for their files; -1: none */
	char *here;   /* topology of this machine, when that is where they run */
	struct matrix matrix;
};

static void request_free(struct request *q)
{
	matrix_free(&q->matrix);
	kernels_free(&q->kernels);
	argv_free(&q->words);
	argv_free(&q->scheduler_args);
	argv_free(&q->expect_lines);
	free(q->scheduler);
	free(q->again);
	free(q->again_rest);
	free(q->here);
	if (q->sidecars >= 0)
		close(q->sidecars);
	package_free(&q->package);
	guest_plan_free(&q->guest);
	home_free(&q->home);
}
#define auto_request __attribute__((unused, cleanup(request_free)))

static size_t n_scenarios; /* arguments in front of "--" */

static int find_scheduler(struct request *q, struct err *e)
{
	if (q->scheduler_args.n && !o.scheduler && !o.package.spec)
		return err_set(
			e, X_USAGE,
			"\"%s\" is an argument for the scheduler; name the scheduler itself with --scheduler-bin PATH or "
			"--scheduler PKG, or write both into the scenario",
			q->scheduler_args.v[0]);
	if (o.package.spec && !*o.package.spec)
		return err_set(e, X_USAGE, "--scheduler: the package has no name");
	if (o.package.spec) {
		auto_free char *cargo = cargo_program(e);

		q->scheduler = xstrdup(o.package.spec); /* until it is built */
		return cargo ? 0 : -1;
	}
	if (!o.scheduler)
		return 0;
	return scheduler_binary(o.scheduler, &q->scheduler, e);
}

static int name_scenarios(struct request *q, const char *const *args, size_t n, struct err *e)
{
	for (size_t i = 0; i < n; i++)
		argv_add(&q->words, args[i]);
	for (size_t i = 0; o.filter && i < n_catalogue; i++)
		if (strstr(catalogue[i].name, o.filter))
			argv_add(&q->words, catalogue[i].name);
	if (q->words.n)
		return 0;
	return o.filter
		       ? err_set(e, X_NO_INPUT,
				 "no scenario of the catalogue has \"%s\" in its name; ktstr list shows them", o.filter)
		       : err_set(e, X_USAGE, "name a scenario of the catalogue (ktstr list), or a file");
}

static int set_seeds(struct matrix_test *t, struct err *e)
{
	const struct scenario *s = &t->test.scenario;

	t->seeds = (struct seeds){ s->first_seed, s->seeds };
	if (!o.seeds && o.seed == CLOCK_UNSAID && s->seeds > SEEDS_MAX)
		return err_set(e, X_USAGE,
			       "%s: %u seeds are more than the %d of one request; --seeds A..B takes a part of them",
			       t->test.word, s->seeds, SEEDS_MAX);
	if (o.seed != CLOCK_UNSAID)
		t->seeds = (struct seeds){ o.seed, 1 };
	return o.seeds ? seeds_parse(&t->seeds, o.seeds, s->first_seed, e) : 0;
}

static int set_clock(struct guest_plan *g, const struct test *t, struct err *e)
{
	const char *name = o.host                               ? "real"
			   : o.clock                            ? o.clock
			   : t->scenario.clock == SCENARIO_REAL ? "real"
								: "virtual";
	const struct clock_asked asked = { .clock = name, .seed = CLOCK_UNSAID, .shift = o.shift };

	return clock_asked_plan(g, &asked, e) < 0 ? err_in(e, "%s", t->word) : 0;
}

static int make_sweep(struct request *q, struct matrix_test *t, struct err *e)
{
	const char *said = t->test.scenario.topology.text ? t->test.scenario.topology.text : TOPOLOGY_UNSAID;
	const char *const own[] = { q->here ? q->here : said, NULL };
	struct guest_plan guest = q->guest;
	struct sweep *s = &t->sweep;

	*s = (struct sweep){
		.home = &q->home,
		.kernels = &q->kernels,
		.name = EEVDF,
		.o = { .args = t->args, .timeout = o.timeout },
	};
	if (set_clock(&guest, &t->test, e) < 0 || sweep_check_args(s->o.args, e) < 0)
		return -1;
	if (sweep_topologies(s, &guest, o.topologies.n ? o.topologies.v : own, o.topologies.n ? o.topologies.n : 1, e) <
	    0)
		return err_in(e, "%s", t->test.word);
	matrix_guests(t, o.guest.memory_mb, o.host);
	if ((o.profiles.all || o.profiles.named.n) && !t->test.scheduler)
		return err_set(
			e, X_USAGE,
			"%s: profiles are combinations of a scheduler's flags, and it has no scheduler but the kernel's own",
			t->test.word);
	return sweep_profiles(s, &o.profiles, e);
}

static int load_tests(struct request *q, struct err *e)
{
	static const char *const none[] = { NULL };
	const struct test_opts to = {
		.scheduler = q->scheduler,
		.args = q->scheduler_args.n ? (const char *const *)q->scheduler_args.v : none,
		.expect_lines = (const char *const *)q->expect_lines.v,
		.duration = o.duration,
		.workers = o.workers,
	};
	struct matrix *m = &q->matrix;

	m->tests = xcalloc(q->words.n, sizeof(*m->tests));
	for (size_t i = 0; i < q->words.n; i++) {
		struct matrix_test *t = &m->tests[m->n++];

		if (test_load(&t->test, q->words.v[i], &to, e) < 0)
			return -1;
		t->args = t->test.args.n ? (const char *const *)t->test.args.v : none;
		if (set_seeds(t, e) < 0)
			return -1;
	}
	return 0;
}

static int find_kernels(struct request *q, struct err *e)
{
	if (o.host) {
		q->kernels = (struct kernels){ .v = xcalloc(1, sizeof(*q->kernels.v)), .n = 1 };
		here_target(&q->kernels.v[0]);
		return 0;
	}
	q->how = (struct kernels_opts){ .build = build_asked(&o.missing), .explain = o.explain };
	return kernels_environment(&q->how, e) < 0 ||
			       kernels_find(&q->kernels, &q->home, (const char *const *)o.kernels.v, o.kernels.n,
					    &q->how, e) < 0
		       ? -1
		       : 0;
}

/* Late, because it may take minutes: what else the request names is there. */
static int build_scheduler(struct request *q, struct err *e)
{
	const struct run_opts ro = { .explain = o.explain, .jobs = (unsigned)o.jobs };

	if (o.package.spec && package_build(&q->package, &o.package, &q->home, &ro, e) < 0)
		return -1;
	for (size_t i = 0; i < q->matrix.n; i++) {
		struct matrix_test *t = &q->matrix.tests[i];

		if (!t->test.scheduler)
			continue;
		if (o.package.spec) {
			free(t->test.scheduler);
			t->test.scheduler = xstrdup(q->package.binary);
		}
		t->sweep.scheduler = t->test.scheduler;
		t->sweep.name = strrchr(t->test.scheduler, '/') + 1;
	}
	return 0;
}

/* Options that belong to every cell. */
static char *words_again(const struct request *q)
{
	auto_argv struct argv a = { 0 };

	if (o.package.spec)
		package_words(&a, &o.package);
	else if (q->scheduler)
		argv_opt(&a, "--scheduler-bin", "%s", q->scheduler);
	guest_asked_words(&a, &o.guest);
	if (o.clock)
		argv_opt(&a, "--clock", "%s", o.clock);
	if (o.shift != CLOCK_UNSAID)
		argv_opt(&a, "--shift", "%llu", (unsigned long long)o.shift);
	if (o.timeout)
		argv_opt(&a, "--timeout", "%llu", (unsigned long long)o.timeout);
	if (o.duration)
		argv_opt(&a, "--duration", "%llu", (unsigned long long)o.duration);
	if (o.workers)
		argv_opt(&a, "--workers", "%llu", (unsigned long long)o.workers);
	for (size_t i = 0; i < q->expect_lines.n; i++)
		argv_opt(&a, "--expect-line", "%s", q->expect_lines.v[i]);
	if (o.profiles.file) {
		auto_free char *file = realpath(o.profiles.file, NULL);

		argv_opt(&a, "--flags-file", "%s", file ? file : o.profiles.file);
	}
	return a.n ? argv_quote((const char *const *)a.v) : xstrdup("");
}

static char *rest_again(const struct request *q)
{
	auto_argv struct argv a = { 0 };

	if (!q->scheduler_args.n)
		return xstrdup("");
	argv_add(&a, "--");
	argv_addv(&a, (const char *const *)q->scheduler_args.v);
	return argv_quote((const char *const *)a.v);
}

/* Profiles that only the schedulers can name, then the cells. */
static int settle_cells(struct request *q, struct err *e)
{
	const struct run_opts ro = { .explain = o.explain, .jobs = (unsigned)o.jobs };
	bool ask = (o.profiles.all || o.profiles.named.n) && !o.profiles.file;

	for (size_t i = 0; i < q->matrix.n; i++) {
		struct sweep *s = &q->matrix.tests[i].sweep;

		if ((ask && sweep_ask(s, &o.profiles, &q->kernels, &q->how, &ro, e) < 0) || sweep_cells(s, e) < 0)
			return -1;
	}
	return matrix_cells(&q->matrix, e);
}

static int tell(struct request *q, const struct run *r, const struct plan *p, struct err *e)
{
	auto_rulings struct rulings all = { 0 };

	for (size_t i = 0; !o.host && i < q->kernels.n; i++)
		target_used(&q->kernels.v[i]);
	if (rulings_read(&all, &q->matrix, r, e) < 0)
		return -1;
	if (q->sidecars >= 0 && sidecars_write(q->sidecars, &all, e) < 0)
		return -1;
	if (o.json)
		rulings_json(stdout, &all);
	else
		rulings_text(stdout, &all);
	return rulings_code(&all, &o.rules, r, p, e);
}

static int make_and_report(struct request *q, struct err *e)
{
	auto_plan struct plan p = { 0 };
	auto_run struct run r = { 0 };
	struct run_opts ro = { .explain = o.explain, .jobs = (unsigned)o.jobs, .brief = true };
	uint64_t memory_mb;
	unsigned cpus;

	matrix_largest(&q->matrix, &memory_mb, &cpus);
	if (o.host)
		memory_mb = cpus = 0;
	plan_init(&p, "run");
	if (plan_begin(&p, &q->home, "test.ninja", memory_mb, cpus, e) < 0 ||
	    kernels_plan(&p, &q->home, &q->kernels, &q->how, e) < 0 || matrix_plan(&p, &q->matrix, e) < 0 ||
	    run_plan(&r, &p, &ro, e) < 0)
		return -1;
	kernels_tell_made(&q->kernels, &r);
	return tell(q, &r, &p, e);
}

static int check(struct request *q, int n, const char *const *args, struct err *e)
{
	for (size_t i = n_scenarios; i < (size_t)n; i++)
		argv_add(&q->scheduler_args, args[i]);
	for (size_t i = 0; i < o.expect_lines.n; i++)
		argv_add(&q->expect_lines, o.expect_lines.v[i]);
	q->guest = (struct guest_plan){ .home = &q->home };
	return name_scenarios(q, args, n_scenarios, e) < 0 || guest_asked_plan(&q->guest, &o.guest, e) < 0 ||
			       find_scheduler(q, e) < 0 || home_find(&q->home, e) < 0 ||
			       guest_plan_init(&q->guest, e) < 0
		       ? -1
		       : 0;
}

/* Says what will happen here, and finds out whether it may. */
static int settle_here(struct request *q, struct err *e)
{
	auto_free char *groups = NULL;

	if (here_allowed(&groups, e) < 0 || !(q->here = here_topology(e)))
		return -1;
	log_info(
		"running %zu scenario%s on this machine, one after the other: workers in control groups below %s, under "
		"whatever schedules it; Ctrl-C ends it, and nothing is left behind",
		q->words.n, q->words.n == 1 ? "" : "s", groups);
	return 0;
}

static int open_sidecars(struct request *q, struct err *e)
{
	const char *said = getenv("KTSTR_SIDECAR_DIR");

	if (o.sidecars && !*o.sidecars)
		return err_set(e, X_USAGE, "--sidecar-dir needs the name of a folder");
	if (!o.sidecars && said && *said)
		o.sidecars = said;
	return o.sidecars && (q->sidecars = sidecar_folder(o.sidecars, e)) < 0 ? -1 : 0;
}

static int run_scenarios(struct request *q, struct err *e)
{
	if (o.host && settle_here(q, e) < 0)
		return -1;
	q->matrix.here = o.host;
	if (load_tests(q, e) < 0 || matrix_names(&q->matrix, e) < 0)
		return -1;
	for (size_t i = 0; i < q->matrix.n; i++)
		if (make_sweep(q, &q->matrix.tests[i], e) < 0)
			return -1;
	if (open_sidecars(q, e) < 0 || find_kernels(q, e) < 0 || build_scheduler(q, e) < 0)
		return -1;
	q->again = words_again(q);
	q->again_rest = rest_again(q);
	q->matrix.home = &q->home;
	q->matrix.again = q->again;
	q->matrix.again_rest = q->again_rest;
	q->matrix.expect_lines = (const char *const *)q->expect_lines.v;
	q->matrix.timeout = o.timeout;
	q->matrix.duration = o.duration;
	q->matrix.workers = o.workers;
	q->matrix.force = o.force;
	return settle_cells(q, e) < 0 ? -1 : make_and_report(q, e);
}

static int run_run(int n, const char *const *args, struct err *e)
{
	auto_request struct request q = { .sidecars = -1 };
	int code;

	if (check(&q, n, args, e) < 0)
		return e->code;
	code = run_scenarios(&q, e);
	return code < 0 ? e->code : code;
}

const struct verb verb_run = {
	.name = "run",
	.args = "[NAME|FILE]... [-- SCHEDULER-ARGS...]",
	.summary = "run scenarios, and hold what happened against what is expected",
	.about =
		"Runs scenarios of the catalogue (`ktstr list`) or of files, each in a guest of each kernel, in virtual time: the\n"
		"same seed is the same schedule, to the nanosecond. What ran so is kept: what did not change does not run again,\n"
		"and a changed limit boots nothing. By a real clock each request runs anew.\n\n"
		"The exit code is 0 if all is as expected, 1 if not, 2 if nothing can be said about some of it, and 6 or 5 if a\n"
		"guest failed.",
	.examples = "  ktstr run cgroup_steady\n"
		    "  ktstr run llc.ktstr --kernel 7.3.4 --topology 1,2,4,1 --seeds 8\n"
		    "  ktstr run llc.ktstr --scheduler-bin ./scx_mine --profiles default,llc -- --verbose\n"
		    "  ktstr run llc.ktstr --expect-line 'gap.max <= 50ms'\n"
		    "  sudo ktstr run --host cgroup_steady\n",
	.opts = opts,
	.max_args = SIZE_MAX,
	.before = &n_scenarios,
	.run = run_run,
};
