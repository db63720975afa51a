/* replay: a run once more, whether it is the same, and what is seen in it. */
#include <fcntl.h>
#include <inttypes.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/err.h"
#include "base/file.h"
#include "base/mem.h"
#include "gen/base/remote.h"
#include "gen/matrix/last.h"
#include "gen/replay/again.h"
#include "gen/replay/cell.h"
#include "gen/replay/debugger.h"
#include "gen/replay/looks.h"
#include "gen/replay/moment.h"
#include "gen/replay/packed.h"
#include "gen/replay/page.h"
#include "gen/replay/stand.h"
#include "gen/replay/traced.h"
#include "gen/verb/verbs.h"
#include "judge/facts/facts.h"
#include "options/opt.h"
#include "progress/log.h"
#include "text/argv.h"

enum { RUNS_UNSAID = 3, AROUND_UNSAID_MS = 20, ROWS_UNSAID = 60, TEXT_MAX = 256 << 20, UNPACK_MB = 2048 };
#define NS_PER_MS 1000000u
#define SEED_UNSAID UINT64_MAX

static struct {
	uint64_t seed, seeds, runs, around, at, rows, unpack_mb;
	bool failed, watch, gdb;
	const char *pack, *core, *vmlinux, *trace;
	struct opt_list exec;
} o = { .seed = SEED_UNSAID,
	.seeds = 1,
	.runs = RUNS_UNSAID,
	.around = AROUND_UNSAID_MS,
	.at = UINT64_MAX,
	.rows = ROWS_UNSAID,
	.unpack_mb = UNPACK_MB };

static const struct opt opts[] = {
	{ .name = "seed",
	  .type = OPT_U64,
	  .out = &o.seed,
	  .arg = "N",
	  .max = UINT64_MAX / 2,
	  .conflicts = "failed",
	  .help = "which of its seeds; the one that decided its verdict unless given" },
	{ .name = "failed", .type = OPT_FLAG, .out = &o.failed, .help = "all cells of the last run that did not pass" },
	{ .name = "watch",
	  .type = OPT_FLAG,
	  .out = &o.watch,
	  .help = "look into the guest's memory meanwhile, and print what ran and who waited around the failure" },
	{ .name = "pack",
	  .type = OPT_STR,
	  .out = &o.pack,
	  .arg = "FILE",
	  .conflicts = "failed watch core gdb trace",
	  .help = "write all that the run is made of into this file, for replay on another machine" },
	{ .name = "unpack-mb",
	  .type = OPT_U64,
	  .out = &o.unpack_mb,
	  .arg = "N",
	  .min = 1,
	  .max = 1 << 20,
	  .help = "take bundles that unpack to so much, in TMPDIR; 2048 unless given" },
	{ .name = "core",
	  .type = OPT_STR,
	  .out = &o.core,
	  .arg = "FILE",
	  .conflicts = "failed watch gdb trace",
	  .help = "write an ELF core of the guest at the moment of the failure, for drgn and gdb" },
	{ .name = "gdb",
	  .type = OPT_FLAG,
	  .out = &o.gdb,
	  .conflicts = "failed watch trace",
	  .help = "start gdb on the guest at that moment, from where it goes on as gdb says" },
	{ .name = "vmlinux",
	  .type = OPT_STR,
	  .out = &o.vmlinux,
	  .arg = "FILE",
	  .needs = "gdb",
	  .help = "symbols and types for gdb; the kernel cache's, which may have none, unless given" },
	{ .name = "exec",
	  .type = OPT_LIST,
	  .out = &o.exec,
	  .arg = "COMMAND",
	  .needs = "gdb",
	  .help = "have gdb do this, and end, instead of asking what to do; may be repeated" },
	{ .name = "trace",
	  .type = OPT_STR,
	  .out = &o.trace,
	  .arg = "FILE",
	  .conflicts = "failed watch",
	  .help = "write what the kernel itself traces of its scheduler; that is another schedule, and judged anew" },
	{ .name = "seeds",
	  .type = OPT_U64,
	  .out = &o.seeds,
	  .arg = "N",
	  .min = 1,
	  .max = 10000,
	  .needs = "trace",
	  .help = "run so many seeds with the tracer, and take the trace of the first that fails" },
	{ .name = "runs",
	  .type = OPT_U64,
	  .out = &o.runs,
	  .arg = "N",
	  .min = 1,
	  .max = 100,
	  .needs = "watch",
	  .help = "runs to lay over each other, 3 unless given: each is the same run, and sees other moments of it" },
	{ .name = "at",
	  .type = OPT_U64,
	  .out = &o.at,
	  .arg = "MS",
	  .max = 3600000,
	  .help = "the moment to print or to stop at, since the scenario began; where it failed unless given" },
	{ .name = "around",
	  .type = OPT_U64,
	  .out = &o.around,
	  .arg = "MS",
	  .min = 1,
	  .max = 3600000,
	  .needs = "watch",
	  .help = "how far before and behind that moment; 20 unless given" },
	{ .name = "rows",
	  .type = OPT_U64,
	  .out = &o.rows,
	  .arg = "N",
	  .min = 1,
	  .max = 1000000,
	  .needs = "watch",
	  .help = "print at most so many moments; 60 unless given" },
	{ 0 },
};

