#include "gen/matrix/matrix.h"

#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

#include "base/err.h"
#include "base/mem.h"
#include "gen/base/home.h"
#include "gen/base/index.h"
#include "gen/graph/guest.h"
#include "gen/graph/plan.h"
#include "gen/kernels/kernels.h"
#include "gen/matrix/fit.h"
#include "progress/pace.h"
#include "gen/sweep/flags.h"
#include "text/argv.h"
#include "topology/presets.h"
#include "topology/topology.h"

#define TESTS_DIR "tests/"

/* A guest has as much for each of its CPUs; below that per-CPU memory alone is too much. */
enum { MB_PER_CPU = 32, MEMORY_MB = 1024 };

static bool number(const char **at, uint64_t *out)
{
	char *end;

	if (**at < '0' || **at > '9')
		return false;
	*out = strtoull(*at, &end, 10);
	*at = end;
	return *out < UINT64_MAX / 2;
}

int seeds_parse(struct seeds *s, const char *text, uint64_t first, struct err *e)
{
	const char *at = text;
	uint64_t a, b;

	if (!number(&at, &a))
		goto bad;
	if (!*at) {
		*s = (struct seeds){ first, (size_t)a };
	} else {
		if (strncmp(at, "..", 2) != 0 || (at += 2, !number(&at, &b)) || *at || b < a)
			goto bad;
		*s = (struct seeds){ a, (size_t)(b - a + 1) };
	}
	if (s->n && s->n <= SEEDS_MAX)
		return 0;
	return err_set(e, X_USAGE, "--seeds %s: 1 to %d of them", text, SEEDS_MAX);
bad:
	return err_set(e, X_USAGE, "--seeds %s: a count (\"8\") or a range (\"1..8\") is wanted", text);
}

static uint64_t memory_of(const struct test *t, const struct sweep_guest *g)
{
	uint64_t least = (uint64_t)g->cpus * MB_PER_CPU, mb = g->plan.memory_mb;

	mb = mb < t->scenario.memory_mb ? t->scenario.memory_mb : mb;
	return mb < least ? least : mb;
}

static void add_words(struct argv *a, const struct scenario_list *l)
{
	for (size_t i = 0; i < l->n; i++)
		argv_add(a, l->at[i].text);
}

void matrix_guests(struct matrix_test *t, uint64_t asked_mb, bool here)
{
	add_words(&t->sysctls, &t->test.scenario.sysctls);
	add_words(&t->kargs, &t->test.scenario.kargs);
	auto_free char *boot = sweep_boot_name(&t->sysctls, &t->kargs);

	for (size_t i = 0; i < t->sweep.n_guests; i++) {
		struct sweep_guest *g = &t->sweep.guests[i];

		if (!asked_mb)
			g->plan.memory_mb = memory_of(&t->test, g);
		g->plan.sysctls = (const char *const *)t->sysctls.v;
		g->plan.kargs = (const char *const *)t->kargs.v;
		if (!here && (g->plan.memory_mb != MEMORY_MB || !g->plan.virtual || *boot)) {
			auto_free char *name = g->name;

			g->name = xasprintf("%s-%llumb%s%s", name, (unsigned long long)g->plan.memory_mb,
					    g->plan.virtual ? "" : "-real", boot);
		}
		g->plan.name = g->name;
	}
}

const struct matrix_cell *matrix_profile(const struct matrix_cell *c, const char *name)
{
	const struct matrix_test *t = c->test;

	for (size_t i = 0; i < t->n; i++) {
		const struct sweep_cell *on = t->cells[i].on;

		if (on->target == c->on->target && on->guest == c->on->guest && on->profile &&
		    !strcmp(on->profile->name, name))
			return &t->cells[i];
	}
	return NULL;
}

static bool has_base(const struct matrix *m)
{
	return m->base || m->base_kernel;
}

int matrix_compared(const struct matrix *m, const char *option, struct err *e)
{
	for (size_t i = 0; i < m->n; i++) {
		auto_free const char **others = expectations_others(&m->tests[i].test.expect);

		for (size_t k = 0; others[k]; k++)
			if (!strcmp(others[k], BASE))
				return 0;
	}
	if (!option)
		return 0;
	return err_set(
		e, X_USAGE,
		"%s: nothing that is expected compares with it; --expect-line 'iterations >= 0.9 * iterations of base' does",
		m->base ? "--diff-bin" : "--diff-kernel");
}

