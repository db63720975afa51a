/* run: one scenario in one guest, with one seed. What is expected of it is another step's. */
#include "base/err.h"
#include "base/facts.h"
#include "base/file.h"
#include "base/mem.h"
#include "options/opt.h"
#include "step/again.h"
#include "step/attached.h"
#include "step/guest.h"
#include "step/step.h"
#include "step/steps.h"
#include "step/trial.h"
#include "store/recipe.h"
#include "store/store.h"
#include "text/argv.h"
#include "text/escape.h"
#include "trial/halt.h"
#include "trial/halted.h"
#include "trial/lack.h"
#include "trial/record.h"
#include "trial/trial.h"
#include "verifier/cell.h"
#include "vm/vm.h"
#include <errno.h>
#include <stdlib.h>
#include <string.h>

static struct guest_opts guest = GUEST_OPTS_INIT;
static struct trial_opts x;
static struct {
	const char *snapshot, *payload, *programs, *scheduler, *profile, *groups;
	struct opt_list args, needs, others;
	const char *core, *gdb, *trace;
	uint64_t timeout, sample, watchdog, halt;
	bool anew, keeps, later, spy;
} o;

static const struct opt opts[] = {
	GUEST_KEPT_OPTS(o.snapshot, guest.boot, guest.initrd),
	{ .name = "payload",
	  .type = OPT_STR,
	  .out = &o.payload,
	  .arg = "FILE",
	  .help = "scheduler, output of the payload step; the kernel's own unless given" },
	{ .name = "arg",
	  .type = OPT_LIST,
	  .out = &o.args,
	  .arg = "WORD",
	  .help = "argument of the scheduler; \\\\ is a backslash, \\012 the byte of that octal number" },
	{ .name = "scheduler", .type = OPT_STR, .out = &o.scheduler, .arg = "NAME", .help = "what it is called" },
	{ .name = "profile",
	  .type = OPT_STR,
	  .out = &o.profile,
	  .arg = "NAME",
	  .help = "what its arguments are called" },
	{ .name = "groups",
	  .type = OPT_STR,
	  .out = &o.groups,
	  .arg = "PATH",
	  .help = "a cgroup that is there before the scheduler is" },
	{ .name = "watchdog",
	  .type = OPT_U64,
	  .out = &o.watchdog,
	  .arg = "MS",
	  .min = 100,
	  .max = 30000,
	  .help = "how long the kernel lets tasks of the scheduler wait, where that would have it longer" },
	{ .name = "keeps",
	  .type = OPT_FLAG,
	  .out = &o.keeps,
	  .help = "the scenario attaches, detaches or exchanges the scheduler" },
	{ .name = "later", .type = OPT_FLAG, .out = &o.later, .help = "and begins without it" },
	{ .name = "other",
	  .type = OPT_LIST,
	  .out = &o.others,
	  .arg = "NAME[=WORD]",
	  .help = "profile that the scenario may go on with, or an argument of the one before; WORD as those of --arg" },
	{ .name = "programs",
	  .type = OPT_STR,
	  .out = &o.programs,
	  .arg = "FILE",
	  .help = "payload with those of --program" },
	TRIAL_OPTS(x, "the guest"),
	{ .name = "need",
	  .type = OPT_LIST,
	  .out = &o.needs,
	  .arg = "WORD",
	  .help = "what the scenario needs; a kernel without it is not booted" },
	{ .name = "timeout",
	  .type = OPT_U64,
	  .out = &o.timeout,
	  .arg = "SECONDS",
	  .min = 1,
	  .max = 86400,
	  .help = "how long the scheduler may take to attach" },
	{ .name = "sample",
	  .type = OPT_U64,
	  .out = &o.sample,
	  .arg = "MS",
	  .min = 1,
	  .max = 10000,
	  .help = "look into the guest's memory every so many ms of its time, and at marks" },
	{ .name = "spy",
	  .type = OPT_FLAG,
	  .out = &o.spy,
	  .help = "look into its memory while it runs, and write that to watch.json; with --private" },
	{ .name = "halt",
	  .type = OPT_U64,
	  .out = &o.halt,
	  .arg = "NS",
	  .max = UINT64_MAX,
	  .help = "stop it when the clocks of its run queues are there, for --core or --gdb; with --private" },
	{ .name = "core",
	  .type = OPT_STR,
	  .out = &o.core,
	  .arg = "FILE",
	  .help = "write an ELF core of the guest then" },
	{ .name = "gdb",
	  .type = OPT_STR,
	  .out = &o.gdb,
	  .arg = "SOCKET",
	  .help = "have QEMU's gdbstub listen there then, and wait" },
	{ .name = "trace",
	  .type = OPT_STR,
	  .out = &o.trace,
	  .arg = "BUSYBOX",
	  .help = "have the kernel write down its scheduler's events, by this static busybox, into the file trace" },
	{ .name = "anew",
	  .type = OPT_FLAG,
	  .out = &o.anew,
	  .help = "load the scheduler although a guest with it attached is kept" },
	{ 0 },
};

