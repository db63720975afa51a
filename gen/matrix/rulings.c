#include "gen/matrix/rulings.h"

#include <fcntl.h>
#include <stdlib.h>
#include <string.h>

#include "base/err.h"
#include "base/file.h"
#include "base/mem.h"
#include "gen/graph/run.h"
#include "progress/pace.h"
#include "json/write.h"
#include "judge/facts/facts.h"
#include "judge/report/report.h"
#include "progress/log.h"
#include "scenario/scenario.h"
#include "verifier/expect.h"

#define VERDICT "verdict.json"

enum { VERDICT_MAX = 64 << 20, LOG_MAX = 64 << 20, FACTS_MAX = 256 << 20 };

static void label(struct cell_verdict *x)
{
	const struct matrix_cell *c = x->cell;

	x->v.test = xstrdup(c->test->test.name);
	x->v.kernel = xstrdup(c->on->name.kernel);
	x->v.topology = xstrdup(c->on->guest->topology);
	if (c->preset)
		x->v.preset = xstrdup(c->preset);
	if (c->test->test.scheduler)
		x->v.scheduler = xstrdup(c->test->sweep.name);
	if (c->on->profile)
		x->v.profile = xstrdup(c->on->profile->name);
}

static void add_seed(struct ruling *v, uint64_t seed, enum judgement judgement, const char *words)
{
	v->seeds = xreallocarray(v->seeds, v->n_seeds + 1, sizeof(*v->seeds));
	v->seeds[v->n_seeds++] = (struct verdict_seed){ seed, judgement, xstrdup(words) };
}

static void skip(struct cell_verdict *x)
{
	label(x);
	x->v.verdict = JUDGED_SKIP;
	add_seed(&x->v, x->cell->test->seeds.first, JUDGED_SKIP, x->cell->fit->skip);
}

/* A run that failed, or what it needs, or the judge. */
static void broken(struct cell_verdict *x, const struct run *r)
{
	const struct matrix_cell *c = x->cell;
	const struct step_result *judge = run_step(r, c->judge);

	label(x);
	x->v.verdict = JUDGED_BROKEN;
	x->code = judge->code;
	for (size_t i = 0; i < c->test->seeds.n; i++) {
		const struct step_result *step = run_step(r, c->runs[i]);

		if (step->state != STEP_FAILED && step->state != STEP_NOT_RUN)
			continue;
		x->code = step->code;
		add_seed(&x->v, c->test->seeds.first + i, JUDGED_BROKEN, step->text ? step->text : "it was not run");
	}
	if (!x->v.n_seeds)
		add_seed(&x->v, c->test->seeds.first, JUDGED_BROKEN, judge->text ? judge->text : "it was not judged");
}

static int read_verdict(struct cell_verdict *x, struct err *e)
{
	auto_free char *path = xasprintf("%s/" VERDICT, x->dir), *text = NULL;
	size_t n;

	if (file_read(AT_FDCWD, path, VERDICT_MAX, &text, &n, e) < 0)
		return -1;
	return verdict_read(&x->v, text, n, e) < 0 ? err_in(e, "%s", path) : 0;
}

static int read_ruling(struct cell_verdict *x, const struct run *r, struct err *e)
{
	x->dir = xasprintf("%s/%s", r->dir, x->cell->dir);
	if (x->cell->fit->skip) {
		skip(x);
		return 0;
	}
	const struct step_result *judge = run_step(r, x->cell->judge);

	if (judge->state == STEP_RAN || judge->state == STEP_CACHED)
		return read_verdict(x, e);
	broken(x, r);
	return 0;
}

static int read_cell(struct cell_verdict *x, const struct run *r, struct err *e)
{
	int ret = read_ruling(x, r, e);

	x->left = x->v.verdict;
	return ret;
}

bool rulings_lost(const struct matrix *m, const struct run *r)
{
	if (m->apart)
		return false;
	for (size_t i = 0; i < m->n; i++)
		for (size_t k = 0; k < m->tests[i].n; k++) {
			const struct matrix_cell *c = &m->tests[i].cells[k];

			if (c->fit->skip || c->out || run_step(r, c->judge)->state != STEP_NOT_RUN)
				continue;
			for (size_t s = 0; s < c->test->seeds.n; s++)
				if (run_step(r, c->runs[s])->silent)
					return true;
		}
	return false;
}

