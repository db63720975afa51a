/* bisect: between two kernels, or two commits, the first under which a test fails. */
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/err.h"
#include "base/mem.h"
#include "base/still.h"
#include "base/stop.h"
#include "gen/base/remote.h"
#include "gen/base/home.h"
#include "gen/bisect/built.h"
#include "gen/bisect/cell.h"
#include "gen/bisect/commits.h"
#include "gen/bisect/criterion.h"
#include "gen/bisect/hunt.h"
#include "gen/bisect/span.h"
#include "gen/bisect/unbuilt.h"
#include "gen/bisect/report.h"
#include "gen/verb/opts.h"
#include "gen/verb/tests/asked.h"
#include "gen/verb/verbs.h"
#include "progress/log.h"
#include "text/argv.h"
#include "text/name.h"

enum { STEP_UNSAID_S = 3600, MS_PER_S = 1000, ID_SHOWN = 12 };

static struct {
	const char *good, *bad, *tree, *build_with, *kernel, *topology, *scheduler, *seeds, *log;
	struct opt_list expect_lines;
	struct guest_asked guest;
	uint64_t step_timeout, timeout, duration, workers, jobs;
	bool build, first_parent, force, json;
} o = { .step_timeout = STEP_UNSAID_S };

static const struct opt opts[] = {
	{ .name = "good", .type = OPT_STR, .out = &o.good, .arg = "ID", .help = "kernel or commit that passes" },
	{ .name = "bad",
	  .type = OPT_STR,
	  .out = &o.bad,
	  .arg = "ID",
	  .help = "a later one that fails; the kernel of the cell unless given" },
	{ .name = "tree",
	  .type = OPT_STR,
	  .out = &o.tree,
	  .arg = "DIR",
	  .help = "git repository that the two are commits of: a kernel's, or a scheduler's with --build-with" },
	{ .name = "build-with",
	  .type = OPT_STR,
	  .out = &o.build_with,
	  .arg = "COMMAND",
	  .needs = "tree",
	  .help = "command for sh that builds the scheduler in the files of a commit" },
	{ .name = "first-parent",
	  .type = OPT_FLAG,
	  .out = &o.first_parent,
	  .needs = "tree",
	  .help = "of what a merge brought only the merge itself is tried" },
	{ .name = "scheduler-bin",
	  .type = OPT_STR,
	  .out = &o.scheduler,
	  .arg = "PATH",
	  .help = "scheduler to run under; with --build-with what that makes, from the folder it runs in" },
	{ .name = "kernel",
	  .type = OPT_STR,
	  .out = &o.kernel,
	  .arg = "ID",
	  .needs = "build-with",
	  .help = "kernel to run on, when commits of a scheduler are tried; the newest of the cache unless given" },
	{ .name = "topology",
	  .type = OPT_STR,
	  .out = &o.topology,
	  .arg = "T",
	  .help = "\"N,L,C,T\" or a preset's name, in place of what the scenario says" },
	{ .name = "seeds",
	  .type = OPT_STR,
	  .out = &o.seeds,
	  .arg = "N|A..B",
	  .help = "so many seeds, or these, in place of what the scenario says: one that fails is enough" },
	{ .name = "expect-line",
	  .type = OPT_LIST,
	  .out = &o.expect_lines,
	  .arg = "TEXT",
	  .help = "expect this as well, as behind the word \"expect\" of a scenario" },
	ASKED_WORK_OPTS(o),
	{ .name = "build",
	  .type = OPT_FLAG,
	  .out = &o.build,
	  .help = "build kernels that are not in the cache, also releases between the two" },
	GUEST_ASKED_OPTS(o.guest),
	{ .name = "timeout",
	  .type = OPT_U64,
	  .out = &o.timeout,
	  .arg = "SECONDS",
	  .min = 1,
	  .max = 86400,
	  .help = "how long the scheduler may take to attach" },
	{ .name = "step-timeout",
	  .type = OPT_U64,
	  .out = &o.step_timeout,
	  .arg = "SECONDS",
	  .min = 1,
	  .max = 604800,
	  .help = "how long one kernel or commit may take, with its build, before it is passed over; 3600 unless given" },
	{ .name = "log",
	  .type = OPT_STR,
	  .out = &o.log,
	  .arg = "FILE",
	  .help = "write what was tried into this file, as git bisect log prints it" },
	{ .name = "json", .type = OPT_FLAG, .out = &o.json, .help = "print what was found as JSON" },
	{ .name = "force",
	  .type = OPT_FLAG,
	  .out = &o.force,
	  .help = "build and run again although the results are known" },
	JOBS_OPT(o.jobs, 1024, "how many steps of a run at once; as many as CPUs unless given"),
	{ 0 },
};