static int read_facts(struct facts *f, const struct replay_cell *c, struct err *e)
{
	auto_free char *path = xasprintf("%s/seed-%" PRIu64 "/run.json", c->dir, c->seed), *text = NULL;
	size_t n;

	if (file_read(AT_FDCWD, path, TEXT_MAX, &text, &n, e) < 0)
		return -1;
	return facts_read(f, text, n, e) < 0 ? err_in(e, "%s", path) : 0;
}

static int add_looks(struct looks *l, const struct again *a, struct err *e)
{
	auto_free char *path = xasprintf("%s/watch.json", a->dir), *text = NULL;
	size_t n;

	if (file_read(AT_FDCWD, path, TEXT_MAX, &text, &n, e) < 0)
		return err_in(e, "what was seen");
	return looks_add(l, text, n, e) < 0 ? err_in(e, "%s", path) : 0;
}

static int show(const struct replay_cell *c, struct looks *l, struct err *e)
{
	auto_facts struct facts f = { 0 };
	const struct verdict_check *check = moment_check(c);

	if (read_facts(&f, c, e) < 0)
		return -1;
	looks_lay(l, &f);
	const struct page p = { .looks = l,
				.facts = &f,
				.check = check,
				.at_ns = o.at != UINT64_MAX ? o.at * NS_PER_MS
					 : check            ? check->at_ns
							    : f.end_ns,
				.around_ns = o.around * NS_PER_MS,
				.rows = (size_t)o.rows };

	page_write(stdout, &p);
	return 0;
}

static const char *finding(const struct replay_cell *c)
{
	for (size_t i = 0; i < c->v.n_checks; i++)
		if (c->v.checks[i].seed == c->seed && c->v.checks[i].verdict == JUDGED_FAIL)
			return c->v.checks[i].words;
	return judgement_names[c->v.verdict];
}

static int replay_bundle(const char *path, struct err *e)
{
	if (o.watch || o.core || o.gdb || o.trace || o.seed != SEED_UNSAID || o.pack)
		return err_set(
			e, X_USAGE,
			"%s is a bundle: it is run as it is, without --seed, --watch, --core, --gdb, --trace and --pack",
			path);
	int r = packed_run(path, o.unpack_mb, e);

	if (r >= 0)
		printf("%s: %s\n", path, r ? "DIFFERS from the run that was packed" : "the same, to the byte");
	return r;
}

static int pack(const char *word, struct err *e)
{
	auto_replay_cell struct replay_cell c = { 0 };

	if (replay_find(&c, word, o.seed == SEED_UNSAID ? NULL : &o.seed, e) < 0 || packed_write(o.pack, &c, e) < 0)
		return -1;
	printf("%s seed %" PRIu64 ": packed\n  again: ktstr replay %s\n", replay_name(c.dir), c.seed, o.pack);
	return 0;
}

static void tell(const struct replay_cell *c, bool differs)
{
	printf("%s seed %" PRIu64 ": %s\n  %s\n", replay_name(c->dir), c->seed,
	       differs ? "DIFFERS from the run that is kept" : "the same, to the byte", finding(c));
}

static void tell_core(const struct stand *s, const struct stand_core *core)
{
	auto_free char *vmlinux = stand_vmlinux(s->cell), *file = shell_quote(o.core);
	auto_free char *kernel = vmlinux ? shell_quote(vmlinux) : xstrdup("VMLINUX");
	double asked = (double)s->at.ns / NS_PER_MS, stood = (double)core->at_ns / NS_PER_MS;

	printf("  %s: %" PRIu64 " MB, the guest at %+.3f ms, %s", file, core->bytes >> 20, stood, s->at.words);
	if (s->at.ns != MOMENT_GONE)
		printf(" (asked for: %+.3f ms)", asked);
	if (!core->vmcoreinfo)
		fputs("\n  the guest has no VMCOREINFO (CONFIG_VMCORE_INFO), without which drgn does not open it",
		      stdout);
	printf("\n  gdb %s %s\n  drgn -c %s -s %s\n  what they need of this kernel: docs/replay.md\n", kernel, file,
	       file, kernel);
}