size_t rulings_finished(struct matrix *m, const struct run *r)
{
	size_t n = 0;

	for (size_t i = 0; i < m->n; i++)
		for (size_t k = 0; k < m->tests[i].n; k++) {
			struct matrix_cell *c = &m->tests[i].cells[k];
			enum step_state judged = c->judge ? run_step(r, c->judge)->state : STEP_NOT_RUN;

			auto_free char *verdict = xasprintf("%s/%s/" VERDICT, r->dir, c->dir);

			/* ninja takes away what a step left whose end it did not see. */
			c->out |= (judged != STEP_RAN && judged != STEP_CACHED) || !file_exists(verdict);
			n += !c->out;
		}
	return n;
}

bool rulings_kept(const struct matrix *m, const struct run *r)
{
	size_t kept = 0;

	for (size_t i = 0; i < m->n; i++)
		for (size_t k = 0; k < m->tests[i].n; k++) {
			const struct matrix_cell *c = &m->tests[i].cells[k];

			for (size_t s = 0; !c->fit->skip && !c->out && s < c->test->seeds.n; s++, kept++)
				if (run_step(r, c->runs[s])->state != STEP_CACHED)
					return false;
		}
	return kept > 0;
}

int rulings_read(struct rulings *all, const struct matrix *m, const struct run *r, struct err *e)
{
	size_t n = 0;

	all->dir = xstrdup(r->dir);
	for (size_t i = 0; i < m->n; i++)
		n += m->tests[i].n;
	all->v = xcalloc(n + 1, sizeof(*all->v));
	auto_pace struct pace pace;
	struct err ignored;

	pace_begin(&pace, "reading verdicts", n, "cells");
	for (size_t i = 0; i < m->n; i++)
		for (size_t k = 0; k < m->tests[i].n; k++) {
			if (m->tests[i].cells[k].out)
				continue;
			struct cell_verdict *x = &all->v[all->n++];

			x->cell = &m->tests[i].cells[k];
			if (read_cell(x, r, e) < 0)
				return -1;
			/* What is known is told, also when we are to stop. */
			(void)pace_on(&pace, 1, &ignored);
		}
	return 0;
}

static char *read_file_text(const char *path, size_t max, size_t *n)
{
	struct err ignored;
	char *text = NULL;

	return file_read(AT_FDCWD, path, max, &text, n, &ignored) < 0 ? NULL : text;
}

/* A line about what --expect makes of it; NULL: nothing. Caller frees. */
static char *known_words(const struct cell_verdict *x)
{
	switch (x->known) {
	case KNOWN_FAILURE:
		return xasprintf("expected: line %u%s%s", x->entry->line, *x->entry->until ? ", until " : "",
				 x->entry->until);
	case KNOWN_IN_PART:
		return xasprintf("not expected: %s", x->other);
	case KNOWN_OVER:
		return xasprintf("expected until %s (line %u)", x->entry->until, x->entry->line);
	case KNOWN_TO_FAIL:
		return xasprintf("line %u of the expected failures says that it fails", x->entry->line);
	default:
		return NULL;
	}
}

/* All there is to know of one cell. */
static void tell_whole(FILE *f, const struct rulings *all, const struct cell_verdict *x)
{
	const struct verdict_seed *worst = verdict_worst_seed(&x->v);
	auto_free char *dir = xasprintf("%s/seed-%llu", x->dir,
					(unsigned long long)(worst ? worst->seed : x->cell->test->seeds.first));
	auto_free char *json = xasprintf("%s/run.json", dir), *console = xasprintf("%s/console.log", dir),
		       *sched = xasprintf("%s/sched.log", dir);
	auto_facts struct facts facts = { 0 };
	const char *of = x->cell->test->text;
	auto_free char *test = xasprintf("%s/scenarios/%s/test", all->dir, of),
		       *ran = xasprintf("%s/scenarios/%s/text", all->dir, of);
	struct err ignored;
	size_t n = 0, console_n = 0, sched_n = 0, scenario_n = 0, ran_n = 0;
	auto_free char *text = read_file_text(json, FACTS_MAX, &n),
		       *console_text = read_file_text(console, LOG_MAX, &console_n),
		       *sched_text = read_file_text(sched, LOG_MAX, &sched_n),
		       *scenario = read_file_text(test, 2 * SCENARIO_TEXT_MAX, &scenario_n),
		       *ran_text = read_file_text(ran, 2 * SCENARIO_TEXT_MAX, &ran_n);
	bool there = text && facts_read(&facts, text, n, &ignored) == 0;
	const struct report_log logs[] = { { "kernel", console, console_text, console_n },
					   { "scheduler", sched, sched_text, sched_n } };
	auto_free char *note = known_words(x);
	const struct judge_report report = { .verdict = &x->v,
					     .note = note,
					     .facts = there ? &facts : NULL,
					     .ran = ran_text,
					     .test = scenario,
					     .logs = logs,
					     .n_logs = 2,
					     .width = log_width(f) };

	report_full(f, &report);
}

