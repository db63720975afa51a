/* judge: what is expected of a test, held against its runs. Nothing is stored: it takes less time to make than to find. */
#include "base/err.h"
#include "base/file.h"
#include "base/mem.h"
#include "base/stop.h"
#include "judge/asked.h"
#include "judge/judge.h"
#include "judge/own/own.h"
#include "options/opt.h"
#include "scenario/scenario.h"
#include "step/step.h"
#include "step/steps.h"
#include "store/store.h"
#include "text/argv.h"
#include "trial/record.h"
#include <inttypes.h>
#include <string.h>

enum { LOG_MAX = 64 << 20, FACTS_MAX = 256 << 20 };

static struct {
	const char *test, *text, *name, *kernel, *topology, *preset, *profile, *scheduler, *again, *again_rest;
	const char *runs, *program, *program_test;
	struct opt_list others, expect_lines;
	uint64_t first_seed, seeds;
	bool host;
} o;

static const struct opt opts[] = {
	{ .name = "test",
	  .type = OPT_STR,
	  .out = &o.test,
	  .arg = "FILE",
	  .help = "the test, output of the scenario step" },
	{ .name = "text",
	  .type = OPT_STR,
	  .out = &o.text,
	  .arg = "FILE",
	  .help = "what was run, output of the scenario step" },
	{ .name = "runs", .type = OPT_STR, .out = &o.runs, .arg = "DIR", .help = "outputs of the run step, as seed-N" },
	{ .name = "first-seed",
	  .type = OPT_U64,
	  .out = &o.first_seed,
	  .arg = "N",
	  .max = UINT64_MAX / 2,
	  .help = "the first of them" },
	{ .name = "seeds",
	  .type = OPT_U64,
	  .out = &o.seeds,
	  .arg = "N",
	  .min = 1,
	  .max = 1 << 20,
	  .help = "how many, in order" },
	{ .name = "other",
	  .type = OPT_LIST,
	  .out = &o.others,
	  .arg = "NAME=DIR",
	  .help = "runs that they are compared with, with the same seeds" },
	{ .name = "expect-line",
	  .type = OPT_LIST,
	  .out = &o.expect_lines,
	  .arg = "TEXT",
	  .help = "what is expected besides" },
	{ .name = "name", .type = OPT_STR, .out = &o.name, .arg = "NAME", .help = "of the test, for people" },
	{ .name = "kernel", .type = OPT_STR, .out = &o.kernel, .arg = "NAME", .help = "for people" },
	{ .name = "topology", .type = OPT_STR, .out = &o.topology, .arg = "T", .help = "for people" },
	{ .name = "preset", .type = OPT_STR, .out = &o.preset, .arg = "NAME", .help = "for people" },
	{ .name = "profile", .type = OPT_STR, .out = &o.profile, .arg = "NAME", .help = "for people" },
	{ .name = "scheduler",
	  .type = OPT_STR,
	  .out = &o.scheduler,
	  .arg = "NAME",
	  .help = "for people; the kernel's own unless given" },
	{ .name = "again",
	  .type = OPT_STR,
	  .out = &o.again,
	  .arg = "COMMAND",
	  .help = "what runs it again, but for its seed" },
	{ .name = "program",
	  .type = OPT_STR,
	  .out = &o.program,
	  .arg = "PATH",
	  .needs = "program-test",
	  .help = "a test program, whose function judges each run besides" },
	{ .name = "program-test",
	  .type = OPT_STR,
	  .out = &o.program_test,
	  .arg = "NAME",
	  .needs = "program",
	  .help = "what the test is called there" },
	{ .name = "host",
	  .type = OPT_FLAG,
	  .out = &o.host,
	  .needs = "program",
	  .help = "there are no runs: it is a test of the host" },
	{ .name = "again-rest",
	  .type = OPT_STR,
	  .out = &o.again_rest,
	  .arg = "WORDS",
	  .help = "what belongs behind that" },
	{ 0 },
};

/* A run as it was read. Without facts: why there are none. */
struct side {
	struct facts facts;
	bool there;
	enum judgement without;
	char *why;
	char *log[2]; /* kernel, scheduler */
	size_t log_n[2];
};

static void side_free(struct side *s)
{
	facts_free(&s->facts);
	free(s->why);
	free(s->log[0]);
	free(s->log[1]);
}
#define auto_side __attribute__((unused, cleanup(side_free)))