static bool is_there(const struct matrix *m, const struct matrix_cell *c, const char *other)
{
	if (matrix_profile(c, other))
		return true;
	return !m->here && (!strcmp(other, EEVDF) || (!strcmp(other, BASE) && has_base(m)));
}

static int check_others(const struct matrix *m, const struct matrix_cell *c, struct err *e)
{
	auto_free const char **others = expectations_others(&c->test->test.expect);

	for (size_t i = 0; others[i]; i++) {
		if (is_there(m, c, others[i]))
			continue;
		return err_set(
			e, X_USAGE, "%s: \"of %s\": %s", c->test->test.word, others[i],
			m->here ? "on this machine there is nothing to compare with"
			: !strcmp(others[i], BASE)
				? "say what that is with --diff-bin PATH, another scheduler, or --diff-kernel ID"
				: "there is no such profile in this request; it may be eevdf, base, or one that --profiles "
				  "names");
	}
	return 0;
}

const char *matrix_name(const struct matrix_cell *c)
{
	return c->dir + strlen(TESTS_DIR);
}

char *matrix_apart(const struct matrix_cell *c, size_t seed)
{
	return xasprintf("apart/%s/seed-%" PRIu64, matrix_name(c), c->test->seeds.first + seed);
}

/* Its function is asked by the verb that knows of programs. */
static char *again_judged(const struct matrix *m, const struct matrix_cell *c)
{
	const struct sweep_cell *on = c->on;
	auto_argv struct argv a = { 0 };

	argv_add(&a, "ktstr");
	argv_add(&a, "matrix");
	argv_add(&a, c->test->program);
	argv_opt(&a, "--kernel", "%s", on->name.id);
	if (c->preset)
		argv_opt(&a, "--preset", "%s", c->preset);
	if (on->profile)
		argv_opt(&a, "--profiles", "%s", on->profile->name);
	argv_opt(&a, "--cell", "%s", matrix_name(c));
	auto_free char *words = argv_quote((const char *const *)a.v);

	return xasprintf("%s%s%s", words, *m->again ? " " : "", m->again);
}

static char *again_host(const struct matrix_test *t)
{
	const char *const words[] = { t->program, "--exact", t->test.name, NULL };

	return argv_quote(words);
}

char *matrix_again(const struct matrix *m, const struct matrix_cell *c)
{
	const struct matrix_test *t = c->test;
	const struct sweep_cell *on = c->on;
	auto_argv struct argv a = { 0 };

	if (t->host)
		return again_host(t);
	if (t->judged)
		return again_judged(m, c);
	argv_add(&a, "ktstr");
	argv_add(&a, "run");
	argv_add(&a, t->test.file ? t->test.file : t->test.word);
	if (m->here) {
		argv_add(&a, "--host");
	} else {
		argv_opt(&a, "--kernel", "%s", on->name.id);
		argv_opt(&a, "--topology", "%s", on->guest->topology);
	}
	if (on->profile)
		argv_opt(&a, "--profiles", "%s", on->profile->name);
	/* One that needs none refuses it. */
	if (t->flags && (on->profile || sweep_has_asked(&t->sweep)))
		argv_opt(&a, "--flags-file", "%s", t->flags);
	if (t->words.n)
		argv_addv(&a, (const char *const *)t->words.v);
	auto_free char *words = argv_quote((const char *const *)a.v);

	return xasprintf("%s%s%s", words, *m->again ? " " : "", m->again);
}

/* What people call that topology; NULL: nothing. */
static const char *preset_of(const char *topology)
{
	for (size_t i = 0; i < PRESETS; i++) {
		auto_free char *text = NULL;
		size_t n;
		FILE *f = xmemstream(&text, &n);

		topology_write(f, &presets[i].topo);
		fclose(f);
		if (!strcmp(text, topology))
			return presets[i].name;
	}
	return NULL;
}

static void add_cell(struct matrix_test *t, const struct sweep_cell *on, const char *preset, bool apart)
{
	struct matrix_cell *c = &t->cells[t->n++];

	*c = (struct matrix_cell){
		.test = t,
		.on = on,
		.preset = preset,
		.fit = &t->fits[on->guest - t->sweep.guests],
		.dir = xasprintf(TESTS_DIR "%s/%s", t->test.slug, on->dir + strlen("cells/")),
		.runs = xcalloc(t->seeds.n, sizeof(*c->runs)),
		.twice = xcalloc(t->seeds.n, sizeof(*c->twice)),
		.audits = xcalloc(t->seeds.n, sizeof(*c->audits)),
		.apart = apart ? xcalloc(t->seeds.n, sizeof(*c->apart)) : NULL,
	};
}

