/* explore: one test with many seeds, and what fails made smaller. */
#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

#include "base/err.h"
#include "base/file.h"
#include "base/mem.h"
#include "base/stop.h"
#include "gen/base/remote.h"
#include "gen/explore/attempt.h"
#include "gen/explore/report.h"
#include "gen/explore/search.h"
#include "gen/explore/smaller.h"
#include "gen/explore/whole.h"
#include "gen/matrix/matrix.h"
#include "gen/matrix/test.h"
#include "gen/verb/opts.h"
#include "gen/verb/verbs.h"
#include "host/cpus.h"
#include "progress/log.h"
#include "text/argv.h"
#include "text/name.h"

enum { SEEDS_UNSAID = 1000, TRIES_UNSAID = 8, MS_PER_MINUTE = 60000 };
#define SEED_LAST 1000000000u

static struct {
	const char *kernel, *topology, *scheduler, *seeds, *out;
	struct opt_list expect_lines;
	struct guest_asked guest;
	uint64_t shift, timeout, duration, workers, jobs, minutes, tries;
	bool until_fail, keep_size, json;
} o = { .shift = CLOCK_UNSAID, .tries = TRIES_UNSAID };

static const struct opt opts[] = {
	{ .name = "seeds",
	  .type = OPT_STR,
	  .out = &o.seeds,
	  .arg = "N|A..B",
	  .help = "so many seeds, or these; 1..1000 unless given" },
	{ .name = "until-fail", .type = OPT_FLAG, .out = &o.until_fail, .help = "try no more seeds when one fails" },
	{ .name = "minutes",
	  .type = OPT_U64,
	  .out = &o.minutes,
	  .arg = "M",
	  .min = 1,
	  .max = 100000,
	  .help = "end after so long, with what was found until then" },
	{ .name = "keep-size",
	  .type = OPT_FLAG,
	  .out = &o.keep_size,
	  .conflicts = "tries out",
	  .help = "leave what fails as large as it is" },
	{ .name = "tries",
	  .type = OPT_U64,
	  .out = &o.tries,
	  .arg = "N",
	  .min = 1,
	  .max = SEEDS_MAX,
	  .help = "seeds to try of each smaller test before it is taken to pass; 8 unless given" },
	{ .name = "out",
	  .letter = 'o',
	  .type = OPT_STR,
	  .out = &o.out,
	  .arg = "FILE",
	  .help = "where the smaller test is written; NAME.small.ktstr unless given" },
	{ .name = "kernel",
	  .type = OPT_STR,
	  .out = &o.kernel,
	  .arg = "ID",
	  .help = "kernel to run on: path, version or cache key; the newest of the cache unless given" },
	{ .name = "topology",
	  .type = OPT_STR,
	  .out = &o.topology,
	  .arg = "T",
	  .help = "\"N,L,C,T\" or a preset's name, in place of what the scenario says" },
	{ .name = "scheduler-bin",
	  .type = OPT_STR,
	  .out = &o.scheduler,
	  .arg = "PATH",
	  .help = "scheduler to run under, in place of what the scenario says; its arguments come after --" },
	{ .name = "expect-line",
	  .type = OPT_LIST,
	  .out = &o.expect_lines,
	  .arg = "TEXT",
	  .help = "expect this as well, as behind the word \"expect\" of a scenario" },
	{ .name = "shift",
	  .type = OPT_U64,
	  .out = &o.shift,
	  .arg = "N",
	  .max = CLOCK_SHIFT_MAX,
	  .help = "an instruction takes 2^N ns; 1, or 0 with more than 8 CPUs, unless given" },
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
	GUEST_ASKED_OPTS(o.guest),
	{ .name = "timeout",
	  .type = OPT_U64,
	  .out = &o.timeout,
	  .arg = "SECONDS",
	  .min = 1,
	  .max = 86400,
	  .help = "how long the scheduler may take to attach, of the guest's time" },
	{ .name = "json", .type = OPT_FLAG, .out = &o.json, .help = "print what was found as JSON" },
	JOBS_OPT(o.jobs, 1024, "how many guests run at once; as many as CPUs unless given"),
	{ 0 },
};

static size_t n_words; /* arguments in front of "--" */

struct request {
	struct test test;
	char *scheduler; /* absolute; NULL: as the text says */
	struct argv expect_lines;
	struct attempts attempts;
	struct search search;
	struct smaller smaller;
	char *text, *file, *small; /* whole; its name for runs; where the smaller one goes */
	char *again, *rest;
};