/* A snapshot of virtual time is its memory; one of real time what its recipe says. */
static int snapshot_recipe(struct recipe *r, struct hashes *h, struct err *e)
{
	auto_free char *base = xasprintf("%s/recipe", o.snapshot), *memory = xasprintf("%s/ram.sha256", o.snapshot);

	if (recipe_file(r, "snapshot", base, h, e) < 0)
		return -1;
	return file_exists(memory) ? recipe_file(r, "memory", memory, h, e) : 0;
}

/* Looks have the director run more often, and what they read is where these say. */
static int sample_recipe(struct recipe *r, struct hashes *h, struct err *e)
{
	auto_free char *layout = xasprintf("%s/layout", guest.boot), *queues = xasprintf("%s/queues", guest.boot);

	recipe_u64(r, "sample", o.sample);
	return recipe_file(r, "layout", layout, h, e) < 0 || recipe_file(r, "queues", queues, h, e) < 0 ? -1 : 0;
}

static int recipe(struct recipe *r, struct hashes *h, struct err *e)
{
	if (!o.snapshot || !guest.boot || !guest.initrd || !x.engine || !x.text || !x.topology || !x.ms)
		return err_set(e, X_USAGE,
			       "--snapshot, --boot, --initrd, --engine, --text, --topology and --ms are required");
	guest_kernel(&guest);
	if (snapshot_recipe(r, h, e) < 0 || (o.payload && recipe_file(r, "payload", o.payload, h, e) < 0) ||
	    recipe_file(r, "engine", x.engine, h, e) < 0 || recipe_file(r, "text", x.text, h, e) < 0)
		return -1;
	recipe_str(r, "scheduler", o.scheduler);
	recipe_str(r, "profile", o.profile);
	if (o.groups)
		recipe_str(r, "groups", o.groups);
	if (o.watchdog)
		recipe_u64(r, "watchdog", o.watchdog);
	for (size_t i = 0; i < o.args.n; i++)
		recipe_str(r, "arg", o.args.v[i]);
	for (size_t i = 0; i < o.needs.n; i++)
		recipe_str(r, "need", o.needs.v[i]);
	for (size_t i = 0; i < o.others.n; i++)
		recipe_str(r, "other", o.others.v[i]);
	if (o.programs && recipe_file(r, "programs", o.programs, h, e) < 0)
		return -1;
	for (size_t i = 0; i < x.programs.n; i++)
		recipe_str(r, "program", x.programs.v[i]);
	recipe_u64(r, "seed", x.seed);
	recipe_u64(r, "ms", x.ms);
	recipe_u64(r, "timeout", o.timeout);
	if (o.trace && recipe_file(r, "trace", o.trace, h, e) < 0)
		return -1;
	return o.sample ? sample_recipe(r, h, e) : 0;
}

struct logs {
	char *text[2]; /* scheduler, console */
	size_t n[2];
};

static void logs_free(struct logs *l)
{
	free(l->text[0]);
	free(l->text[1]);
	*l = (struct logs){ 0 };
}

static int write_logs(int dir, const struct logs *l, struct err *e)
{
	if (file_write(dir, "sched.log", l->text[0], l->n[0], e) < 0)
		return -1;
	return file_write(dir, "console.log", l->text[1], l->n[1], e) < 0 ? -1 : 0;
}

static int run_once(const struct trial *t, struct trial_result *r, struct logs *l, struct err *e)
{
	FILE *log = xmemstream(&l->text[0], &l->n[0]), *console = xmemstream(&l->text[1], &l->n[1]);
	int ret = trial_run(t, r, log, console, e);

	fclose(log);
	fclose(console);
	return ret;
}

/* In virtual time nothing of the host decides what came of it, unless nothing came of it. */
static bool is_sound(int ret, const struct trial_result *r, const struct err *e)
{
	return ret < 0 ? !again_accident(e->code) : r->clock.virtual;
}

/* What came to no run is tried once more, unless it would come to the same: in virtual time a deadline passes each time. */
static bool is_worth_a_try(const struct trial_result *r, int code)
{
	return code == X_VM || (code == X_TIMEOUT && !r->clock.virtual);
}