static int read_log(const char *dir, const char *name, char **text, size_t *n, struct err *e)
{
	auto_free char *path = xasprintf("%s/%s", dir, name);

	return file_exists(path) ? file_read(AT_FDCWD, path, LOG_MAX, text, n, e) : 0;
}

static int read_facts(struct side *s, const char *dir, struct err *e)
{
	static const enum judgement judged[] = { [RECORD_RUN] = JUDGED_BROKEN,
						 [RECORD_SKIPPED] = JUDGED_SKIP,
						 [RECORD_UNFIT] = JUDGED_INCONCLUSIVE,
						 [RECORD_BROKEN] = JUDGED_BROKEN };
	auto_free char *path = xasprintf("%s/run.json", dir), *text = NULL;
	size_t n;

	if (file_read(AT_FDCWD, path, FACTS_MAX, &text, &n, e) < 0)
		return -1;
	s->without = judged[record_kind(text, n, &s->why)];
	if (s->why)
		return 0;
	if (facts_read(&s->facts, text, n, e) < 0)
		return err_in(e, "%s", path);
	s->there = true;
	return 0;
}

/* A run that cannot be read is that seed's misfortune, and the others are judged all the same. */
static void unreadable(struct side *s, const struct err *why)
{
	facts_free(&s->facts);
	s->there = false;
	s->why = xasprintf("%.*s", (int)strcspn(why->msg, "\n"), why->msg);
}

/* Negative: we are to stop. */
static int read_side(struct side *s, const char *dir, uint64_t seed, bool logs, struct err *e)
{
	auto_free char *path = xasprintf("%s/seed-%" PRIu64, dir, seed);
	struct err why = { 0 };
	int r = read_facts(s, path, &why);

	if (r == 0 && s->there && logs &&
	    (read_log(path, "console.log", &s->log[0], &s->log_n[0], &why) < 0 ||
	     read_log(path, "sched.log", &s->log[1], &s->log_n[1], &why) < 0))
		r = -1;
	if (stop_pending())
		return stop_err(e);
	if (r < 0)
		unreadable(s, &why);
	return 0;
}

static int read_scenario(struct scenario *s, struct err *e)
{
	auto_free char *text = NULL;
	struct scenario_error why = { 0 };
	size_t n;

	if (file_read(AT_FDCWD, o.test, SCENARIO_TEXT_MAX * 2, &text, &n, e) < 0)
		return -1;
	if (scenario_parse(s, text, n, &why) != SCENARIO_OK)
		return err_set(e, X_FAIL, "%s:%u:%u: %s", o.test, why.line, why.column, why.what);
	return 0;
}

static int write_verdict(int dir, const struct ruling *v, struct err *e)
{
	auto_free char *text = NULL;
	size_t n;
	FILE *f = xmemstream(&text, &n);

	verdict_write(f, v);
	fclose(f);
	return file_write(dir, "verdict.json", text, n, e) < 0 ? -1 : 0;
}

/* The other sides of a seed. */
struct others {
	struct side *sides;
	struct judge_other *v;
	char **names;
	size_t n;
};

static void others_free(struct others *x)
{
	for (size_t i = 0; i < x->n; i++) {
		side_free(&x->sides[i]);
		free(x->names[i]);
	}
	free(x->sides);
	free(x->v);
	free(x->names);
}
#define auto_others __attribute__((unused, cleanup(others_free)))

static int read_others(struct others *x, uint64_t seed, struct err *e)
{
	x->sides = xcalloc(o.others.n + 1, sizeof(*x->sides));
	x->v = xcalloc(o.others.n + 1, sizeof(*x->v));
	x->names = xcalloc(o.others.n + 1, sizeof(*x->names));
	for (size_t i = 0; i < o.others.n; i++) {
		const char *name = o.others.v[i], *eq = strchr(name, '=');
		struct side *s = &x->sides[i];

		if (!eq)
			return err_set(e, X_USAGE, "--other %s: NAME=DIR is wanted", name);
		x->names[x->n++] = xstrndup(name, (size_t)(eq - name));
		if (read_side(s, eq + 1, seed, false, e) < 0)
			return -1;
		x->v[i] = (struct judge_other){ x->names[i], s->there ? &s->facts : NULL };
	}
	return 0;
}

static void spoil(const char *dir, uint64_t seed)
{
	auto_free char *path = xasprintf("%s/seed-%" PRIu64, dir, seed);

	store_spoil(step_store(), path, "recipe");
}

/* By a real clock another run may come otherwise: what passed stands, all else is made anew by the next request, on both sides of a
 * comparison. */
