/* tests.c: the tests of a request, and where each runs. */
#include "base/err.h"
#include "base/mem.h"
#include "clock/clock.h"
#include "gen/graph/plan.h"
#include "gen/matrix/here.h"
#include "gen/sweep/flags.h"
#include "gen/verb/opts.h"
#include "gen/verb/tests/asked.h"
#include "gen/verb/tests/request.h"
#include "progress/log.h"
#include "text/argv.h"

#include <string.h>

#define TOPOLOGY_UNSAID "1,1,2,1"

enum { TEXT_SHOWN = 90 /* of a folder's name */ };

static const struct tests_asked *const o = &tests_asked;

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

/* What is said of where a test runs, by the request or by its program. */
struct places_asked {
	const char *const *topologies;
	size_t n;
	struct profile_opts profiles;
};

static struct places_asked places_of(const struct request *q, const struct matrix_test *t, const char *const *own)
{
	const struct program_test *of = t->of;
	struct places_asked a = { own, 1, o->profiles };

	if (of) {
		a = (struct places_asked){ (const char *const *)of->topologies.v,
					   of->topologies.n,
					   { .file = of->flags } };
		a.profiles.named = (struct opt_list){ (const char **)of->profiles.v, of->profiles.n };
	} else if (o->topologies.n) {
		a.topologies = o->topologies.v;
		a.n = o->topologies.n;
	}
	/* Where profiles are asked of many tests, one without a scheduler has none. */
	if (q->programs && !of && !t->test.scheduler)
		a.profiles = (struct profile_opts){ 0 };
	return a;
}

static int set_clock(struct guest_plan *g, const struct matrix_test *t, struct err *e)
{
	const char *name = o->host || t->real ? "real" : "virtual";
	const struct clock_asked asked = { .clock = name, .seed = CLOCK_UNSAID, .shift = o->shift };

	g->perf_mode |= t->of && t->of->perf_mode;
	return clock_asked_plan(g, &asked, e) < 0 ? err_in(e, "%s", t->test.word) : 0;
}

static int set_profiles(struct matrix_test *t, const struct profile_opts *profiles, struct err *e)
{
	struct sweep *s = &t->sweep;

	if ((profiles->all || profiles->named.n) && !t->test.scheduler)
		return err_set(
			e, X_USAGE,
			"%s: profiles are combinations of a scheduler's flags, and it has no scheduler but the kernel's own",
			t->test.word);
	for (size_t i = 0; t->test.scheduler && scenario_replacement(&t->test.scenario, i); i++)
		argv_add(&t->goes_on, scenario_replacement(&t->test.scenario, i));
	s->asked = (const char *const *)t->goes_on.v;
	t->profiles = *profiles;
	int known = sweep_profiles(s, profiles, e);

	return known < 0 && s->asked ? err_in(e, "%s", t->test.word) : known;
}

/* One cell, on what this machine runs. */
static int make_host(struct request *q, struct matrix_test *t, struct err *e)
{
	static const char *const one[] = { "1,1,1,1" };
	struct guest_plan guest = q->guest;

	if (!q->machine.n) {
		q->machine = (struct kernels){ .v = xcalloc(1, sizeof(*q->machine.v)), .n = 1 };
		here_target(q->machine.v);
	}
	guest.virtual = false;
	t->sweep = (struct sweep){ .home = &q->home, .kernels = &q->machine, .name = "none" };
	if (sweep_topologies(&t->sweep, &guest, one, 1, e) < 0)
		return -1;
	matrix_guests(t, 0, true);
	return 0;
}

static int make_sweep(struct request *q, struct matrix_test *t, struct err *e)
{
	const char *said = t->test.scenario.topology.text ? t->test.scenario.topology.text : TOPOLOGY_UNSAID;
	const char *const own[] = { q->here ? q->here : said, NULL };
	const struct places_asked places = places_of(q, t, own);
	struct guest_plan guest = q->guest;
	struct sweep *s = &t->sweep;

	*s = (struct sweep){
		.home = &q->home,
		.kernels = &q->own,
		.name = EEVDF,
		.o = { .args = t->args,
		       .groups = t->test.scenario.cgroup_parent ? t->test.scenario.cgroup_parent : SCENARIO_PARENT,
		       .timeout = t->timeout },
	};
	if (set_clock(&guest, t, e) < 0 || sweep_check_args(s->o.args, e) < 0)
		return -1;
	if (sweep_topologies(s, &guest, places.topologies, places.n, e) < 0)
		return err_in(e, "%s", t->test.word);
	matrix_guests(t, o->guest.memory_mb, o->host);
	return set_profiles(t, &places.profiles, e);
}

static int make_sweeps(struct request *q, struct err *e)
{
	bool asked = false;

	for (size_t i = 0; i < q->matrix.n; i++) {
		struct matrix_test *t = &q->matrix.tests[i];

		if ((t->host ? make_host(q, t, e) : make_sweep(q, t, e)) < 0)
			return -1;
		asked |= sweep_has_asked(&q->matrix.tests[i].sweep);
	}
	return sweep_profiles_used(&o->profiles, asked, e);
}

