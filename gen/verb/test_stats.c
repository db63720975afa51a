/* test-stats: what the sidecar files of test runs and verifier sweeps say together. */
#include "base/err.h"
#include "progress/log.h"
#include "base/mem.h"
#include "gen/sweep/sidecars.h"
#include "gen/verb/verbs.h"
#include "stats/collect.h"
#include "stats/compare.h"
#include "stats/report.h"
#include "stats/stats.h"

static struct {
	const char *dir, *compare;
	bool json;
} o;

static const struct opt opts[] = {
	{ .name = "dir",
	  .type = OPT_STR,
	  .out = &o.dir,
	  .arg = "PATH",
	  .help = "folder with the sidecar files, instead of KTSTR_SIDECAR_DIR or the newest one in target/ktstr" },
	{ .name = "compare",
	  .type = OPT_STR,
	  .out = &o.compare,
	  .arg = "PATH",
	  .help = "also report what became worse or better since the sidecar files in this folder" },
	{ .name = "json", .type = OPT_FLAG, .out = &o.json, .help = "print the report as JSON" },
	{ 0 },
};

enum { NAMED_MAX = 20 };

static void tell_unreadable(const char *dir, const struct collection *c, size_t fine)
{
	for (size_t i = 0; i < c->n_bad && i < NAMED_MAX; i++)
		log_warn("%s/%s: %s", dir, c->bad[i].path, c->bad[i].why);
	if (c->n_bad)
		log_warn("%zu of %zu files could not be read%s", c->n_bad, c->n_bad + fine,
			 c->n_bad > NAMED_MAX ? "; --json names them all" : "");
}

/* All of a folder; what cannot be read is told. dir may be NULL: there is none. */
static int load(struct stats *s, struct collection *c, const char *dir, struct err *e)
{
	struct err why = { 0 };

	if (dir && collect(c, dir, &why) == COLLECT_NONE)
		log_note("%s", why.msg);
	if (stats_read(s, c, e) < 0)
		return -1;
	if (dir)
		tell_unreadable(dir, c, s->n);
	if (s->missing)
		log_warn("%zu values missing: null in %zu of %zu files; means are without them", s->missing,
			 s->incomplete, s->n);
	return 0;
}

static void tell_nothing(const char *dir)
{
	log_info("cargo-ktstr: no sidecar data found (skipped)");
	if (dir)
		log_info("looked in %s; tests and \"verifier --sidecar-dir DIR\" fill such a folder", dir);
	else
		log_info("no folder below target/ktstr has any; --dir names another folder");
}

static int stats_run(int n, const char *const *args, struct err *e)
{
	auto_collection struct collection c = { .dir = -1 }, old = { .dir = -1 };
	auto_stats struct stats s = { 0 }, before = { 0 };
	auto_comparison struct comparison cmp = { 0 };
	auto_free char *dir = sidecars_dir(o.dir);

	(void)n, (void)args;
	if (load(&s, &c, dir, e) < 0)
		return e->code;
	if (o.compare) {
		if (load(&before, &old, o.compare, e) < 0)
			return e->code;
		if (!before.n)
			return err_set(e, X_NO_INPUT, "--compare %s: no sidecar files there", o.compare), X_NO_INPUT;
		compare(&cmp, &before, &s);
	}
	if (o.json)
		stats_json(stdout, &s, dir, &c, o.compare ? &cmp : NULL, o.compare);
	else
		stats_text(stdout, &s);
	if (o.compare && !o.json && s.n)
		stats_compare_text(stdout, &cmp, o.compare);
	if (!s.n)
		tell_nothing(dir);
	return X_SUCCESS;
}

const struct verb verb_test_stats = {
	.name = "test-stats",
	.args = "",
	.summary = "summarise the results of many runs",
	.about =
		"Reads the sidecar files ({name}.ktstr.json) that tests and verifier sweeps leave behind in a folder and its\n"
		"direct subfolders. Prints outliers, summaries by scenario, flags, topology, work type and kernel, the\n"
		"verifier's counts, how often the scheduler's programs ran, and what KVM counted.\n\n"
		"Files that cannot be read are named on stderr. It is not a failure if there are no files at all.",
	.examples =
		"  cargo ktstr test-stats\n"
		"  cargo ktstr test-stats --dir target/ktstr/main-0123456 --json\n"
		"  cargo ktstr verifier --scheduler-bin ./scx_simple --sidecar-dir results && cargo ktstr test-stats --dir results\n",
	.opts = opts,
	.run = stats_run,
};

/* As later versions of upstream say it. */
static const struct verb last_run = {
	.name = "last-run",
	.args = "",
	.summary = "the same as test-stats",
	.opts = opts,
	.run = stats_run,
};

const struct verb verb_stats = {
	.name = "stats",
	.args = "",
	.summary = "last-run: the same as test-stats",
	.sub = (const struct verb *const[]){ &last_run, NULL },
	.hidden = true,
};