static void forget(uint64_t seed)
{
	spoil(o.runs, seed);
	for (size_t i = 0; i < o.others.n; i++)
		spoil(strchr(o.others.v[i], '=') + 1, seed);
}

/* What the function prints is for whoever asked for the work. */
static int ask_own(struct own *own, uint64_t seed, struct err *e)
{
	auto_free char *to = xasprintf("%s/own.json", step_out());
	int r = own_ask(own, o.program, o.program_test, o.host ? NULL : o.runs, seed, to, e);

	if (own->n)
		step_output(own->printed, own->n);
	return r;
}

static int judge_seed(struct judging *j, uint64_t seed, struct err *e)
{
	auto_side struct side s = { 0 };
	auto_others struct others others = { 0 };
	auto_own struct own own = { 0 };

	if (read_side(&s, o.runs, seed, true, e) < 0 || read_others(&others, seed, e) < 0 ||
	    (o.program && s.there && ask_own(&own, seed, e) < 0))
		return -1;
	const struct judge_run run = { .seed = seed,
				       .facts = s.there ? &s.facts : NULL,
				       .without = s.without,
				       .why = s.why,
				       .kernel_log = s.log[0],
				       .kernel_log_n = s.log_n[0],
				       .scheduler_log = s.log[1],
				       .scheduler_log_n = s.log_n[1],
				       .others = others.v,
				       .n_others = others.n,
				       .own = o.program && s.there ? &own.said : NULL };

	if (judge_add(j, &run) != JUDGED_PASS && s.there && !s.facts.virtual_time)
		forget(seed);
	return 0;
}

static int judge_all(int dir, const struct scenario *s, const struct expectations *x, const char *text, struct err *e)
{
	auto_judging struct judging j = { 0 };
	auto_verdict struct ruling v = { 0 };
	const struct judge_request q = { .test = o.name,
					 .kernel = o.kernel,
					 .topology = o.topology,
					 .preset = o.preset,
					 .profile = o.profile,
					 .scheduler = o.scheduler,
					 .again = o.again,
					 .again_rest = o.again_rest,
					 .expect_fail = s->expect_fail.text,
					 .text = text,
					 .expectations = x };

	if (judge_begin(&j, &q, e) < 0)
		return -1;
	for (uint64_t i = 0; i < o.seeds; i++) {
		step_progress(i, o.seeds, NULL);
		if (judge_seed(&j, o.first_seed + i, e) < 0)
			return -1;
	}
	judge_end(&j, &v);
	return write_verdict(dir, &v, e);
}

static int judge_host(int dir, struct err *e)
{
	static const struct expectations none;
	auto_judging struct judging j = { 0 };
	auto_verdict struct ruling v = { 0 };
	auto_own struct own own = { 0 };
	const struct judge_request q = {
		.test = o.name, .kernel = o.kernel, .topology = o.topology, .expectations = &none
	};

	if (ask_own(&own, 0, e) < 0 || judge_begin(&j, &q, e) < 0)
		return -1;
	judge_add_host(&j, &own.said);
	judge_end(&j, &v);
	if (o.again && v.verdict == JUDGED_FAIL)
		v.again = xstrdup(o.again);
	return write_verdict(dir, &v, e);
}

static int run(int dir, const char *path, struct err *e)
{
	auto_expectations struct expectations x = { 0 };
	auto_argv struct argv lines = { 0 };
	auto_free char *text = NULL;
	struct scenario s = { 0 };
	int r;

	(void)path;
	if (o.host)
		return judge_host(dir, e);
	if (!o.test || !o.text || !o.runs || !o.seeds)
		return err_set(e, X_USAGE, "--test, --text, --runs and --seeds are required");
	for (size_t i = 0; i < o.expect_lines.n; i++)
		argv_add(&lines, o.expect_lines.v[i]);
	r = read_scenario(&s, e);
	if (r == 0)
		r = expectations_asked(&x, &s, o.scheduler, o.test, (const char *const *)lines.v, e);
	if (r == 0)
		r = file_read(AT_FDCWD, o.text, SCENARIO_TEXT_MAX * 2, &text, NULL, e);
	if (r == 0)
		r = judge_all(dir, &s, &x, text, e);
	scenario_free(&s);
	return r < 0 ? -1 : 0;
}

const struct step step_judge = {
	.name = "judge",
	.format = 1,
	.summary = "hold runs against what is expected of them",
	.opts = opts,
	.run = run,
};
