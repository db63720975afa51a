/* explore: one test with many seeds, and what fails made smaller. */
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/err.h"
#include "base/file.h"
#include "base/mem.h"
#include "base/stop.h"
#include "gen/base/remote.h"
#include "gen/explore/attempt.h"
#include "gen/explore/report.h"
#include "gen/explore/smaller.h"
#include "gen/explore/whole.h"
#include "gen/graph/plan.h"
#include "gen/matrix/matrix.h"
#include "gen/matrix/program.h"
#include "gen/matrix/select.h"
#include "gen/matrix/test.h"
#include "gen/verb/opts.h"
#include "gen/verb/tests/asked.h"
#include "gen/verb/tests/rounds.h"
#include "gen/verb/tests/places.h"
#include "gen/verb/tests/request.h"
#include "gen/verb/verbs.h"
#include "host/cpus.h"
#include "json/write.h"
#include "progress/log.h"
#include "text/argv.h"
#include "text/name.h"
#include "verifier/profile.h"

enum { SEEDS_UNSAID = 1000, TRIES_UNSAID = 8, MS_PER_MINUTE = 60000, NAME_SHOWN = 120 };
#define SEED_LAST 1000000000u

static struct {
	const char *seeds, *out;
	uint64_t minutes, tries;
	bool until_fail, keep_size;
} own = { .tries = TRIES_UNSAID };

static const struct opt opts[] = {
	{ .name = "seeds",
	  .type = OPT_STR,
	  .out = &own.seeds,
	  .arg = "N|A..B",
	  .help = "so many seeds, or these; 1..1000 unless given" },
	{ .name = "until-fail",
	  .type = OPT_FLAG,
	  .out = &own.until_fail,
	  .help = "try no more seeds of a cell when one fails" },
	{ .name = "minutes",
	  .type = OPT_U64,
	  .out = &own.minutes,
	  .arg = "M",
	  .min = 1,
	  .max = 100000,
	  .help = "end after so long, with what was found until then" },
	{ .name = "keep-size",
	  .type = OPT_FLAG,
	  .out = &own.keep_size,
	  .conflicts = "tries out",
	  .help = "leave what fails as large as it is" },
	{ .name = "tries",
	  .type = OPT_U64,
	  .out = &own.tries,
	  .arg = "N",
	  .min = 1,
	  .max = SEEDS_MAX,
	  .help = "seeds to try of each smaller test before it is taken to pass; 8 unless given" },
	{ .name = "out",
	  .letter = 'o',
	  .type = OPT_STR,
	  .out = &own.out,
	  .arg = "FILE",
	  .help = "where the smaller test is written, of one cell; NAME.small.ktstr unless given" },
	PLACES_ASKED_OPTS,
	{ .name = "topology",
	  .type = OPT_LIST,
	  .out = &tests_asked.topologies,
	  .arg = "T",
	  .help = "\"N,L,C,T\" or a preset's name, in place of what scenarios say" },
	{ .name = "filter",
	  .type = OPT_STR,
	  .out = &tests_asked.filter,
	  .arg = "TEXT",
	  .help = "cells with this in their name, which is TEST/KERNEL/TOPOLOGY[/PROFILE]" },
	SCHEDULER_ASKED_OPTS(tests_asked.package, tests_asked.scheduler,
			     "package of this cargo workspace to build and run under, in place of what scenarios say",
			     "scheduler to run under, in place of what scenarios say; its arguments come after --",
			     "scheduler"),
	{ .name = "flags-file",
	  .type = OPT_STR,
	  .out = &tests_asked.profiles.file,
	  .arg = "FILE",
	  .help = "flags of the scheduler, in place of those that it says itself" },
	{ .name = "expect-line",
	  .type = OPT_LIST,
	  .out = &tests_asked.expect_lines,
	  .arg = "TEXT",
	  .help = "expect this as well, as behind the word \"expect\" of a scenario" },
	{ .name = "shift",
	  .type = OPT_U64,
	  .out = &tests_asked.shift,
	  .arg = "N",
	  .max = CLOCK_SHIFT_MAX,
	  .help = "an instruction takes 2^N ns; 1, or 0 with more than 8 CPUs, unless given" },
	ASKED_WORK_OPTS(tests_asked),
	BUILD_ASKED_OPTS(tests_asked.missing),
	GUEST_ASKED_OPTS(tests_asked.guest),
	{ .name = "timeout",
	  .type = OPT_U64,
	  .out = &tests_asked.timeout,
	  .arg = "SECONDS",
	  .min = 1,
	  .max = 86400,
	  .help = "how long the scheduler may take to attach, of the guest's time" },
	{ .name = "json", .type = OPT_FLAG, .out = &tests_asked.json, .help = "print what was found as JSON" },
	JOBS_OPT(tests_asked.jobs, 1024, "how many guests run at once; as many as CPUs unless given"),
	{ 0 },
};