static int ask_again(struct again *again, bool *tried, int ret, const struct trial_result *r, const struct err *why,
		     struct err *e)
{
	int more = again_ask(again, is_sound(ret, r, why), e);

	if (more != AGAIN_NO || ret == 0 || *tried || !is_worth_a_try(r, why->code))
		return more;
	*tried = true;
	auto_free char *note = xasprintf("%.*s; it runs again", (int)strcspn(why->msg, "\n"), why->msg);

	step_note(note);
	return AGAIN_YES;
}

/* Until the host lets it run, and QEMU stops where all do. */
static int run_trial(const struct trial *t, struct attached *a, struct trial_result *r, struct logs *l, struct err *e)
{
	struct again again = { 0 };
	bool tried = false;

	for (;;) {
		struct err why = { 0 };

		again_begin(&again);
		int ret = run_once(t, r, l, &why);
		int more = ret < 0 && a->again ? AGAIN_YES : ask_again(&again, &tried, ret, r, &why, e);

		if (more < 0)
			return -1;
		if (more == AGAIN_NO && ret < 0)
			*e = why;
		if (more == AGAIN_NO)
			return ret;
		trial_result_free(r);
		logs_free(l);
	}
}

/* Of a run that came to nothing logs lie where the result would be, and a record of that, so that the other seeds are judged. Without a
 * recipe beside it ninja does not take it for a result. */