static size_t n_words; /* arguments in front of "--" */

struct request {
	struct home home;
	struct span span;       /* kernels, or … */
	struct commits commits; /* --tree */
	struct cell_words cell; /* that is named, or nothing */
	const char *bad;        /* --bad, or the kernel of the cell */
	struct criterion criterion;
	struct hunt hunt;
	char *scheduler; /* absolute; NULL: as the text says, or built */
};

static void request_free(struct request *q)
{
	home_free(&q->home);
	span_free(&q->span);
	commits_free(&q->commits);
	cell_words_free(&q->cell);
	criterion_free(&q->criterion);
	hunt_free(&q->hunt);
	free(q->scheduler);
}
#define auto_request __attribute__((unused, cleanup(request_free)))

static int left(void *arg, const struct hunt *h, struct argv *ids, struct err *e)
{
	const struct request *q = arg;

	if (o.tree)
		return commits_left(&q->commits, h, ids, e);
	span_left(&q->span, h, ids);
	return 0;
}

static int test_scheduler(struct request *q, struct tried *t, long long until, struct err *e)
{
	const struct built_how how = {
		.command = o.build_with, .program = o.scheduler, .into = q->criterion.attempts.dir, .force = o.force
	};
	auto_built struct built b = { 0 };
	int r = built_make(&b, &q->commits, t->id, &how, until, e);

	if (r < 0)
		return -1;
	if (r == BUILT)
		return criterion_try(&q->criterion, NULL, b.program, until, t, e);
	t->mark = MARK_SKIP;
	t->code = b.code;
	t->words = TAKE(b.why);
	return 0;
}

/* ktstr run builds it, and knows only what it built. */
static int test_kernel(struct request *q, struct tried *t, long long until, struct err *e)
{
	auto_free char *kernel = xasprintf("git+%s#sha=%s", q->commits.root, t->id), *known = NULL;
	int r = o.force ? UNBUILT_UNKNOWN : unbuilt_find(&q->commits, t->id, &q->home, &known, e);

	if (r < 0)
		return -1;
	if (r == UNBUILT_KNOWN) {
		t->mark = MARK_SKIP;
		t->code = X_BUILD;
		t->words = xasprintf("%s (known from before; --force builds it again)", known);
		return 0;
	}
	if (criterion_try(&q->criterion, kernel, NULL, until, t, e) < 0)
		return -1;
	bool unbuilt = t->mark == MARK_SKIP && (t->code == X_BUILD || t->code == X_KCONFIG);

	return unbuilt && t->words ? unbuilt_keep(&q->commits, t->id, &q->home, t->words, e) : 0;
}

static int test(void *arg, struct tried *t, struct err *e)
{
	struct request *q = arg;
	long long until = now_ms() + (long long)o.step_timeout * MS_PER_S;

	if (!o.tree) {
		t->title = xstrdup(span_at(&q->span, t->id)->title);
		return criterion_try(&q->criterion, t->id, NULL, until, t, e);
	}
	t->title = commits_subject(&q->commits, t->id, e);
	if (!t->title)
		return -1;
	return o.build_with ? test_scheduler(q, t, until, e) : test_kernel(q, t, until, e);
}

static int check_words(const struct request *q, int n, const char *const *args, struct err *e)
{
	if (!o.good || !q->bad || !*o.good || !*q->bad)
		return err_set(
			e, X_USAGE,
			"--good ID and --bad ID are wanted: two kernels of the cache, or two commits with --tree");
	if (!o.scheduler && (o.build_with || !n_words || ((size_t)n > n_words && !q->cell.test)))
		return err_set(e, X_USAGE, "%s%s: --scheduler-bin PATH is wanted",
			       o.build_with ? "--build-with makes a scheduler"
			       : !n_words   ? "no scenario is named, so it is about a scheduler"
					    : args[n_words],
			       !o.build_with && n_words ? " is an argument for the scheduler" : "");
	if (!n_words && (o.seeds || o.expect_lines.n || o.duration || o.workers))
		return err_set(e, X_USAGE,
			       "--seeds, --expect-line, --duration and --workers are about a scenario: name one");
	return 0;
}