static int add_cells(struct matrix *m, struct matrix_test *t, struct err *e)
{
	auto_free const char **names = xcalloc(t->sweep.n_guests + 1, sizeof(*names));

	t->fits = xcalloc(t->sweep.n_guests + 1, sizeof(*t->fits));
	t->cells = xcalloc(t->sweep.n + 1, sizeof(*t->cells));
	for (size_t i = 0; i < t->sweep.n_guests && !t->host; i++) {
		const char *topology = t->sweep.guests[i].topology;

		if (fit_find(&t->fits[i], &t->test, topology, m->here, e) < 0)
			return -1;
		names[i] = preset_of(topology);
	}
	for (size_t i = 0; i < t->sweep.n; i++)
		add_cell(t, &t->sweep.cells[i], names[t->sweep.cells[i].guest - t->sweep.guests], m->apart);
	return 0;
}

static bool is_same_test(const struct matrix_test *a, const struct matrix_test *b)
{
	return a->program && b->program && !strcmp(a->program, b->program) && !strcmp(a->test.name, b->test.name);
}

int matrix_names(const struct matrix *m, struct err *e)
{
	auto_index struct index by_slug = { 0 };

	for (size_t i = 0; i < m->n; i++) {
		struct matrix_test *t = &m->tests[i], *first = index_add(&by_slug, t->test.slug, t);

		if (first != t && !is_same_test(first, t))
			return err_set(e, X_USAGE, "%s and %s: two tests are called \"%s\"", first->test.word,
				       t->test.word, t->test.name);
	}
	return 0;
}

/* One program may tell of a test several times, as long as that is of other cells. */
static int check_twice(struct index *names, const struct matrix_test *t, struct err *e)
{
	for (size_t i = 0; i < t->n; i++) {
		const struct matrix_cell *c = &t->cells[i];

		if (index_add(names, matrix_name(c), (void *)c) != c)
			return err_set(e, X_USAGE, "%s has the cell %s twice; is it named twice?",
				       t->program ? t->program : t->test.word, matrix_name(c));
	}
	return 0;
}

int matrix_cells(struct matrix *m, struct err *e)
{
	auto_index struct index schedulers = { 0 }, names = { 0 };
	auto_pace struct pace pace;
	size_t cells = 0;

	for (size_t i = 0; i < m->n; i++)
		cells += m->tests[i].sweep.n;
	pace_begin(&pace, "finding", cells, "cells");
	for (size_t i = 0; i < m->n; i++) {
		struct matrix_test *t = &m->tests[i];

		t->payload_of = t->test.scheduler ? index_add(&schedulers, t->test.scheduler, t) : t;
		t->payload = xasprintf("schedulers/%zu", (size_t)(t->payload_of - m->tests));
		if (add_cells(m, t, e) < 0 || check_twice(&names, t, e) < 0 || pace_on(&pace, t->n, e) < 0)
			return -1;
		for (size_t k = 0; k < t->n; k++)
			if (check_others(m, &t->cells[k], e) < 0)
				return -1;
	}
	return 0;
}

void matrix_largest(const struct matrix *m, uint64_t *memory_mb, unsigned *cpus)
{
	*memory_mb = 0;
	*cpus = 0;
	for (size_t i = 0; i < m->n; i++) {
		uint64_t mb;
		unsigned n;

		if (m->tests[i].host)
			continue;
		sweep_largest(&m->tests[i].sweep, &mb, &n);
		*memory_mb = mb > *memory_mb ? mb : *memory_mb;
		*cpus = n > *cpus ? n : *cpus;
	}
}

void matrix_free(struct matrix *m)
{
	for (size_t i = 0; i < m->n; i++) {
		struct matrix_test *t = &m->tests[i];

		for (size_t k = 0; k < t->n; k++) {
			free(t->cells[k].dir);
			free(t->cells[k].runs);
			free(t->cells[k].twice);
			free(t->cells[k].audits);
			free(t->cells[k].apart);
		}
		for (size_t k = 0; t->fits && k < t->sweep.n_guests; k++)
			fit_free(&t->fits[k]);
		free(t->fits);
		free(t->cells);
		free(t->payload);
		free(t->text);
		argv_free(&t->words);
		argv_free(&t->goes_on);
		argv_free(&t->sysctls);
		argv_free(&t->kargs);
		sweep_free(&t->sweep);
		test_drop(&t->test);
	}
	free(m->tests);
	*m = (struct matrix){ 0 };
}