static void request_free(struct request *q)
{
	test_drop(&q->test);
	argv_free(&q->expect_lines);
	attempts_close(&q->attempts);
	search_free(&q->search);
	smaller_free(&q->smaller);
	free(q->scheduler);
	free(q->text);
	free(q->file);
	free(q->small);
	free(q->again);
	free(q->rest);
}
#define auto_request __attribute__((unused, cleanup(request_free)))

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
	const char *dots = strstr(o.seeds, "..");
	auto_free char *first = dots ? xstrndup(o.seeds, (size_t)(dots - o.seeds)) : xstrdup("1");
	uint64_t a, b;

	if (number_read(first, &a) && number_read(dots ? dots + 2 : o.seeds, &b) && b && b <= SEED_LAST &&
	    (!dots || a <= b)) {
		*s = (struct seeds){ a, (size_t)(dots ? b - a + 1 : b) };
		return 0;
	}
	return err_set(e, X_USAGE, "--seeds %s: a count (\"200\") or a range (\"1..200\") up to %u is wanted", o.seeds,
		       SEED_LAST);
}

static int load(struct request *q, int n, const char *const *args, struct err *e)
{
	static const char *const none[] = { NULL };
	struct test_opts to = { .args = none, .duration = o.duration, .workers = o.workers };
	struct seeds seeds = { 1, SEEDS_UNSAID };

	if (n_words != 1)
		return err_set(e, X_USAGE, "name one scenario of the catalogue (ktstr list), or one file");
	if ((size_t)n > n_words && !o.scheduler)
		return err_set(
			e, X_USAGE,
			"\"%s\" is an argument for the scheduler; name the scheduler itself with --scheduler-bin PATH, or write "
			"both into the scenario",
			args[n_words]);
	if (o.scheduler && scheduler_binary(o.scheduler, &q->scheduler, e) < 0)
		return -1;
	if (o.seeds && seeds_asked(&seeds, e) < 0)
		return -1;
	for (size_t i = 0; i < o.expect_lines.n; i++)
		argv_add(&q->expect_lines, o.expect_lines.v[i]);
	to.scheduler = q->scheduler;
	to.expect_lines = q->expect_lines.n ? (const char *const *)q->expect_lines.v : none;
	if ((size_t)n > n_words)
		to.args = args + n_words;
	if (test_load(&q->test, args[0], &to, e) < 0)
		return -1;
	const struct whole_opts wo = { .topology = o.topology,
				       .expect_lines = to.expect_lines,
				       .memory_mb = o.guest.memory_mb };

	if (whole_make(&q->test, &wo, e) < 0)
		return -1;
	q->search.first = seeds.first;
	q->search.last = seeds.first + seeds.n - 1;
	q->search.jobs = o.jobs ? (unsigned)o.jobs : cpus_usable();
	q->search.until_fail = o.until_fail;
	q->text = whole_text(&q->test.scenario, seeds.first);
	q->file = xasprintf("%s.ktstr", q->test.slug);
	q->small = o.out ? xstrdup(o.out) : xasprintf("%s.small.ktstr", q->test.slug);
	return 0;
}

/* What a run of the test and of any smaller one is told alike. */
static void common_words(struct argv *a)
{
	if (o.kernel)
		argv_opt(a, "--kernel", "%s", o.kernel);
	guest_asked_words(a, &o.guest);
	if (o.shift != CLOCK_UNSAID)
		argv_opt(a, "--shift", "%" PRIu64, o.shift);
	if (o.timeout)
		argv_opt(a, "--timeout", "%" PRIu64, o.timeout);
}

/* The command that runs the test as it was named. */
static void settle_again(struct request *q, int n, const char *const *args)
{
	auto_argv struct argv a = { 0 }, rest = { 0 };

	argv_add(&a, "ktstr");
	argv_add(&a, "run");
	argv_add(&a, args[0]);
	if (o.topology)
		argv_opt(&a, "--topology", "%s", o.topology);
	if (o.scheduler)
		argv_opt(&a, "--scheduler-bin", "%s", o.scheduler);
	common_words(&a);
	if (o.duration)
		argv_opt(&a, "--duration", "%" PRIu64, o.duration);
	if (o.workers)
		argv_opt(&a, "--workers", "%" PRIu64, o.workers);
	for (size_t i = 0; i < o.expect_lines.n; i++)
		argv_opt(&a, "--expect-line", "%s", o.expect_lines.v[i]);
	if ((size_t)n > n_words) {
		argv_add(&rest, "--");
		argv_addv(&rest, args + n_words);
	}
	q->again = argv_quote((const char *const *)a.v);
	q->rest = rest.n ? argv_quote((const char *const *)rest.v) : xstrdup("");
}

