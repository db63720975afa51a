/* matrix: every test of programs and files on kernels and topologies, with profiles and seeds; what is known does not run again. */
#include "base/err.h"
#include "base/file.h"
#include "base/mem.h"
#include "base/stop.h"
#include "gen/matrix/audit.h"
#include "gen/matrix/budget.h"
#include "gen/matrix/history.h"
#include "gen/matrix/last.h"
#include "gen/matrix/select.h"
#include "gen/matrix/watch.h"
#include "gen/verb/tests/asked.h"
#include "gen/verb/tests/places.h"
#include "gen/verb/tests/request.h"
#include "gen/verb/verbs.h"
#include "host/cpus.h"
#include "progress/log.h"
#include "text/argv.h"

#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

enum { COMMAND_MAX = 4 << 20 };

static struct {
	struct shard shard;
	bool list;
	int64_t began; /* seconds since 1970 */
	long long began_ms;
} own;

static const struct opt matrix_opts[] = {
	PLACES_ASKED_OPTS,
	ASKED_SEEDS_OPTS,
	ASKED_CLOCK_OPTS,
	ASKED_EXPECT_OPTS,
	{ .name = "filter",
	  .type = OPT_STR,
	  .out = &tests_asked.filter,
	  .arg = "TEXT",
	  .help = "cells with this in their name, which is TEST/KERNEL/TOPOLOGY[/PROFILE]" },
	{ .name = "cell",
	  .type = OPT_LIST,
	  .out = &tests_asked.cells,
	  .arg = "NAME",
	  .help = "this cell alone, by its whole name" },
	{ .name = "shard",
	  .type = OPT_STR,
	  .out = &tests_asked.shard,
	  .arg = "I/N",
	  .help = "the I-th of N parts; a cell stays in its part as others come and go" },
	{ .name = "budget",
	  .type = OPT_U64,
	  .out = &tests_asked.budget,
	  .arg = "SECONDS",
	  .min = 1,
	  .max = 1000000,
	  .help = "as many cells as fit into so many seconds by what they took before, those first that cover most" },
	{ .name = "rerun",
	  .type = OPT_FLAG,
	  .out = &tests_asked.force,
	  .help = "run again although the results are known" },
	{ .name = "rerun-failed",
	  .type = OPT_FLAG,
	  .out = &tests_asked.rerun_failed,
	  .conflicts = "rerun",
	  .help = "cells that did not pass in the last run, again; 0 when nothing failed" },
	{ .name = "audit",
	  .type = OPT_U64,
	  .out = &tests_asked.audit,
	  .arg = "PERCENT",
	  .min = 1,
	  .max = 100,
	  .help = "make that share of the runs in virtual time once more, and end with 32 when one comes out otherwise; 1 where CI "
		  "is set" },
	{ .name = "list", .type = OPT_FLAG, .out = &own.list, .help = "name the cells, and run nothing" },
	ASKED_RULES_OPTS,
	BUILD_ASKED_OPTS(tests_asked.missing),
	GUEST_ASKED_OPTS(tests_asked.guest),
	ASKED_TELL_OPTS,
	LAUNCHER_OPT(tests_asked.launchers),
	EXPLAIN_OPT(tests_asked.explain),
	JOBS_OPT(tests_asked.jobs, 1024, "how many steps run at once; as many as CPUs unless given"),
	{ 0 },
};

static bool is_bad(enum judgement j)
{
	return j != JUDGED_PASS && j != JUDGED_SKIP;
}

/* What failed last is likely to fail again, and what was never run is likelier to than what passed. */
static void rank_cells(struct matrix *m, const struct history *h)
{
	for (size_t i = 0; i < m->n; i++)
		for (size_t k = 0; k < m->tests[i].n; k++) {
			struct matrix_cell *c = &m->tests[i].cells[k];
			const struct past *p = history_find(h, matrix_name(c));

			c->rank = !p ? -1 : is_bad(p->verdict) ? -2 : 0;
		}
}