static void tell_short(FILE *f, const struct cell_verdict *x)
{
	auto_free char *note = known_words(x);

	report_short(f, &x->v, note, log_width(f));
}

void rulings_text(FILE *f, const struct rulings *all)
{
	size_t n[JUDGEMENTS] = { 0 }, expected = 0;

	for (size_t i = 0; i < all->n; i++) {
		n[all->v[i].v.verdict]++;
		expected += all->v[i].known == KNOWN_FAILURE;
		if (all->n == 1)
			tell_whole(f, all, &all->v[i]);
		else
			tell_short(f, &all->v[i]);
	}
	if (all->n == 1)
		return;
	fprintf(f, "\n%zu of %zu passed", n[JUDGED_PASS], all->n);
	for (int i = 0; i < JUDGEMENTS; i++)
		if (i != JUDGED_PASS && n[i])
			fprintf(f, ", %s: %zu", judgement_names[i], n[i]);
	if (expected)
		fprintf(f, " (%zu expected)", expected);
	fputc('\n', f);
}

static void json_known(struct jsonw *w, const struct cell_verdict *x)
{
	static const char *const names[] = { [KNOWN_FAILURE] = "failed",
					     [KNOWN_IN_PART] = "failed otherwise",
					     [KNOWN_OVER] = "over",
					     [KNOWN_TO_FAIL] = "passed" };

	if (x->known == KNOWN_NOTHING)
		return;
	jsonw_kobj(w, "expected");
	jsonw_ku64(w, "line", x->entry->line);
	jsonw_kstr(w, "outcome", names[x->known]);
	jsonw_kstr(w, "until", *x->entry->until ? x->entry->until : NULL);
	jsonw_end_obj(w);
}

void rulings_json(FILE *f, const struct rulings *all)
{
	struct jsonw w;

	jsonw_init(&w, f);
	jsonw_obj(&w);
	jsonw_ku64(&w, "format", 1);
	jsonw_karr(&w, "tests");
	for (size_t i = 0; i < all->n; i++) {
		jsonw_obj(&w);
		verdict_members(&w, &all->v[i].v);
		json_known(&w, &all->v[i]);
		if (!all->v[i].cell->fit->skip)
			jsonw_kstr(&w, "dir", all->v[i].dir);
		jsonw_end_obj(&w);
	}
	jsonw_end_arr(&w);
	jsonw_end_obj(&w);
	jsonw_done(&w);
}

int rulings_json_file(const char *path, const struct rulings *all, struct err *e)
{
	auto_free char *text = NULL;
	size_t n;
	FILE *f = xmemstream(&text, &n);

	rulings_json(f, all);
	fclose(f);
	return file_write(AT_FDCWD, path, text, n, e) < 0 ? err_in(e, "--json-file") : 0;
}

static int passed(const struct rulings *all, struct err *e)
{
	for (size_t i = 0; i < all->n; i++) {
		const struct cell_verdict *x = &all->v[i];

		if (x->known == KNOWN_TO_FAIL)
			return err_set(
				e, X_PASSED,
				"%s passed, and line %u of the expected failures says that it fails: remove it, or "
				"narrow it",
				x->v.test, x->entry->line);
	}
	return 0;
}

int rulings_code(const struct rulings *all, const struct verdict_rules *rules, const struct run *r,
		 const struct plan *p, struct err *e)
{
	enum judgement worst = JUDGED_SKIP;
	size_t n = 0;

	/* What failed as a step has an exit code of its own. */
	if (run_failures(r, p, e) < 0)
		return -1;
	for (size_t i = 0; i < all->n; i++)
		worst = judgement_worse(worst, all->v[i].left);
	for (size_t i = 0; i < all->n; i++)
		n += all->v[i].left == worst;
	if (worst > JUDGED_FAIL && passed(all, e) < 0)
		return -1;
	int code = judgement_exit(worst, rules);

	if (!code)
		return 0;
	if (all->n == 1)
		log_error("%s: %s", all->v[0].v.test, judgement_names[worst]);
	else
		log_error("%s: %zu of %zu tests", judgement_names[worst], n, all->n);
	/* X_USAGE with a message would be told as a mistake in the command line. */
	e->code = code;
	e->msg[0] = '\0';
	return code;
}

void rulings_free(struct rulings *all)
{
	for (size_t i = 0; i < all->n; i++) {
		verdict_free(&all->v[i].v);
		free(all->v[i].dir);
	}
	free(all->v);
	free(all->dir);
	*all = (struct rulings){ 0 };
}
