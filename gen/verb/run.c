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
#include "gen/matrix/audit.h"
#include "gen/matrix/here.h"
#include "gen/matrix/matrix.h"
#include "gen/matrix/rulings.h"
#include "gen/matrix/sidecars.h"
#include "gen/report/opts.h"
#include "gen/sweep/flags.h"
#include "gen/sweep/sidecar.h"
#include "gen/verb/opts.h"
#include "gen/verb/run_asked.h"
#include "gen/verb/verbs.h"
#include "progress/log.h"
#include "scenario/catalogue.h"
#include "text/argv.h"
#include "topology/presets.h"
#include "topology/topology.h"
#include "verifier/expect.h"
#include <limits.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#define TOPOLOGY_UNSAID "1,1,2,1"

static const struct run_asked *const o = &run_asked;

struct request {
	struct home home;
	struct argv words, scheduler_args; /* scenarios; behind "--" */
	char *scheduler, *base;            /* absolute; NULL: as the texts say; no --diff-bin */
	struct package package;
	struct kernels kernels; /* with --diff-kernel that one is the first */
	struct kernels own;     /* of those the ones that tests run on */
	struct expects expects; /* --expect */
	struct kernels_opts how;
	struct guest_plan guest; /* what all guests have in common */
	struct argv expect_lines;
	char *again, *again_rest, *flags_file;
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
	expects_free(&q->expects);
	free(q->scheduler);
	free(q->base);
	free(q->again);
	free(q->again_rest);
	free(q->flags_file);
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
	if (q->scheduler_args.n && !o->scheduler && !o->package.spec)
		return err_set(
			e, X_USAGE,
			"\"%s\" is an argument for the scheduler; name the scheduler itself with --scheduler-bin PATH or "
			"--scheduler PKG, or write both into the scenario",
			q->scheduler_args.v[0]);
	if (o->package.spec && !*o->package.spec)
		return err_set(e, X_USAGE, "--scheduler: the package has no name");
	if (o->package.spec) {
		auto_free char *cargo = cargo_program(e);

		q->scheduler = xstrdup(o->package.spec); /* until it is built */
		if (!cargo)
			return -1;
	}
	if (o->scheduler && scheduler_binary(o->scheduler, &q->scheduler, e) < 0)
		return -1;
	return o->diff_bin ? scheduler_binary(o->diff_bin, &q->base, e) : 0;
}

static int name_scenarios(struct request *q, const char *const *args, size_t n, struct err *e)
{
	for (size_t i = 0; i < n; i++)
		argv_add(&q->words, args[i]);
	for (size_t i = 0; o->filter && i < n_catalogue; i++)
		if (strstr(catalogue[i].name, o->filter))
			argv_add(&q->words, catalogue[i].name);
	if (q->words.n)
		return 0;
	return o->filter ? err_set(e, X_NO_INPUT,
				   "no scenario of the catalogue has \"%s\" in its name; ktstr list shows them",
				   o->filter)
			 : err_set(e, X_USAGE, "name a scenario of the catalogue (ktstr list), or a file");
}

static int set_seeds(struct matrix_test *t, struct err *e)
{
	const struct scenario *s = &t->test.scenario;

	t->seeds = (struct seeds){ s->first_seed, s->seeds };
	if (!o->seeds && o->seed == CLOCK_UNSAID && s->seeds > SEEDS_MAX)
		return err_set(e, X_USAGE,
			       "%s: %u seeds are more than the %d of one request; --seeds A..B takes a part of them",
			       t->test.word, s->seeds, SEEDS_MAX);
	if (o->seed != CLOCK_UNSAID)
		t->seeds = (struct seeds){ o->seed, 1 };
	return o->seeds ? seeds_parse(&t->seeds, o->seeds, s->first_seed, e) : 0;
}

static int set_clock(struct guest_plan *g, const struct test *t, struct err *e)
{
	const char *name = o->host                              ? "real"
			   : o->clock                           ? o->clock
			   : t->scenario.clock == SCENARIO_REAL ? "real"
								: "virtual";
	const struct clock_asked asked = { .clock = name, .seed = CLOCK_UNSAID, .shift = o->shift };

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
		.kernels = &q->own,
		.name = EEVDF,
		.o = { .args = t->args, .timeout = o->timeout },
	};
	if (set_clock(&guest, &t->test, e) < 0 || sweep_check_args(s->o.args, e) < 0)
		return -1;
	if (sweep_topologies(s, &guest, o->topologies.n ? o->topologies.v : own, o->topologies.n ? o->topologies.n : 1,
			     e) < 0)
		return err_in(e, "%s", t->test.word);
	matrix_guests(t, o->guest.memory_mb, o->host);
	if ((o->profiles.all || o->profiles.named.n) && !t->test.scheduler)
		return err_set(
			e, X_USAGE,
			"%s: profiles are combinations of a scheduler's flags, and it has no scheduler but the kernel's own",
			t->test.word);
	for (size_t i = 0; t->test.scheduler && scenario_replacement(&t->test.scenario, i); i++)
		argv_add(&t->goes_on, scenario_replacement(&t->test.scenario, i));
	s->asked = (const char *const *)t->goes_on.v;
	int known = sweep_profiles(s, &o->profiles, e);

	return known < 0 && s->asked ? err_in(e, "%s", t->test.word) : known;
}