/* 1: nothing failed. */
static int select_failed(struct matrix *m, struct err *e)
{
	auto_past_run struct past_run last = { 0 };
	auto_index struct index failed = { 0 };

	if (past_run_read(&last, NULL, e) < 0)
		return err_in(e, "--rerun-failed");
	for (size_t i = 0; i < last.n; i++)
		if (is_bad(last.v[i].verdict))
			index_add(&failed, last.v[i].name, &last.v[i]);
	bool whole = atoi(last.exit) != X_INTERRUPTED;

	if (!failed.n && !whole)
		return err_set(e, X_NO_INPUT,
			       "--rerun-failed: the last run, %s, was interrupted before anything failed in it",
			       last.id);
	if (!failed.n) {
		log_info("in the last run, %s, nothing failed", last.id);
		return 1;
	}
	if (!whole)
		log_warn("the last run, %s, was interrupted: what it did not come to is not run", last.id);
	return select_known(m, &failed)
		       ? 0
		       : err_set(e, X_NO_INPUT,
				 "--rerun-failed: what failed in the last run, %s, is none of this request", last.id);
}

/* 1: nothing is left, and that is no mistake. */
static int choose(struct request *q, const struct history *h, struct err *e)
{
	struct matrix *m = &q->matrix;

	if (tests_asked.cells.n && select_names(m, tests_asked.cells.v, tests_asked.cells.n, e) < 0)
		return -1;
	if (tests_asked.filter && !select_text(m, tests_asked.filter))
		return err_set(e, X_NO_INPUT, "no cell has \"%s\" in its name; --list names all", tests_asked.filter);
	if (tests_asked.rerun_failed) {
		int r = select_failed(m, e);

		if (r)
			return r;
		m->force = true;
	}
	if (!select_shard(m, &own.shard)) {
		log_info("part %u of %u has no cell", own.shard.i, own.shard.n);
		return 1;
	}
	rank_cells(m, h);
	if (tests_asked.budget) {
		unsigned jobs = tests_asked.jobs ? (unsigned)tests_asked.jobs : cpus_usable();
		size_t all = select_count(m), left = budget_choose(m, h, tests_asked.budget * jobs * 1000);

		log_info("%zu of %zu cells fit into %llu s", left, all, (unsigned long long)tests_asked.budget);
		return left ? 0 : 1;
	}
	return 0;
}

static void list_cells(const struct matrix *m)
{
	for (size_t i = 0; i < m->n; i++)
		for (size_t k = 0; k < m->tests[i].n; k++)
			if (!m->tests[i].cells[k].out)
				printf("%s%s%s\n", matrix_name(&m->tests[i].cells[k]),
				       m->tests[i].cells[k].fit->skip ? "\tskipped: " : "",
				       m->tests[i].cells[k].fit->skip ? m->tests[i].cells[k].fit->skip : "");
}

static void print(const struct request *q, const struct rulings *all, const struct made *m)
{
	(void)q;
	rulings_grid(stdout, all, &m->run);
}

/* From the verb on, with its options, which the words of a verb are without. Caller frees. */
static char *command(void)
{
	auto_argv struct argv a = { 0 };
	auto_free char *text = NULL;
	struct err ignored;
	size_t n;

	argv_add(&a, "ktstr");
	if (file_read(AT_FDCWD, "/proc/self/cmdline", COMMAND_MAX, &text, &n, &ignored) < 0)
		n = 0;
	for (size_t i = n ? strlen(text) + 1 : 0; i < n; i += strlen(text + i) + 1)
		if (a.n > 1 || !strcmp(text + i, verb_matrix.name))
			argv_add(&a, text + i);
	return argv_quote((const char *const *)a.v);
}

static void write_down(const struct rulings *all, const struct made *m, int code)
{
	auto_free char *words = command();
	struct err e = { 0 };

	if (history_add(all, &m->run, words, code, own.began, (uint64_t)(now_ms() - own.began_ms), &e) < 0)
		log_warn("the run is not written down: %s", e.msg);
}