/* Absolute, in a folder that is there and takes it, which is found out before anything runs. Caller frees. */
static char *file_path(const char *option, const char *file, struct err *e)
{
	const char *slash = strrchr(file, '/'), *name = slash ? slash + 1 : file;
	auto_free char *said = slash ? xasprintf("%.*s/", (int)(slash - file), file) : xstrdup(".");
	auto_free char *folder = realpath(said, NULL);
	struct stat st;

	if (!folder || access(folder, W_OK | X_OK) < 0) {
		(void)err_sys(e, "%s %s: its folder", option, file);
		e->code = X_NO_INPUT;
		return NULL;
	}
	char *path = xasprintf("%s/%s", folder[1] ? folder : "", name);

	if (*name && (stat(path, &st) < 0 || S_ISREG(st.st_mode)))
		return path;
	(void)err_set(e, X_USAGE, "%s %s: that is no file", option, file);
	free(path);
	return NULL;
}

/* 1: the run was not the one that is kept. */
static int write_core(const struct replay_cell *c, struct err *e)
{
	auto_free char *path = file_path("--core", o.core, e);
	auto_stand struct stand s = { 0 };
	struct stand_core core;
	uint64_t at = o.at * NS_PER_MS;

	if (!path || stand_find(&s, c, o.at == UINT64_MAX ? NULL : &at, e) < 0 || stand_core(&core, &s, path, e) < 0)
		return -1;
	tell(c, s.differs);
	tell_core(&s, &core);
	return s.differs;
}

/* 1: the run was not the one that is kept. */
static int debug(const struct replay_cell *c, struct err *e)
{
	auto_free char *vmlinux = o.vmlinux ? realpath(o.vmlinux, NULL) : stand_vmlinux(c);
	auto_stand struct stand s = { 0 };
	const struct debugger d = { vmlinux, o.exec.v, o.exec.n };
	uint64_t at = o.at * NS_PER_MS;

	if (o.vmlinux && !vmlinux) {
		(void)err_sys(e, "%s", o.vmlinux);
		return err_as(e, X_NO_INPUT, "--vmlinux");
	}
	if (stand_find(&s, c, o.at == UINT64_MAX ? NULL : &at, e) < 0)
		return -1;
	tell(c, s.differs);
	printf("  the guest stands %s\n", s.at.words);
	if (!o.vmlinux)
		puts("  the kernel cache's vmlinux has no symbols unless it was built so; docs/replay.md makes a file for --vmlinux");
	fflush(stdout);
	int code = debugger_run(&d, &s, e);

	if (code > 0)
		return err_set(e, X_FAIL, "gdb ended with exit code %d", code);
	return code < 0 ? -1 : s.differs;
}

/* It is no failure of ours when no seed fails. */
static int trace(const struct replay_cell *c, struct err *e)
{
	auto_free char *path = file_path("--trace", o.trace, e);
	auto_traced struct traced t = { 0 };

	if (!path || traced_run(&t, c, o.seeds, path, e) < 0)
		return -1;
	if (t.fails)
		printf("%s seed %" PRIu64 ": fails with the kernel's trace as well, which is another schedule\n  %s\n",
		       replay_name(c->dir), t.seed, t.words ? t.words : judgement_names[t.verdict]);
	else
		printf("%s: with the kernel's trace, which is another schedule, no seed from %" PRIu64 " to %" PRIu64
		       " fails; --seeds N looks at more of them, and --watch looks without a tracer\n",
		       replay_name(c->dir), c->seed, c->seed + o.seeds - 1);
	printf("  %s: the trace of seed %" PRIu64 "\n", o.trace, t.seed);
	return 0;
}

/* 1: it is not the same. */
static int replay(const char *word, struct err *e)
{
	auto_replay_cell struct replay_cell c = { 0 };
	auto_looks struct looks l = { 0 };
	auto_argv struct argv more = { 0 };
	int differs = 0;

	if (replay_find(&c, word, o.seed == SEED_UNSAID ? NULL : &o.seed, e) < 0)
		return -1;
	log_info("%s seed %" PRIu64 ": %s", replay_name(c.dir), c.seed, finding(&c));
	if (o.trace)
		return trace(&c, e);
	if (o.core || o.gdb)
		return o.core ? write_core(&c, e) : debug(&c, e);
	if (o.watch)
		argv_add(&more, "--spy");
	for (uint64_t i = 0; i < (o.watch ? o.runs : 1); i++) {
		auto_again struct again a = { 0 };
		int r = again_run(&a, &c, &more, e);

		if (r < 0 || (o.watch && add_looks(&l, &a, e) < 0))
			return -1;
		differs |= r == AGAIN_DIFFERS;
	}
	tell(&c, differs);
	return o.watch && show(&c, &l, e) < 0 ? -1 : differs;
}