static struct matrix_test *new_test(struct matrix *m)
{
	if (!(m->n & (m->n - 1)))
		m->tests = xreallocarray(m->tests, m->n ? m->n * 2 : 1, sizeof(*m->tests));
	m->tests[m->n] = (struct matrix_test){ 0 };
	return &m->tests[m->n++];
}

static int load(struct request *q, struct matrix_test *t, const char *word, struct err *e)
{
	static const char *const none[] = { NULL };
	const struct test_opts to = {
		.scheduler = q->scheduler,
		.args = q->scheduler_args.n ? (const char *const *)q->scheduler_args.v : none,
		.expect_lines = (const char *const *)q->expect_lines.v,
		.duration = o->duration,
		.workers = o->workers,
	};

	if (test_load(&t->test, word, &to, e) < 0)
		return -1;
	t->args = t->test.args.n ? (const char *const *)t->test.args.v : none;
	t->text = xstrdup(t->test.slug);
	t->timeout = o->timeout;
	t->real = o->clock ? !strcmp(o->clock, "real") : t->test.scenario.clock == SCENARIO_REAL;
	t->flags = q->flags_file;
	return set_seeds(t, e);
}

/* Texts of one test are told apart by their files' names, which begin with the test's. */
static void name_text(struct matrix_test *t)
{
	const char *file = strrchr(t->of->text, '/') + 1;
	auto_free char *name = xstrndup(file, strlen(file) - strlen(".ktstr"));
	auto_free char *slug = plan_slug(name);

	free(t->text);
	t->text = plan_short(slug, TEXT_SHOWN);
}

static int load_of_program(struct request *q, const struct test_binary *p, const struct program_test *of, bool real,
			   struct err *e)
{
	struct matrix_test *t = new_test(&q->matrix);

	t->of = of;
	if (load(q, t, of->text, e) < 0)
		return -1;
	t->program = p->path;
	t->judged = of->judged;
	t->real = real;
	t->flags = of->flags;
	t->timeout = of->attach_s ? of->attach_s : o->timeout;
	if (of->body)
		name_text(t);
	if (of->attach_s && !o->timeout)
		argv_opt(&t->words, "--timeout", "%llu", (unsigned long long)of->attach_s);
	if (of->perf_mode)
		argv_add(&t->words, "--perf-mode");
	if (real && of->virtual)
		argv_opt(&t->words, "--clock", "real");
	return 0;
}

/* By the clocks that it says, or the one that the request says. */
static int load_both(struct request *q, const struct test_binary *p, const struct program_test *of, struct err *e)
{
	bool real = o->clock ? !strcmp(o->clock, "real") : of->real;
	bool virtual = o->clock ? !real : of->virtual;

	if (virtual && load_of_program(q, p, of, false, e) < 0)
		return -1;
	return real ? load_of_program(q, p, of, true, e) : 0;
}

static void load_host(struct request *q, const struct test_binary *p, const char *name)
{
	struct matrix_test *t = new_test(&q->matrix);
	auto_free char *slug = plan_slug(name);

	t->host = true;
	t->program = p->path;
	t->test.name = xstrdup(name);
	t->test.word = xstrdup(p->path);
	t->test.slug = plan_short(slug, TEXT_SHOWN);
	t->text = xstrdup(t->test.slug);
	t->seeds = (struct seeds){ 1, 1 };
}

static int load_program(struct request *q, const char *word, struct err *e)
{
	const struct program_asked asked = { .presets = &o->presets,
					     .profiles = &o->profiles.named,
					     .all_profiles = o->profiles.all };
	struct test_binary *p;

	q->asked = xreallocarray(q->asked, q->n_asked + 1, sizeof(*q->asked));
	p = &q->asked[q->n_asked++];
	if (program_ask(p, word, &asked, e) < 0)
		return -1;
	for (size_t i = 0; i < p->n; i++)
		if (load_both(q, p, &p->v[i], e) < 0)
			return -1;
	for (size_t i = 0; i < p->hosts.n; i++)
		load_host(q, p, p->hosts.v[i]);
	for (size_t i = 0; i < p->lacks.n; i++)
		log_note("no cell, since by a real clock a guest has no more CPUs than this machine: %s",
			 p->lacks.v[i]);
	return 0;
}

static int load_word(struct request *q, const char *word, struct err *e)
{
	struct matrix_test *t;

	if (q->programs && program_is(word))
		return load_program(q, word, e);
	t = new_test(&q->matrix);
	return load(q, t, word, e);
}

int request_tests(struct request *q, struct err *e)
{
	for (size_t i = 0; i < q->words.n; i++)
		if (load_word(q, q->words.v[i], e) < 0)
			return -1;
	size_t guests = 0;

	for (size_t i = 0; i < q->matrix.n; i++)
		guests += !q->matrix.tests[i].host;
	if (!q->matrix.n || (!guests && (o->presets.n || o->profiles.named.n)))
		return err_set(e, X_USAGE, "no test has a place among those that are asked for (--preset, --profiles)");
	return matrix_names(&q->matrix, e) < 0 ? -1 : make_sweeps(q, e);
}