static void record_failure(const struct logs *l, const struct err *why)
{
	auto_close int out = open(step_out(), O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	auto_free char *line = xasprintf("%.*s", (int)strcspn(why->msg, "\n"), why->msg);
	struct err ignored;

	if (out < 0)
		return;
	(void)unlinkat(out, "recipe", 0);
	(void)unlinkat(out, "run.json", 0);
	(void)write_logs(out, l, &ignored);
	/* Somebody wants what it was to be stopped for, and is to be told why there is none. */
	bool wanted = o.core || o.gdb;

	if (!wanted && why->code != X_INTERRUPTED && record_broken(out, line, &ignored) == 0)
		step_goes_on();
}

static int write_record(int dir, const struct trial_result *r, struct err *e)
{
	const struct record rec = { .scheduler = o.payload ? o.scheduler : NULL, .profile = o.profile };

	if (r->spied && file_write(dir, "watch.json", r->spied, strlen(r->spied), e) < 0)
		return -1;
	return record_file(dir, &rec, r, e);
}

/* Instead of a run, when kernel, scheduler or scenario lack something. 1: one does. */
static int skip(int dir, struct err *e)
{
	const struct lack_asked asked = { .snapshot = o.snapshot,
					  .boot = guest.boot,
					  .text = x.text,
					  .topology = x.topology,
					  .needs = o.needs.v,
					  .n_needs = o.needs.n,
					  .pack = o.payload };
	struct trial_result r = { 0 };
	enum lack lack;
	int ret = lack_find(&asked, &lack, &r.reason, e);

	r.end = lack == LACK_KERNEL ? TRIAL_SKIPPED : TRIAL_UNFIT;

	if (ret == 0 && lack != LACK_NOTHING)
		ret = write_record(dir, &r, e) < 0 ? -1 : 1;
	trial_result_free(&r);
	return ret;
}

static int begin_attached(void *arg, struct vm *vm, struct err *e)
{
	return attached_begin(arg, vm, e);
}

static int settle_attached(void *arg, struct vm *vm, struct err *e)
{
	return attached_settle(arg, vm, e);
}

/* What a scenario may go on with. */
struct others {
	struct argv *args; /* of each */
	struct trial_profile *v;
	size_t n;
};

static void others_free(struct others *l)
{
	for (size_t i = 0; i < l->n; i++)
		argv_free(&l->args[i]);
	free(l->args);
	free(l->v);
}
#define auto_others __attribute__((unused, cleanup(others_free)))

static int read_others(struct others *l, struct err *e)
{
	l->args = xcalloc(o.others.n + 1, sizeof(*l->args));
	l->v = xcalloc(o.others.n + 1, sizeof(*l->v));
	for (size_t i = 0; i < o.others.n; i++) {
		const char *word = o.others.v[i], *equal = strchr(word, '=');

		if (!equal) {
			l->v[l->n++].name = word;
			continue;
		}
		if (!l->n || strlen(l->v[l->n - 1].name) != (size_t)(equal - word) ||
		    strncmp(word, l->v[l->n - 1].name, (size_t)(equal - word)) != 0)
			return err_set(e, X_USAGE, "--other %s: its profile is not the one before", word);
		auto_free char *arg = unescape_word(equal + 1);

		argv_add(&l->args[l->n - 1], arg);
	}
	for (size_t i = 0; i < l->n; i++)
		l->v[i].args = (const char *const *)l->args[i].v;
	return 0;
}

/* Where a scheduler says its timeout, as the kernel's types have it. */
static int find_watchdog(struct proto_watchdog *w, struct err *e)
{
	auto_free char *text = NULL;

	*w = (struct proto_watchdog){ .ms = (uint32_t)o.watchdog };
	if (!o.watchdog)
		return 0;
	if (facts_file(guest.boot, "facts", "ops_value", &text, e) < 0)
		return -1;
	if (sscanf(text, "%u %u", &w->value_size, &w->timeout_at) == 2 && w->timeout_at)
		return 0;
	return err_set(
		e, X_NO_SCX,
		"this kernel's types (BTF) do not say where a scheduler's timeout is: no \"watchdog\" can be said for it");
}

/* Which guest it is that the scheduler, with arguments that are unescaped here, is attached in. */
static void plan_attached(struct attached *a, struct argv *args)
{
	for (size_t i = 0; i < o.args.n; i++) {
		auto_free char *arg = unescape_word(o.args.v[i]);

		argv_add(args, arg);
	}
	a->snapshot = o.snapshot;
	a->seed = x.seed;
	a->pack = o.payload;
	a->args = (const char *const *)args->v;
	a->n_args = args->n;
	a->seconds = o.timeout ? o.timeout : VM_LOAD_S;
	a->groups = o.groups;
	a->watchdog_ms = o.watchdog;
	a->anew = o.anew;
}

static int run(int dir, const char *path, struct err *e)
{
	auto_free char *initrd = guest_initrd(guest.boot, guest.initrd, e);
	auto_trial_result struct trial_result r = { 0 };
	auto_attached struct attached a = ATTACHED_NONE;
	auto_argv struct argv args = { 0 };
	auto_others struct others others = { 0 };
	struct proto_watchdog watchdog;
	struct logs l = { 0 };
	int lacks = read_others(&others, e) < 0 || find_watchdog(&watchdog, e) < 0 ? -1 : skip(dir, e);

	(void)path;
	if (lacks)
		return lacks < 0 ? -1 : 0;
	if (!initrd || guest_admit_restored(o.snapshot, e) < 0)
		return -1;
	plan_attached(&a, &args);
	const struct cell_attached attached = { begin_attached, settle_attached, &a };
	auto_close int trace = o.trace ? openat(dir, "trace", O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0644) : -1;

	if (o.trace && trace < 0)
		return err_sys(e, "create trace");
	struct halted halted = { o.core, o.gdb, dir };
	const struct halt_at halt = { o.halt, o.gdb != NULL, halted_do, &halted };
	const struct trial t = { .snapshot = o.snapshot,
				 .seed = x.seed,
				 .kernel = guest.kernel,
				 .initrd = initrd,
				 .pack = o.payload,
				 .args = (const char *const *)args.v,
				 .load_s = (unsigned)o.timeout,
				 .groups = o.groups,
				 .watchdog = watchdog,
				 .keeps = o.payload && o.keeps,
				 .later = o.payload && o.later,
				 .profiles = others.v,
				 .n_profiles = others.n,
				 .programs = o.programs,
				 .program = x.programs.v,
				 .n_program = x.programs.n,
				 .engine = x.engine,
				 .text = x.text,
				 .ms = x.ms,
				 .sample_ms = (unsigned)o.sample,
				 .spies = o.spy,
				 .busybox = o.trace,
				 .trace = trace,
				 .halt = o.core || o.gdb ? &halt : NULL,
				 .boot = guest.boot,
				 .attached = o.payload ? &attached : NULL,
				 .note = step_note };
	int ret = run_trial(&t, &a, &r, &l, e);

	if (r.fallback || r.unusable)
		store_spoil(step_store(), o.snapshot, "state");
	if (ret == 0)
		ret = write_logs(dir, &l, e) < 0 ? -1 : write_record(dir, &r, e);
	if (ret < 0)
		record_failure(&l, e);
	logs_free(&l);
	return ret;
}

static void size(struct step_size *s)
{
	guest_size(s, &guest, o.snapshot);
}

const struct step step_run = {
	.name = "run",
	.format = 1,
	.summary = "run a scenario in a guest",
	.opts = opts,
	.recipe = recipe,
	.travels = step_travels,
	.size = size,
	.costly = true,
	.run = run,
};