static int check_words(int n, struct err *e)
{
	if ((o.pack || o.core || o.trace) && n != 1)
		return err_set(e, X_USAGE, "%s takes one cell into one file",
			       o.pack   ? "--pack"
			       : o.core ? "--core"
					: "--trace");
	if (o.gdb && n != 1)
		return err_set(e, X_USAGE, "--gdb takes one cell");
	if (o.at != UINT64_MAX && !o.watch && !o.core && !o.gdb)
		return err_set(e, X_USAGE,
			       "--at says what --watch prints, or where --core and --gdb stop; say one of them");
	return 0;
}

static int run_replay(int n, const char *const *args, struct err *e)
{
	auto_argv struct argv cells = { 0 };
	int differ = 0, worst = 0;

	if (!o.failed == !n)
		return err_set(e, X_USAGE, "%s",
			       n ? "--failed says which cells; name none beside it"
				 : "name a cell, TEST/KERNEL/TOPOLOGY, or a path to its run.json, or say --failed"),
		       e->code;
	if (check_words(n, e) < 0)
		return e->code;
	for (int i = 0; i < n; i++)
		argv_add(&cells, args[i]);
	/* Our children share the remote store. */
	if (remote_begin(e) < 0)
		return e->code;
	if (o.failed && last_read(&cells, e) < 0)
		return err_in(e, "--failed"), e->code;
	if (!cells.n)
		log_info("everything passed in the last run");
	for (size_t i = 0; i < cells.n; i++) {
		int r = packed_is(cells.v[i]) ? replay_bundle(cells.v[i], e)
			: o.pack              ? pack(cells.v[i], e)
					      : replay(cells.v[i], e);

		if (r < 0 && (cells.n == 1 || e->code == X_INTERRUPTED))
			return e->code;
		if (r < 0) {
			log_error("%s", e->msg);
			worst = worst ? worst : e->code;
		} else {
			differ += r;
		}
	}
	/* That a run came out otherwise says more than that another one did not come out. */
	if (differ)
		return err_set(e, X_DIFFERS, "%d of %zu runs came out otherwise", differ, cells.n), e->code;
	return worst ? (err_set(e, worst, "not all of %zu cells were run once more", cells.n), worst) : 0;
}

const struct verb verb_replay = {
	.name = "replay",
	.args = "[CELL]...",
	.summary = "run what ran once more, and look into it",
	.about =
		"Runs a cell once more with the seed that decided its verdict, and says whether all came out the same, to the byte.\n"
		"A cell is named as its folder is, TEST/KERNEL/TOPOLOGY or TEST/KERNEL/TOPOLOGY/PROFILE, or by a path to its run.json\n"
		"or verdict.json. A bundle, which --pack writes, has all that a run is made of, and is run on any machine.\n\n"
		"With --watch the guest's memory is read while it runs, which it knows nothing of, so that its schedule stays what it\n"
		"was. Several runs are one run, so what they saw is laid on one time line: what ran on each CPU, who waited, and in\n"
		"which queue.\n\n"
		"With --core a core of the guest is written as it is at the moment of the failure; drgn and gdb open it.\n"
		"With --gdb that guest stands there, under gdb. With --trace the kernel traces its scheduler: another schedule, judged anew.\n\n"
		"The exit code is 0 if it is the same, whatever its verdict, and 32 if it is not.",
	.examples = "  ktstr replay --failed\n"
		    "  ktstr replay llc/7.3.4/1n2l4c1t --seed 14\n"
		    "  ktstr replay llc/7.3.4/1n2l4c1t --watch --runs 5 --around 50\n"
		    "  ktstr replay llc/7.3.4/1n2l4c1t --core llc.core\n"
		    "  ktstr replay llc/7.3.4/1n2l4c1t --gdb --exec 'info threads'\n"
		    "  ktstr replay llc/7.3.4/1n2l4c1t --trace llc.trace --seeds 20\n"
		    "  ktstr replay llc/7.3.4/1n2l4c1t --pack llc.bundle && ktstr replay llc.bundle\n",
	.opts = opts,
	.max_args = SIZE_MAX,
	.run = run_replay,
};