static size_t n_words; /* arguments in front of "--" */

/* What becomes of a cell that fails. */
struct prey {
	const struct quarry *q;
	struct test test;    /* whole: its scheduler, topology and what is expected in one text */
	char *text, *file;   /* its name for runs */
	char *small, *again; /* where the smaller one goes, and what runs that */
	struct attempts attempts;
	struct smaller smaller;
	bool tried, written;
};

static void prey_free(struct prey *p)
{
	test_drop(&p->test);
	attempts_close(&p->attempts);
	smaller_free(&p->smaller);
	free(p->text);
	free(p->file);
	free(p->small);
	free(p->again);
}
#define auto_prey __attribute__((unused, cleanup(prey_free)))

static bool number_read(const char *text, uint64_t *n)
{
	char *end;

	if (*text < '0' || *text > '9')
		return false;
	*n = strtoull(text, &end, 10);
	return !*end && *n <= SEED_LAST;
}

/* As many as one likes: they are run in parts. */
static int seeds_asked(struct seeds *s, struct err *e)
{
	const char *dots = strstr(own.seeds, "..");
	auto_free char *first = dots ? xstrndup(own.seeds, (size_t)(dots - own.seeds)) : xstrdup("1");
	uint64_t a, b;

	if (number_read(first, &a) && number_read(dots ? dots + 2 : own.seeds, &b) && b && b <= SEED_LAST &&
	    (!dots || a <= b)) {
		*s = (struct seeds){ a, (size_t)(dots ? b - a + 1 : b) };
		return 0;
	}
	return err_set(e, X_USAGE, "--seeds %s: a count (\"200\") or a range (\"1..200\") up to %u is wanted",
		       own.seeds, SEED_LAST);
}

/* What a run of any smaller test is told besides. */
static void common_words(struct argv *a, const struct matrix_cell *c)
{
	argv_opt(a, "--kernel", "%s", c->on->name.id);
	guest_asked_words(a, &tests_asked.guest);
	if (tests_asked.shift != CLOCK_UNSAID)
		argv_opt(a, "--shift", "%" PRIu64, tests_asked.shift);
	if (c->test->timeout)
		argv_opt(a, "--timeout", "%" PRIu64, c->test->timeout);
}

/* Why a text alone cannot be what failed; NULL: it can. */
static const char *stays_large(const struct matrix_cell *c)
{
	auto_free const char **others = expectations_others(&c->test->test.expect);

	if (c->test->judged)
		return "a function of its program judges it";
	if (c->test->goes_on.n)
		return "its lines go on with other profiles";
	for (size_t i = 0; others[i]; i++)
		if (matrix_profile(c, others[i]))
			return "it is compared with another profile";
	return NULL;
}

/* The cell as one text. */
static int make_whole(struct prey *p, struct err *e)
{
	const struct matrix_cell *c = p->q->cell;
	const struct matrix_test *t = c->test;
	const struct profile *profile = c->on->profile;
	auto_argv struct argv args = { 0 }, lines = { 0 };

	if (profile)
		argv_addv(&args, (const char *const *)profile->args);
	argv_addv(&args, t->args);
	for (size_t i = 0; i < tests_asked.expect_lines.n; i++)
		argv_add(&lines, tests_asked.expect_lines.v[i]);
	static const char *const none[] = { NULL };
	const struct test_opts to = { .scheduler = t->test.scheduler,
				      .args = args.n ? (const char *const *)args.v : none,
				      .expect_lines = lines.n ? (const char *const *)lines.v : none,
				      .duration = tests_asked.duration,
				      .workers = tests_asked.workers };
	const struct whole_opts wo = { .topology = c->on->guest->topology,
				       .expect_lines = to.expect_lines,
				       .memory_mb = tests_asked.guest.memory_mb };

	if (test_load(&p->test, t->of ? t->of->text : t->test.word, &to, e) < 0 || whole_make(&p->test, &wo, e) < 0)
		return -1;
	p->text = whole_text(&p->test.scenario, p->q->trail.failures[0].seed);
	p->file = xasprintf("%s.ktstr", p->test.slug);
	return 0;
}