/* Equal explorations share it. */
static int open_attempts(struct request *q, struct err *e)
{
	auto_argv struct argv words = { 0 };
	char hex[NAME_LEN + 1];

	common_words(&words);
	argv_addv(&words, (const char *const[]){ q->text, NULL });
	auto_free char *all = argv_quote((const char *const *)words.v);

	name_hex(all, strlen(all), hex);
	auto_free char *name = xasprintf("explore-%s-%.10s", q->test.slug, hex);

	if (attempts_open(&q->attempts, name, e) < 0)
		return -1;
	common_words(&q->attempts.options);
	if (o.jobs)
		argv_opt(&q->attempts.options, "--jobs", "%" PRIu64, o.jobs);
	if (o.minutes)
		q->attempts.until = now_ms() + (long long)o.minutes * MS_PER_MINUTE;
	return 0;
}

static int tell(struct request *q, bool tried_smaller, long long began, struct err *e)
{
	auto_argv struct argv a = { 0 };
	bool written = false;

	if (tried_smaller) {
		if (file_write(AT_FDCWD, q->small, q->smaller.text, strlen(q->smaller.text), e) < 0)
			return err_in(e, "the smaller test");
		written = true;
	}
	argv_add(&a, "ktstr");
	argv_add(&a, "run");
	argv_add(&a, q->small);
	common_words(&a);
	auto_free char *small_again = argv_quote((const char *const *)a.v);
	const struct explored x = { .test = q->test.name,
				    .again = q->again,
				    .rest = q->rest,
				    .small_again = small_again,
				    .file = written ? q->small : NULL,
				    .search = &q->search,
				    .smaller = tried_smaller ? &q->smaller : NULL,
				    .ms = (uint64_t)(now_ms() - began) };

	(o.json ? explored_json : explored_text)(stdout, &x);
	if (stop_pending())
		return stop_err(e);
	return q->search.n_failures     ? X_FAIL
	       : q->search.broken       ? X_VM
	       : q->search.inconclusive ? JUDGED_EXIT_INCONCLUSIVE
					: 0;
}

static int explore(struct request *q, int n, const char *const *args, struct err *e)
{
	long long began = now_ms();

	if (load(q, n, args, e) < 0)
		return -1;
	settle_again(q, n, args);
	if (open_attempts(q, e) < 0 || search_seeds(&q->search, &q->attempts, q->file, q->text, e) < 0)
		return -1;
	bool smaller = q->search.n_failures && !o.keep_size;

	if (smaller &&
	    smaller_find(&q->smaller, &q->attempts, q->file, q->text, &q->search.failures[0], o.tries, e) < 0)
		return -1;
	return tell(q, smaller, began, e);
}

static int run_explore(int n, const char *const *args, struct err *e)
{
	auto_request struct request q = { .attempts = ATTEMPTS_NONE };
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
	.args = "NAME|FILE [-- SCHEDULER-ARGS...]",
	.summary = "look for a seed that fails, and make what fails smaller",
	.about =
		"Runs one scenario in virtual time with one seed after the other, each another schedule, in batches that keep all\n"
		"CPUs busy. The first seed that fails is told as soon as its batch is done. Then the failing scenario is made\n"
		"smaller, as long as it fails by the same metric: without cgroups, lines and blocks, with half of the workers, times\n"
		"and CPUs, and without expectations. Each try is an ordinary run, kept and never made twice. What is left is written\n"
		"into a file with its scheduler, topology and seed.\n\n"
		"The exit code is 1 if a seed fails, 0 if none does, 2 if nothing can be said about some, and 130 after Ctrl-C, which\n"
		"loses nothing that was found.",
	.examples = "  ktstr explore llc.ktstr --until-fail\n"
		    "  ktstr explore llc.ktstr --seeds 1..200 --minutes 30 --scheduler-bin ./scx_mine -- --verbose\n"
		    "  ktstr explore burst_crowd --topology tiny-2llc --json\n",
	.opts = opts,
	.min_args = 1,
	.max_args = SIZE_MAX,
	.before = &n_words,
	.run = run_explore,
};