static int make_sweeps(struct request *q, struct err *e)
{
	bool asked = false;

	for (size_t i = 0; i < q->matrix.n; i++) {
		if (make_sweep(q, &q->matrix.tests[i], e) < 0)
			return -1;
		asked |= sweep_has_asked(&q->matrix.tests[i].sweep);
	}
	return sweep_profiles_used(&o->profiles, asked, e);
}

static int load_tests(struct request *q, struct err *e)
{
	static const char *const none[] = { NULL };
	const struct test_opts to = {
		.scheduler = q->scheduler,
		.args = q->scheduler_args.n ? (const char *const *)q->scheduler_args.v : none,
		.expect_lines = (const char *const *)q->expect_lines.v,
		.duration = o->duration,
		.workers = o->workers,
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

/* Which of them tests run on: another word of the request may mean the one to compare with as well. */
static int settle_base(struct request *q, struct err *e)
{
	struct kernels *all = &q->kernels;
	size_t from = o->diff_kernel && !all->v[0].repeated;

	if (o->diff_kernel && all->n > 1 && all->v[1].id && !strcmp(all->v[1].id, all->v[0].id))
		return err_set(e, X_USAGE, "--diff-kernel %s means several kernels; name one", o->diff_kernel);
	q->own = (struct kernels){ all->v + from, all->n - from };
	q->matrix.base_kernel = o->diff_kernel ? all->v : NULL;
	return 0;
}

static int find_kernels(struct request *q, struct err *e)
{
	auto_free const char **ids = xcalloc(o->kernels.n + 2, sizeof(*ids));
	size_t n = 0;

	if (o->host) {
		q->kernels = (struct kernels){ .v = xcalloc(1, sizeof(*q->kernels.v)), .n = 1 };
		here_target(&q->kernels.v[0]);
		return settle_base(q, e);
	}
	if (o->diff_kernel)
		ids[n++] = o->diff_kernel;
	for (size_t i = 0; i < o->kernels.n; i++)
		ids[n++] = o->kernels.v[i];
	q->how = (struct kernels_opts){ .build = build_asked(&o->missing), .explain = o->explain };
	/* Without a word it is the default. */
	if (kernels_environment(&q->how, e) < 0 ||
	    kernels_find(&q->kernels, &q->home, ids, n && !o->kernels.n ? n + 1 : n, &q->how, e) < 0)
		return -1;
	return settle_base(q, e);
}

/* Late, because it may take minutes: what else the request names is there. */
static int build_scheduler(struct request *q, struct err *e)
{
	const struct run_opts ro = { .explain = o->explain, .jobs = (unsigned)o->jobs };

	if (o->package.spec && package_build(&q->package, &o->package, &q->home, &ro, e) < 0)
		return -1;
	for (size_t i = 0; i < q->matrix.n; i++) {
		struct matrix_test *t = &q->matrix.tests[i];

		if (!t->test.scheduler)
			continue;
		if (o->package.spec) {
			free(t->test.scheduler);
			t->test.scheduler = xstrdup(q->package.binary);
		}
		t->sweep.scheduler = t->test.scheduler;
		t->sweep.name = strrchr(t->test.scheduler, '/') + 1;
	}
	return 0;
}

/* NULL: --diff-kernel is not given. */
static const char *base_kernel(const struct request *q)
{
	const struct target *t = q->matrix.base_kernel;

	return !t ? NULL : t->key ? t->key : t->dir ? t->dir : t->k.image;
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
	const struct run_opts ro = { .explain = o->explain, .jobs = (unsigned)o->jobs };
	bool named = o->profiles.all || o->profiles.named.n;

	for (size_t i = 0; i < q->matrix.n; i++) {
		struct sweep *s = &q->matrix.tests[i].sweep;
		bool ask = (named || s->asked) && !o->profiles.file;

		if (ask && sweep_ask(s, &o->profiles, &q->own, &q->how, &ro, e) < 0)
			return err_in(e, "%s", q->matrix.tests[i].test.word);
		if (sweep_cells(s, e) < 0)
			return -1;
	}
	if (matrix_cells(&q->matrix, e) < 0)
		return -1;
	return o->audit ? audit_choose(&q->matrix, o->audit, e) : 0;
}

static int tell(struct request *q, const struct run *r, const struct plan *p, struct err *e)
{
	auto_rulings struct rulings all = { 0 };

	for (size_t i = 0; !o->host && i < q->kernels.n; i++)
		target_used(&q->kernels.v[i]);
	if (rulings_read(&all, &q->matrix, r, e) < 0)
		return -1;
	if (o->expect) {
		auto_free char *today = report_today();

		rulings_expect(&all, &q->expects, today);
	}
	if (o->json)
		rulings_json(stdout, &all);
	else if (o->markdown)
		rulings_markdown(stdout, &all);
	else
		rulings_text(stdout, &all);
	/* The verdict has been told, whatever becomes of files that somebody named. */
	if ((o->json_file && rulings_json_file(o->json_file, &all, e) < 0) ||
	    (o->junit && rulings_junit_file(o->junit, &all, e) < 0) ||
	    (q->sidecars >= 0 && sidecars_write(q->sidecars, &all, e) < 0))
		return -1;
	if (q->sidecars < 0)
		sidecars_leave(&all, r);
	int code = rulings_code(&all, &o->rules, r, p, e);

	/* Whoever tries again what failed is told that nothing did. */
	if ((code == X_FAIL || code == JUDGED_EXIT_INCONCLUSIVE) && rulings_kept(&q->matrix, r))
		log_note(
			"no guest ran: the run that this is about is kept, and in virtual time another would be the same; --force runs "
			"it again");
	/* What came to nothing is told first, a difference before any verdict. */
	return o->audit && code >= 0 && audit_compare(&q->matrix, r, e) < 0 ? -1 : code;
}

static int make_and_report(struct request *q, struct err *e)
{
	auto_plan struct plan p = { 0 };
	auto_run struct run r = { 0 };
	struct run_opts ro = { .explain = o->explain, .jobs = (unsigned)o->jobs, .brief = true };
	uint64_t memory_mb;
	unsigned cpus;

	matrix_largest(&q->matrix, &memory_mb, &cpus);
	if (o->host)
		memory_mb = cpus = 0;
	plan_init(&p, "run");
	if (plan_begin(&p, &q->home, "test.ninja", memory_mb, cpus, e) < 0 ||
	    kernels_plan(&p, &q->home, &q->kernels, &q->how, e) < 0 || matrix_plan(&p, &q->matrix, e) < 0 ||
	    run_plan(&r, &p, &ro, e) < 0)
		return -1;
	kernels_tell_made(&q->kernels, &r);
	if (!o->force && !o->host && rulings_lost(&q->matrix, &r)) {
		log_note("a step was killed, perhaps because memory ran out; what it did is done again");
		run_free(&r);
		if (run_plan(&r, &p, &ro, e) < 0)
			return -1;
	}
	return tell(q, &r, &p, e);
}

static int check(struct request *q, int n, const char *const *args, struct err *e)
{
	for (size_t i = n_scenarios; i < (size_t)n; i++)
		argv_add(&q->scheduler_args, args[i]);
	for (size_t i = 0; i < o->expect_lines.n; i++)
		argv_add(&q->expect_lines, o->expect_lines.v[i]);
	q->guest = (struct guest_plan){ .home = &q->home };
	return name_scenarios(q, args, n_scenarios, e) < 0 || guest_asked_plan(&q->guest, &o->guest, e) < 0 ||
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

	if (o->sidecars && !*o->sidecars)
		return err_set(e, X_USAGE, "--sidecar-dir needs the name of a folder");
	const char *dir = o->sidecars ? o->sidecars : said && *said ? said : NULL;

	return dir && (q->sidecars = sidecar_folder(dir, e)) < 0 ? -1 : 0;
}

static int run_scenarios(struct request *q, struct err *e)
{
	if (o->host && settle_here(q, e) < 0)
		return -1;
	q->matrix.here = o->host;
	q->matrix.base = q->base;
	if (o->expect && expects_load(&q->expects, EXPECTS_OF_TESTS, o->expect, e) < 0)
		return -1;
	if (load_tests(q, e) < 0 || matrix_names(&q->matrix, e) < 0 || make_sweeps(q, e) < 0)
		return -1;
	if (matrix_compared(&q->matrix,
			    o->diff_bin      ? "--diff-bin"
			    : o->diff_kernel ? "--diff-kernel"
					     : NULL,
			    e) < 0 ||
	    open_sidecars(q, e) < 0 || find_kernels(q, e) < 0 || build_scheduler(q, e) < 0)
		return -1;
	q->again = run_asked_words(q->scheduler, q->base, base_kernel(q));
	q->again_rest = rest_again(q);
	q->matrix.home = &q->home;
	q->matrix.again = q->again;
	q->matrix.again_rest = q->again_rest;
	if (o->profiles.file && !(q->flags_file = realpath(o->profiles.file, NULL)))
		q->flags_file = xstrdup(o->profiles.file);
	q->matrix.flags_file = q->flags_file;
	q->matrix.expect_lines = (const char *const *)q->expect_lines.v;
	q->matrix.timeout = o->timeout;
	q->matrix.duration = o->duration;
	q->matrix.workers = o->workers;
	q->matrix.sample_ms = o->dense ? 10 : o->monitor ? 100 : 0;
	q->matrix.force = o->force;
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