/* What the request says besides counts in place of what the cell was run with. */
static int find_cell(struct request *q, const char *word, struct err *e)
{
	const char *without[16];
	size_t n = 0;

	if (!o.build_with || o.kernel)
		without[n++] = "--kernel";
	if (o.scheduler) {
		without[n++] = "--scheduler-bin";
		without[n++] = "--scheduler";
	}
	if (o.topology)
		without[n++] = "--topology";
	if (o.seeds) {
		without[n++] = "--seeds";
		without[n++] = "--seed";
	}
	if (o.duration)
		without[n++] = "--duration";
	if (o.workers)
		without[n++] = "--workers";
	if (o.timeout)
		without[n++] = "--timeout";
	if (o.guest.accel)
		without[n++] = "--accel";
	if (o.guest.memory_mb)
		without[n++] = "--memory-mb";
	without[n] = NULL;
	if (cell_words(&q->cell, word, without, e) < 0)
		return -1;
	if (!o.bad && !o.tree)
		q->bad = q->cell.kernel;
	return 0;
}

static int find_test(struct request *q, const char *const *args, struct err *e)
{
	q->bad = o.bad;
	if (n_words > 1)
		return err_set(
			e, X_USAGE,
			"name one scenario of the catalogue (ktstr list), one file or one cell, or none to see whether the "
			"scheduler attaches");
	return n_words && cell_is_named(args[0]) ? find_cell(q, args[0], e) : 0;
}

static int find_ends(struct request *q, struct err *e)
{
	if (home_find(&q->home, e) < 0)
		return -1;
	if (o.tree)
		return commits_open(&q->commits, o.tree, o.good, q->bad, o.first_parent, e);
	return span_find(&q->span, &q->home, o.good, q->bad, o.build, e);
}

/* For both verbs, and for `ktstr run`. */
static void settle_words(struct criterion *c, const struct cell_words *cell, int n, const char *const *args)
{
	struct argv *all = &c->attempts.options, *own = &c->own;

	if (o.kernel)
		argv_opt(all, "--kernel", "%s", o.kernel);
	if (o.topology)
		argv_opt(all, "--topology", "%s", o.topology);
	guest_asked_words(all, &o.guest);
	if (o.timeout)
		argv_opt(all, "--timeout", "%" PRIu64, o.timeout);
	if (o.build || (o.tree && !o.build_with))
		argv_add(all, "--build");
	if (o.seeds)
		argv_opt(own, "--seeds", "%s", o.seeds);
	for (size_t i = 0; i < o.expect_lines.n; i++)
		argv_opt(own, "--expect-line", "%s", o.expect_lines.v[i]);
	if (o.duration)
		argv_opt(own, "--duration", "%" PRIu64, o.duration);
	if (o.workers)
		argv_opt(own, "--workers", "%" PRIu64, o.workers);
	if (cell->own.n)
		argv_addv(own, (const char *const *)cell->own.v);
	if ((size_t)n <= n_words && cell->rest.n)
		argv_addv(&c->attempts.rest, (const char *const *)cell->rest.v);
	if ((size_t)n > n_words) {
		argv_add(&c->attempts.rest, "--");
		argv_addv(&c->attempts.rest, args + n_words);
	}
}

/* Equal bisections share it, and do not run side by side. */
static int open_attempts(struct request *q, int n, const char *const *args, struct err *e)
{
	auto_argv struct argv all = { 0 };
	char hex[NAME_LEN + 1];
	const char *const ends[] = { o.tree ? q->commits.root : "", o.tree ? q->commits.good : o.good,
				     o.tree ? q->commits.bad : q->bad, o.build_with ? o.build_with : "", NULL };
	struct criterion *c = &q->criterion;

	c->test = q->cell.test ? q->cell.test : n_words ? args[0] : NULL;
	argv_addv(&all, ends);
	argv_addv(&all, args);
	if (o.scheduler)
		argv_add(&all, o.scheduler);
	auto_free char *text = argv_quote((const char *const *)all.v);

	name_hex(text, strlen(text), hex);
	auto_free char *name = xasprintf("bisect-%.16s", hex);

	if (attempts_open(&c->attempts, name, e) < 0)
		return -1;
	settle_words(c, &q->cell, n, args);
	if (q->scheduler)
		argv_opt(&c->attempts.options, "--scheduler-bin", "%s", q->scheduler);
	if (o.force)
		argv_add(&c->attempts.options, "--force");
	if (o.jobs)
		argv_opt(&c->attempts.options, "--jobs", "%" PRIu64, o.jobs);
	return 0;
}