static void told(const struct request *q, const struct rulings *all, const struct made *m, int code)
{
	(void)q;
	write_down(all, m, code);
}

/* What was finished before somebody ended us is kept, and the history has it. */
static void tell_interrupted(struct request *q, const struct made *m, const struct err *why)
{
	auto_rulings struct rulings all = { 0 };
	size_t asked = select_count(&q->matrix), n;
	struct err e = { 0 };

	if (why->code != X_INTERRUPTED || !m->run.dir)
		return;
	n = rulings_finished(&q->matrix, &m->run);
	log_info("%zu of %zu cells have a verdict that is kept; the same command goes on from there", n, asked);
	if (!n)
		return;
	if (rulings_read(&all, &q->matrix, &m->run, &e) < 0) {
		log_warn("the run is not written down: %s", e.msg);
		return;
	}
	write_down(&all, m, why->code);
	last_write(&all);
}

/* In CI a share is looked at unasked, where there is something to look at. */
static void audit_unsaid(const struct matrix *m)
{
	const char *ci = getenv("CI");

	if (tests_asked.audit || !ci || !*ci)
		return;
	for (size_t i = 0; i < m->n; i++)
		if (!m->tests[i].real && !m->tests[i].host && m->tests[i].n)
			tests_asked.audit = 1;
}

static int run_cells(struct request *q, struct err *e)
{
	static const struct telling telling = { print, told };
	auto_history struct history h = { 0 };
	auto_made struct made m = { 0 };
	auto_watch struct watch w = { 0 };
	struct run_opts ro = { 0 };

	struct err unread = { 0 };

	if (history_read(&h, &unread) < 0)
		log_warn("nothing is known of earlier runs: %s", unread.msg);
	int r = choose(q, &h, e);

	if (r)
		return r < 0 ? -1 : own.list ? X_SUCCESS : request_tell_none(q, e);
	if (own.list) {
		list_cells(&q->matrix);
		return X_SUCCESS;
	}
	audit_unsaid(&q->matrix);
	watch_init(&w, &q->matrix, &h, (unsigned)tests_asked.jobs);
	ro.watch = &w.hooks;
	if (request_make(q, &m, &ro, e) < 0) {
		tell_interrupted(q, &m, e);
		return -1;
	}
	return request_tell(q, &m, &telling, e);
}

static int run_matrix(int n, const char *const *args, struct err *e)
{
	auto_request struct request q = { .verb = "matrix", .sidecars = -1, .programs = true };

	own.began = time(NULL);
	own.began_ms = now_ms();
	if ((tests_asked.shard && shard_parse(&own.shard, tests_asked.shard, e) < 0) || places_settle(e) < 0 ||
	    request_open(&q, (size_t)n, (size_t)n, args, e) < 0 || request_cells(&q, e) < 0)
		return e->code;
	int code = run_cells(&q, e);

	return code < 0 ? e->code : code;
}

const struct verb verb_matrix = {
	.name = "matrix",
	.args = "PROGRAM|NAME|FILE...",
	.summary = "run all tests on kernels and topologies, none twice",
	.about =
		"Each test of each program and file, on each kernel and topology, with each profile of its scheduler and each seed,\n"
		"is a cell. What is known of it is not run again, whoever ran it: this verb, `ktstr run`, the test program or nextest.\n"
		"Failures are told as they come, what failed last runs first, and at the end there is a grid per test.\n\n"
		"A test runs where it says itself, unless --preset names other topologies; with the profile that it requires, unless\n"
		"--profiles or --all-profiles names others. The exit code is that of `ktstr run`.",
	.examples = "  ktstr matrix ./tests\n"
		    "  ktstr matrix ./tests llc.ktstr --kernel 7.2 --kernel 7.3 --preset all --all-profiles\n"
		    "  ktstr matrix ./tests --shard 1/3 --junit out.xml\n"
		    "  ktstr matrix ./tests --rerun-failed\n",
	.opts = matrix_opts,
	.min_args = 1,
	.max_args = SIZE_MAX,
	.run = run_matrix,
};