/* Cells of one test would have one name. */
static char *small_name(const struct prey *p, const struct rounds *h)
{
	if (own.out)
		return xstrdup(own.out);
	for (size_t i = 0; i < h->n; i++)
		if (&h->v[i] != p->q && h->v[i].cell->test == p->q->cell->test) {
			auto_free char *slug = plan_slug(matrix_name(p->q->cell));
			auto_free char *name = plan_short(slug, NAME_SHOWN);

			return xasprintf("%s.small.ktstr", name);
		}
	return xasprintf("%s.small.ktstr", p->test.slug);
}

/* Equal explorations share it. */
static int open_attempts(struct prey *p, long long until, struct err *e)
{
	auto_argv struct argv words = { 0 };
	char hex[NAME_LEN + 1];

	common_words(&words, p->q->cell);
	argv_addv(&words, (const char *const[]){ p->text, NULL });
	auto_free char *all = argv_quote((const char *const *)words.v);

	name_hex(all, strlen(all), hex);
	auto_free char *name = xasprintf("explore-%s-%.10s", p->test.slug, hex);

	if (attempts_open(&p->attempts, name, e) < 0)
		return -1;
	common_words(&p->attempts.options, p->q->cell);
	if (tests_asked.jobs)
		argv_opt(&p->attempts.options, "--jobs", "%" PRIu64, tests_asked.jobs);
	p->attempts.until = until;
	return 0;
}

static int make_smaller(struct prey *p, const struct rounds *h, long long until, struct err *e)
{
	const char *why = stays_large(p->q->cell);
	auto_argv struct argv a = { 0 };

	if (!p->q->trail.n_failures || own.keep_size)
		return 0;
	if (why) {
		log_info("%s is left as large as it is: %s", matrix_name(p->q->cell), why);
		return 0;
	}
	if (make_whole(p, e) < 0 || open_attempts(p, until, e) < 0 ||
	    smaller_find(&p->smaller, &p->attempts, p->file, p->text, &p->q->trail.failures[0], own.tries, e) < 0)
		return -1;
	p->tried = true;
	p->small = small_name(p, h);
	argv_add(&a, "ktstr");
	argv_add(&a, "run");
	argv_add(&a, p->small);
	common_words(&a, p->q->cell);
	p->again = argv_quote((const char *const *)a.v);
	if (file_write(AT_FDCWD, p->small, p->smaller.text, strlen(p->smaller.text), e) < 0)
		return err_in(e, "the smaller test");
	p->written = true;
	return 0;
}

static void tell(const struct prey *p, const struct request *q, struct jsonw *w, long long began)
{
	const struct matrix_cell *c = p->q->cell;
	auto_free char *again = matrix_again(&q->matrix, c);
	const struct explored x = { .test = c->test->test.name,
				    .cell = matrix_name(c),
				    .topology = c->on->guest->topology,
				    .profile = c->on->profile ? c->on->profile->name : NULL,
				    .again = again,
				    .rest = q->again_rest,
				    .small_again = p->again,
				    .file = p->written ? p->small : NULL,
				    .trail = &p->q->trail,
				    .smaller = p->tried ? &p->smaller : NULL,
				    .ms = (uint64_t)(now_ms() - began) };

	if (w)
		explored_json(w, &x);
	else
		explored_text(stdout, &x);
}

static int code_of(const struct rounds *h)
{
	bool failed = false, broken = false, inconclusive = false;

	for (size_t i = 0; i < h->n; i++) {
		failed |= h->v[i].trail.n_failures;
		broken |= h->v[i].trail.broken;
		inconclusive |= h->v[i].trail.inconclusive;
	}
	return failed ? X_FAIL : broken ? X_VM : inconclusive ? JUDGED_EXIT_INCONCLUSIVE : 0;
}

/* Each is told as soon as it is as small as it gets; when that comes to nothing, as large as it is. */
static int tell_cells(const struct rounds *h, const struct request *q, struct jsonw *w, long long began,
		      long long until, struct err *e)
{
	int r = 0;

	for (size_t i = 0; i < h->n; i++) {
		auto_prey struct prey p = { .q = &h->v[i], .attempts = ATTEMPTS_NONE };
		struct err why = { 0 };

		if (make_smaller(&p, h, until, &why) < 0 && r == 0) {
			*e = why;
			r = -1;
		}
		tell(&p, q, w, began);
	}
	return r;
}

