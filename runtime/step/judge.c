/* judge: what is expected of a test, held against its runs. Nothing is stored: it takes less time to make than to find. */
#include "base/err.h"
#include "base/file.h"
#include "base/mem.h"
#include "judge/asked.h"
#include "judge/judge.h"
#include "options/opt.h"
#include "scenario/scenario.h"
#include "step/step.h"
#include "step/steps.h"
#include "text/argv.h"
#include "trial/record.h"
#include <inttypes.h>
#include <string.h>

enum { LOG_MAX = 64 << 20, FACTS_MAX = 256 << 20 };

static struct {
	const char *test, *text, *name, *kernel, *topology, *preset, *profile, *scheduler, *again, *again_rest;
	const char *runs;
	struct opt_list others, expect_lines;
	uint64_t first_seed, seeds;
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
	{ .name = "again-rest",
	  .type = OPT_STR,
	  .out = &o.again_rest,
	  .arg = "WORDS",
	  .help = "what belongs behind that" },
	{ 0 },
};

/* A run as it was read. */
struct side {
	struct facts facts;
	bool there;
	char *skipped;
	char *log[2]; /* kernel, scheduler */
	size_t log_n[2];
};

struct sides {
	struct side *v;
	size_t n;
};

static void sides_free(struct sides *s)
{
	for (size_t i = 0; i < s->n; i++) {
		facts_free(&s->v[i].facts);
		free(s->v[i].skipped);
		free(s->v[i].log[0]);
		free(s->v[i].log[1]);
	}
	free(s->v);
}
#define auto_sides __attribute__((unused, cleanup(sides_free)))

static int read_log(const char *dir, const char *name, char **text, size_t *n, struct err *e)
{
	auto_free char *path = xasprintf("%s/%s", dir, name);

	return file_exists(path) ? file_read(AT_FDCWD, path, LOG_MAX, text, n, e) : 0;
}

static int read_side(struct side *s, const char *dir, struct err *e)
{
	auto_free char *path = xasprintf("%s/run.json", dir), *text = NULL;
	size_t n;

	if (file_read(AT_FDCWD, path, FACTS_MAX, &text, &n, e) < 0)
		return -1;
	if ((s->skipped = record_skipped(text, n)))
		return 0;
	if (facts_read(&s->facts, text, n, e) < 0)
		return err_in(e, "%s", path);
	s->there = true;
	return read_log(dir, "console.log", &s->log[0], &s->log_n[0], e) < 0 ||
			       read_log(dir, "sched.log", &s->log[1], &s->log_n[1], e) < 0
		       ? -1
		       : 0;
}

/* Those of dir, behind the ones that are there. */
static int read_sides(struct sides *s, const char *dir, struct err *e)
{
	s->v = xreallocarray(s->v, s->n + o.seeds, sizeof(*s->v));
	memset(s->v + s->n, 0, o.seeds * sizeof(*s->v));
	for (uint64_t i = 0; i < o.seeds; i++, s->n++) {
		auto_free char *path = xasprintf("%s/seed-%" PRIu64, dir, o.first_seed + i);

		if (read_side(&s->v[s->n], path, e) < 0)
			return -1;
	}
	return 0;
}

static int read_others(struct sides *s, struct err *e)
{
	for (size_t i = 0; i < o.others.n; i++) {
		const char *eq = strchr(o.others.v[i], '=');

		if (!eq)
			return err_set(e, X_USAGE, "--other %s: NAME=DIR is wanted", o.others.v[i]);
		if (read_sides(s, eq + 1, e) < 0)
			return -1;
	}
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

static void fill_others(struct judge_other *to, const struct sides *sides, char **names)
{
	for (size_t i = 0; i < o.others.n; i++) {
		names[i] = xstrndup(o.others.v[i], strcspn(o.others.v[i], "="));
		for (size_t k = 0; k < o.seeds; k++) {
			const struct side *s = &sides->v[i * o.seeds + k];

			to[i * o.seeds + k] =
				(struct judge_other){ names[i], o.first_seed + k, s->there ? &s->facts : NULL };
		}
	}
}

static void fill_runs(struct judge_run *to, const struct sides *sides)
{
	for (size_t i = 0; i < sides->n; i++) {
		const struct side *s = &sides->v[i];

		to[i] = (struct judge_run){ .seed = o.first_seed + i,
					    .facts = s->there ? &s->facts : NULL,
					    .skipped = s->skipped,
					    .why = s->skipped,
					    .kernel_log = s->log[0],
					    .kernel_log_n = s->log_n[0],
					    .scheduler_log = s->log[1],
					    .scheduler_log_n = s->log_n[1] };
	}
}

static int judge_all(int dir, const struct scenario *s, const struct sides *runs, const struct sides *others,
		     const struct expectations *x, const char *text, struct err *e)
{
	auto_free struct judge_run *r = xcalloc(runs->n + 1, sizeof(*r));
	auto_free struct judge_other *other = xcalloc(others->n + 1, sizeof(*other));
	auto_argv struct argv names = { .v = xcalloc(o.others.n + 1, sizeof(*names.v)), .n = o.others.n };
	auto_verdict struct ruling v = { 0 };

	fill_runs(r, runs);
	fill_others(other, others, names.v);
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
					 .expectations = x,
					 .runs = r,
					 .n_runs = runs->n,
					 .others = other,
					 .n_others = others->n };

	return judge(&v, &q, e) < 0 ? -1 : write_verdict(dir, &v, e);
}

static int run(int dir, const char *path, struct err *e)
{
	auto_sides struct sides runs = { 0 }, others = { 0 };
	auto_expectations struct expectations x = { 0 };
	auto_argv struct argv lines = { 0 };
	auto_free char *text = NULL;
	struct scenario s = { 0 };
	int r;

	(void)path;
	if (!o.test || !o.text || !o.runs || !o.seeds)
		return err_set(e, X_USAGE, "--test, --text, --runs and --seeds are required");
	for (size_t i = 0; i < o.expect_lines.n; i++)
		argv_add(&lines, o.expect_lines.v[i]);
	r = read_scenario(&s, e);
	if (r == 0)
		r = expectations_asked(&x, &s, o.scheduler, o.test, (const char *const *)lines.v, e);
	if (r == 0)
		r = file_read(AT_FDCWD, o.text, SCENARIO_TEXT_MAX * 2, &text, NULL, e);
	if (r == 0 && (r = read_sides(&runs, o.runs, e)) == 0)
		r = read_others(&others, e);
	if (r == 0)
		r = judge_all(dir, &s, &runs, &others, &x, text, e);
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
