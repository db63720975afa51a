#include "gen/verb/tests/request.h"

#include "arch/arch.h"
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
#include "gen/matrix/last.h"
#include "gen/matrix/matrix.h"
#include "gen/matrix/rulings.h"
#include "gen/matrix/sidecars.h"
#include "gen/report/opts.h"
#include "gen/sweep/flags.h"
#include "gen/sweep/sidecar.h"
#include "gen/verb/opts.h"
#include "gen/verb/tests/asked.h"
#include "progress/log.h"
#include "scenario/catalogue.h"
#include "text/argv.h"
#include "topology/presets.h"
#include "topology/topology.h"
#include "verifier/expect.h"
#include <inttypes.h>
#include <limits.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

static const struct tests_asked *const o = &tests_asked;

void request_free(struct request *q)
{
	for (size_t i = 0; i < q->n_asked; i++)
		program_free(&q->asked[i]);
	free(q->asked);
	matrix_free(&q->matrix);
	kernels_free(&q->kernels);
	kernels_free(&q->machine);
	argv_free(&q->words);
	argv_free(&q->scheduler_args);
	argv_free(&q->expect_lines);
	argv_free(&q->once_more);
	free(q->busybox);
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

void made_free(struct made *m)
{
	run_free(&m->run);
	plan_free(&m->plan);
}

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
	for (size_t i = 0; o->filter && !q->programs && i < n_catalogue; i++)
		if (strstr(catalogue[i].name, o->filter))
			argv_add(&q->words, catalogue[i].name);
	if (q->words.n)
		return 0;
	if (q->programs)
		return err_set(e, X_USAGE, "name a test program, a scenario of the catalogue (ktstr list), or a file");
	return o->filter ? err_set(e, X_NO_INPUT,
				   "no scenario of the catalogue has \"%s\" in its name; ktstr list shows them",
				   o->filter)
			 : err_set(e, X_USAGE, "name a scenario of the catalogue (ktstr list), or a file");
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

/* What is done to a run when it is made once more. */
static const char *const *once_more(struct request *q)
{
	if (tests_asked.spy)
		argv_add(&q->once_more, "--spy");
	if (tests_asked.core || tests_asked.gdb)
		argv_opt(&q->once_more, "--halt", "%" PRIu64, tests_asked.halt);
	if (tests_asked.core)
		argv_fmt(&q->once_more, "--core=%s", tests_asked.core);
	if (tests_asked.gdb)
		argv_fmt(&q->once_more, "--gdb=%s", tests_asked.gdb);
	return (const char *const *)q->once_more.v;
}

/* Profiles that only the schedulers can name, then the cells. */
static int settle_cells(struct request *q, struct err *e)
{
	const struct run_opts ro = { .explain = o->explain, .jobs = (unsigned)o->jobs, .ask = q->ask };

	for (size_t i = 0; i < q->matrix.n; i++) {
		struct sweep *s = &q->matrix.tests[i].sweep;
		const struct profile_opts *profiles = &q->matrix.tests[i].profiles;
		bool ask = (profiles->all || profiles->named.n || s->asked) && !profiles->file;

		if (ask && sweep_ask(s, profiles, &q->own, &q->how, &ro, e) < 0)
			return err_in(e, "%s", q->matrix.tests[i].test.word);
		if (sweep_cells(s, e) < 0)
			return -1;
	}
	return matrix_cells(&q->matrix, e);
}

int request_make(struct request *q, struct made *m, struct run_opts *ro, struct err *e)
{
	uint64_t memory_mb;
	unsigned cpus;

	ro->explain = o->explain;
	ro->jobs = (unsigned)o->jobs;
	ro->brief = true;
	ro->last = true;
	if (o->audit && audit_choose(&q->matrix, o->audit, e) < 0)
		return -1;
	matrix_largest(&q->matrix, &memory_mb, &cpus);
	if (o->host)
		memory_mb = cpus = 0;
	plan_init(&m->plan, q->verb);
	if (plan_begin(&m->plan, &q->home, "test.ninja", memory_mb, cpus, e) < 0 ||
	    kernels_plan(&m->plan, &q->home, &q->kernels, &q->how, e) < 0 || matrix_plan(&m->plan, &q->matrix, e) < 0 ||
	    run_plan(&m->run, &m->plan, ro, e) < 0)
		return -1;
	kernels_tell_made(&q->kernels, &m->run);
	if (!o->force && !o->host && !q->ask && rulings_lost(&q->matrix, &m->run)) {
		log_note("a step was killed, perhaps because memory ran out; what it did is done again");
		run_free(&m->run);
		return run_plan(&m->run, &m->plan, ro, e);
	}
	return 0;
}

/* Whoever tries again what failed is told that nothing did. */
static void tell_kept(const struct request *q, const struct run *r, int code)
{
	if ((code == X_FAIL || code == JUDGED_EXIT_INCONCLUSIVE) && rulings_kept(&q->matrix, r))
		log_note(
			"no guest ran: the run that this is about is kept, and in virtual time another would be the same; --force runs "
			"it again");
}

/* In the form that is asked for; false: in none, so that the verb tells it. */
static bool print_form(const struct rulings *all)
{
	if (o->json)
		rulings_json(stdout, all);
	else if (o->markdown)
		rulings_markdown(stdout, all);
	return o->json || o->markdown;
}

static int write_files(const struct request *q, const struct rulings *all, struct err *e)
{
	return (o->json_file && rulings_json_file(o->json_file, all, e) < 0) ||
			       (o->junit && rulings_junit_file(o->junit, all, e) < 0) ||
			       (q->sidecars >= 0 && sidecars_write(q->sidecars, all, e) < 0)
		       ? -1
		       : 0;
}

int request_tell_none(const struct request *q, struct err *e)
{
	const struct rulings none = { 0 };

	(void)print_form(&none);
	return write_files(q, &none, e);
}

static int code_of(struct request *q, const struct rulings *all, const struct made *m, struct err *e)
{
	if (write_files(q, all, e) < 0)
		return -1;
	if (q->sidecars < 0 && !o->unrecorded)
		sidecars_leave(all, &m->run);
	int code = rulings_code(all, &o->rules, &m->run, &m->plan, e);

	tell_kept(q, &m->run, code);
	/* What came to nothing is told first, a difference before any verdict. */
	return o->audit && code >= 0 && audit_compare(&q->matrix, &m->run, e) < 0 ? -1 : code;
}

int request_tell(struct request *q, const struct made *m, const struct telling *t, struct err *e)
{
	auto_rulings struct rulings all = { 0 };

	for (size_t i = 0; !o->host && i < q->kernels.n; i++)
		target_used(&q->kernels.v[i]);
	if (rulings_read(&all, &q->matrix, &m->run, e) < 0)
		return -1;
	if (o->expect) {
		auto_free char *today = report_today();

		rulings_expect(&all, &q->expects, today);
	}
	if (!print_form(&all))
		t->print(q, &all, m);
	if (!o->unrecorded)
		last_write(&all);
	/* The verdict has been told, and is written down, whatever becomes of files that somebody named. */
	int code = code_of(q, &all, m, e);

	if (t->told)
		t->told(q, &all, m, code < 0 ? e->code : code);
	return code;
}

int request_open(struct request *q, size_t n, size_t n_tests, const char *const *args, struct err *e)
{
	for (size_t i = n_tests; i < n; i++)
		argv_add(&q->scheduler_args, args[i]);
	for (size_t i = 0; i < o->expect_lines.n; i++)
		argv_add(&q->expect_lines, o->expect_lines.v[i]);
	q->guest = (struct guest_plan){ .home = &q->home };
	return launcher_asked(&o->launchers, e) < 0 || name_scenarios(q, args, n_tests, e) < 0 ||
			       guest_asked_plan(&q->guest, &o->guest, e) < 0 || find_scheduler(q, e) < 0 ||
			       home_find(&q->home, e) < 0 || guest_plan_init(&q->guest, e) < 0
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

int request_flags(struct request *q, struct err *e)
{
	const struct run_opts ro = { .explain = o->explain, .jobs = (unsigned)o->jobs };
	const struct sweep *s = NULL;

	for (size_t i = 0; i < q->matrix.n; i++) {
		const struct sweep *one = &q->matrix.tests[i].sweep;

		if (one->scheduler && s && strcmp(one->scheduler, s->scheduler) != 0)
			return err_set(e, X_USAGE, "--list-flags: %s and %s are two schedulers; name scenarios of one",
				       s->scheduler, one->scheduler);
		s = one->scheduler ? one : s;
	}
	if (!s)
		return err_set(
			e, X_USAGE,
			"--list-flags: there is no scheduler but the kernel's own; --scheduler-bin PATH names one");
	return sweep_list_flags(s, &q->own, &q->how, &ro, e);
}

int request_cells(struct request *q, struct err *e)
{
	if (o->host && settle_here(q, e) < 0)
		return -1;
	if (o->profiles.file && !(q->flags_file = realpath(o->profiles.file, NULL)))
		q->flags_file = xstrdup(o->profiles.file);
	q->matrix.here = o->host;
	q->matrix.base = q->base;
	q->matrix.payload = o->payload;
	if (o->expect && expects_load(&q->expects, EXPECTS_OF_TESTS, o->expect, e) < 0)
		return -1;
	if (request_tests(q, e) < 0)
		return -1;
	if (matrix_compared(&q->matrix,
			    o->diff_bin      ? "--diff-bin"
			    : o->diff_kernel ? "--diff-kernel"
					     : NULL,
			    e) < 0 ||
	    open_sidecars(q, e) < 0 || find_kernels(q, e) < 0 || build_scheduler(q, e) < 0)
		return -1;
	if (o->list_flags)
		return 0;
	q->again = tests_asked_words(q->scheduler, q->base, base_kernel(q));
	q->again_rest = rest_again(q);
	q->matrix.home = &q->home;
	q->matrix.again = q->again;
	q->matrix.again_rest = q->again_rest;
	q->matrix.expect_lines = (const char *const *)q->expect_lines.v;
	q->matrix.duration = o->duration;
	q->matrix.workers = o->workers;
	q->matrix.sample_ms = o->dense ? 10 : o->monitor ? 100 : 0;
	q->matrix.force = o->force;
	if (o->trace && !(q->busybox = home_busybox(&q->home, arch_host(), e)))
		return -1;
	q->matrix.trace = q->busybox;
	q->matrix.once_more = once_more(q);
	return settle_cells(q, e);
}