/* At once, so that it is whole. */
static int tell_json(const struct rounds *h, const struct request *q, long long began, long long until, struct err *e)
{
	auto_free char *text = NULL;
	struct jsonw w;
	size_t n;
	FILE *f = xmemstream(&text, &n);

	jsonw_init(&w, f);
	jsonw_obj(&w);
	jsonw_ku64(&w, "format", 1);
	jsonw_karr(&w, "cells");
	int r = tell_cells(h, q, &w, began, until, e);

	jsonw_end_arr(&w);
	jsonw_end_obj(&w);
	jsonw_done(&w);
	fclose(f);
	fputs(text, stdout);
	return r;
}

static int tell_all(const struct rounds *h, const struct request *q, long long began, long long until, struct err *e)
{
	if ((tests_asked.json ? tell_json(h, q, began, until, e) : tell_cells(h, q, NULL, began, until, e)) < 0)
		return -1;
	return stop_pending() ? stop_err(e) : code_of(h);
}

static int explore(struct request *q, int n, const char *const *args, struct err *e)
{
	static char room[sizeof("1..") + 20]; /* for seeds of one round */
	struct seeds seeds = { 1, SEEDS_UNSAID };
	auto_rounds struct rounds h = { 0 };
	long long began = now_ms();

	if (own.seeds && seeds_asked(&seeds, e) < 0)
		return -1;
	snprintf(room, sizeof(room), "1..%d", ROUND_EDGES);
	tests_asked.seeds = room;
	if (places_settle(e) < 0 || request_open(q, (size_t)n, n_words, args, e) < 0 || request_cells(q, e) < 0)
		return -1;
	if (tests_asked.filter && !select_text(&q->matrix, tests_asked.filter))
		return err_set(e, X_NO_INPUT, "no cell has \"%s\" in its name", tests_asked.filter);
	if (rounds_begin(&h, q, seeds.first, seeds.first + seeds.n - 1, own.until_fail, e) < 0)
		return -1;
	if (own.out && h.n > 1)
		return err_set(e, X_USAGE, "--out names one file, and there are %zu cells", h.n);
	long long until = own.minutes ? began + (long long)own.minutes * MS_PER_MINUTE : -1;
	unsigned jobs = tests_asked.jobs ? (unsigned)tests_asked.jobs : cpus_usable();

	return rounds_run(&h, q, jobs, until, e) < 0 ? -1 : tell_all(&h, q, began, until, e);
}

static int run_explore(int n, const char *const *args, struct err *e)
{
	auto_request struct request q = { .verb = "explore", .sidecars = -1, .programs = true, .matrix.apart = true };
	/* Our children share it. */
	int code = remote_begin(e) < 0 ? -1 : explore(&q, n, args, e);

	if (code < 0)
		return e->code;
	if (code) {
		e->code = code;
		e->msg[0] = '\0'; /* of a try that came to nothing, which is no error of ours */
	}
	return code;
}

const struct verb verb_explore = {
	.name = "explore",
	.args = "PROGRAM|NAME|FILE... [-- SCHEDULER-ARGS...]",
	.summary = "look for a seed that fails, and make what fails smaller",
	.about =
		"Runs tests in virtual time with one seed after the other, each another schedule: of programs, scenarios and files, on\n"
		"kernels and topologies, with profiles, as `ktstr matrix` does; all cells take turns. A seed that fails is told at\n"
		"once. Then the failing scenario is made smaller, as long as it fails by the same metric: without cgroups, lines and\n"
		"blocks, with half of the workers, times and CPUs, and without expectations. Each try is an ordinary run, kept and\n"
		"never made twice. What is left is written into a file with its scheduler, topology and seed.\n\n"
		"The exit code is 1 if a seed fails, 0 if none does, 2 if nothing can be said about some, and 130 after Ctrl-C, which\n"
		"loses nothing that was found.",
	.examples = "  ktstr explore llc.ktstr --until-fail\n"
		    "  ktstr explore ./tests --filter llc --preset all --minutes 30 --until-fail\n"
		    "  ktstr explore llc.ktstr --seeds 1..200 --scheduler-bin ./scx_mine -- --verbose\n"
		    "  ktstr explore burst_crowd --topology tiny-2llc --json\n",
	.opts = opts,
	.min_args = 1,
	.max_args = SIZE_MAX,
	.before = &n_words,
	.run = run_explore,
};