static int hunt(struct request *q, struct err *e)
{
	struct hunt *h = &q->hunt;
	const char *good = o.tree ? q->commits.good : q->span.v[0].word;
	const char *bad = o.tree ? q->commits.bad : q->span.v[q->span.n - 1].word;

	*h = (struct hunt){ .one = o.tree ? "commit" : "kernel",
			    .many = o.tree ? "commits" : "kernels",
			    .id_shown = o.tree ? ID_SHOWN : 0,
			    .arg = q,
			    .left = left,
			    .test = test };
	if (hunt_ends(h, good, bad, e) < 0)
		return -1;
	for (size_t i = 0; i < q->commits.bases.n; i++)
		if (hunt_base(h, q->commits.bases.v[i], e) < 0)
			return -1;
	return hunt_run(h, e);
}

/* r: of hunt(). */
static int tell(struct request *q, int r, long long began, struct err *e)
{
	auto_free char *show = NULL;
	struct bisected x = { .hunt = &q->hunt,
			      .commits = o.tree != NULL,
			      .ended = r >= 0,
			      .untold = r == HUNT_UNTOLD,
			      .ms = (uint64_t)(now_ms() - began) };
	struct err of_log = { 0 };

	if (x.commits && r == HUNT_FOUND && !(show = commits_show(&q->commits, q->hunt.bad, e)))
		r = -1;
	x.show = show;
	if (o.json)
		bisected_json(stdout, &x);
	else
		bisected_text(stdout, &x);
	/* What it came to otherwise is told first. */
	if (o.log && bisected_log(o.log, &x, &of_log) < 0 && r >= 0) {
		*e = of_log;
		return -1;
	}
	if (r < 0 && e->code == X_INTERRUPTED && q->hunt.n)
		log_note("what was built and run is kept: the same command goes on from here");
	return r;
}

static int bisect(struct request *q, int n, const char *const *args, struct err *e)
{
	long long began = now_ms();

	if (find_test(q, args, e) < 0 || check_words(q, n, args, e) < 0)
		return -1;
	if (o.scheduler && !o.build_with && scheduler_binary(o.scheduler, &q->scheduler, e) < 0)
		return -1;
	if (find_ends(q, e) < 0 || open_attempts(q, n, args, e) < 0)
		return -1;
	int r = hunt(q, e);

	return tell(q, r, began, e);
}

static int run_bisect(int n, const char *const *args, struct err *e)
{
	auto_request struct request q = { .criterion.attempts = ATTEMPTS_NONE };
	/* Our children share it. */
	int r = remote_begin(e) < 0 ? -1 : bisect(&q, n, args, e);

	if (r < 0)
		return e->code;
	if (r == HUNT_UNTOLD) {
		e->code = JUDGED_EXIT_INCONCLUSIVE;
		e->msg[0] = '\0'; /* X_USAGE with a message would be told as a mistake in the command line */
		return JUDGED_EXIT_INCONCLUSIVE;
	}
	return 0;
}

const struct verb verb_bisect = {
	.name = "bisect",
	.args = "[NAME|FILE|CELL] [-- SCHEDULER-ARGS...]",
	.summary = "find the first kernel, or commit, under which a test fails",
	.about =
		"Runs one scenario under a kernel that is said to be good and one that is said to be bad, and then by halves under those\n"
		"between: the kernels of the cache in the order of their versions, or with --tree the commits of a git repository. Without\n"
		"a scenario it is about whether the scheduler attaches. A cell that ran is named as for replay, TEST/KERNEL/TOPOLOGY.\n\n"
		"The repository is a kernel's, or with --build-with a scheduler's. A commit's files are unpacked into the store, and\n"
		"nothing of the repository or its work tree is written. What cannot be built or run, or told, is passed over. Builds and\n"
		"runs are kept: the same command once more, also after Ctrl-C, goes on with what is known.\n\n"
		"The exit code is 0 if the first bad one is found, 2 if it is one of several that cannot be told apart, and 1 if the good\n"
		"end fails or the bad one passes.",
	.examples =
		"  ktstr bisect --good 7.0.13 --bad 7.1.13 --scheduler-bin ./scx_mine\n"
		"  ktstr bisect llc.ktstr --good 6.12 --bad 6.16\n"
		"  ktstr bisect llc.ktstr --tree . --good v1.0 --bad HEAD --build-with 'make -C sched' --scheduler-bin sched/scx_mine\n"
		"  ktstr bisect llc.ktstr --tree ~/linux --good v6.15 --bad v6.16-rc1 --log bisect.log\n",
	.opts = opts,
	.max_args = SIZE_MAX,
	.before = &n_words,
	.run = run_bisect,
};
