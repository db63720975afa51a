/* verify: one scheduler on one kernel, with its programs read while it is attached. */
#include "text/argv.h"
#include "text/escape.h"
#include "base/err.h"
#include "base/file.h"
#include "base/mem.h"
#include "options/opt.h"
#include "inspect/layout.h"
#include "step/again.h"
#include "step/attached.h"
#include "step/guest.h"
#include "step/step.h"
#include "step/steps.h"
#include "store/recipe.h"
#include "store/store.h"
#include "verifier/cell.h"
#include "vm/vm.h"
#include <errno.h>
#include <string.h>

static struct guest_opts guest = GUEST_OPTS_INIT;
static struct guest_run how;
static struct {
	struct opt_list args;
	const char *groups;
	uint64_t workload;
	bool cross_check, anew;
} o;

static const struct opt opts[] = {
	GUEST_OPTS(guest),
	GUEST_RUN_OPTS(how, "attach"),
	{ .name = "arg",
	  .type = OPT_LIST,
	  .out = &o.args,
	  .arg = "WORD",
	  .help = "argument of the scheduler; \\\\ is a backslash, \\012 the byte of that octal number" },
	{ .name = "groups",
	  .type = OPT_STR,
	  .out = &o.groups,
	  .arg = "PATH",
	  .help = "a cgroup that the guest has before the scheduler: /a/b" },
	{ .name = "workload",
	  .type = OPT_U64,
	  .out = &o.workload,
	  .arg = "MS",
	  .min = 0,
	  .max = 60000,
	  .help = "for how long tasks run under the scheduler" },
	{ .name = "cross-check",
	  .type = OPT_FLAG,
	  .out = &o.cross_check,
	  .help = "compare with bpf_prog_info read inside the guest" },
	{ .name = "anew",
	  .type = OPT_FLAG,
	  .out = &o.anew,
	  .help = "load the scheduler although a guest with it attached is kept" },
	{ 0 },
};

static int recipe(struct recipe *r, struct hashes *h, struct err *e)
{
	auto_free char *layout = xasprintf("%s/layout", guest.boot ? guest.boot : ".");

	if (guest_run_recipe(&guest, &how, r, h, e) < 0 || recipe_file(r, "layout", layout, h, e) < 0)
		return -1;
	for (size_t i = 0; i < o.args.n; i++)
		recipe_str(r, "arg", o.args.v[i]);
	if (o.groups)
		recipe_str(r, "groups", o.groups);
	recipe_u64(r, "workload", o.workload);
	recipe_u64(r, "cross_check", o.cross_check);
	return 0;
}

static int read_layout(struct layout *l, struct err *e)
{
	auto_free char *path = xasprintf("%s/layout", guest.boot);
	auto_free char *text = NULL;
	size_t n;

	if (file_read(AT_FDCWD, path, 64 << 10, &text, &n, e) < 0)
		return -1;
	return layout_parse(l, text, n, e) < 0 ? err_in(e, "%s", path) : 0;
}

static int write_result(int dir, const char *name, const struct result *r, struct err *e)
{
	auto_free char *text = NULL;
	size_t n;
	FILE *f = xmemstream(&text, &n);

	result_write(f, r);
	fclose(f);
	return file_write(dir, name, text, n, e) < 0 ? -1 : 0;
}

struct logs {
	char *text[2]; /* scheduler, console */
	size_t n[2];
};

static int write_logs(int dir, const struct logs *l, struct err *e)
{
	if (file_write(dir, "sched.log", l->text[0], l->n[0], e) < 0)
		return -1;
	return file_write(dir, "console.log", l->text[1], l->n[1], e) < 0 ? -1 : 0;
}

/* An accident is told beside the results, never as one: the next run tries again. */
static int record(const struct result *r, const struct logs *l, struct err *e)
{
	auto_close int out = open(step_out(), O_RDONLY | O_DIRECTORY | O_CLOEXEC);

	if (out < 0)
		return err_sys(e, "open %s", step_out());
	if (unlinkat(out, "result.json", 0) < 0 && errno != ENOENT)
		return err_sys(e, "remove %s/result.json", step_out());
	if (write_logs(out, l, e) < 0 || write_result(out, "failure.json", r, e) < 0)
		return -1;
	return err_set(e, verdict_code(r->verdict), "%s", r->reason ? r->reason : verdict_name(r->verdict));
}

static void logs_free(struct logs *l)
{
	free(l->text[0]);
	free(l->text[1]);
	*l = (struct logs){ 0 };
}

/* First words of the lines of "ram.sha256", a blank between them. */
static char *memory_of(const char *snapshot)
{
	auto_free char *path = xasprintf("%s/ram.sha256", snapshot);
	auto_free char *text = NULL;
	struct err ignored;
	char *save = NULL, *all = NULL;

	if (file_read(AT_FDCWD, path, 64 << 10, &text, NULL, &ignored) < 0)
		return NULL;
	for (char *line = strtok_r(text, "\n", &save); line; line = strtok_r(NULL, "\n", &save)) {
		auto_free char *before = all;

		all = xasprintf("%s%s%.*s", before ? before : "", before ? " " : "", (int)strcspn(line, " "), line);
	}
	return all;
}

static int run_once(const struct cell *c, struct result *r, struct logs *l, struct err *e)
{
	FILE *log = xmemstream(&l->text[0], &l->n[0]), *console = xmemstream(&l->text[1], &l->n[1]);
	int ret = cell_run(c, r, log, console, e);

	fclose(log);
	fclose(console);
	if (r->clock.virtual && how.snapshot)
		r->ram = memory_of(how.snapshot);
	if (r->fallback || (r->unusable && how.snapshot))
		store_spoil(step_store(), how.snapshot, "state");
	return ret;
}

/* What follows from contents alone; what tasks measured does not. */
static bool is_sound(const struct result *r)
{
	/* In virtual time nobody noticed, unless it was us who ended it. */
	if (r->clock.virtual)
		return r->verdict != VERDICT_TIMEOUT && r->verdict != VERDICT_VM;
	return r->verdict == VERDICT_REJECTED || (r->verdict == VERDICT_ATTACHED && !o.workload);
}

/* The machine of the cell, from now on with vCPUs that take turns; false: they do, or there is but one. Cold, since a snapshot has
 * the vCPUs that it was made with. */
static bool take_turns(struct cell *c)
{
	if (c->snapshot) {
		auto_free char *path = xasprintf("%s/machine", c->snapshot);
		auto_free char *text = NULL;
		struct err ignored;
		size_t n;

		if (file_read(AT_FDCWD, path, 64 << 10, &text, &n, &ignored) < 0 ||
		    machine_read(&c->machine, text, n, &ignored) < 0)
			return false;
	}
	if (!machine_take_turns(&c->machine))
		return false;
	c->snapshot = NULL;
	return true;
}

/* The kernel puts a breakpoint into its own code for the moment in which it changes it. A vCPU that comes upon one that is no longer
 * there runs what QEMU translated before. */
static bool ran_old_code(struct cell *c, const struct result *r, const struct logs *l)
{
	static const char said[] = "Oops: int3";

	if (r->verdict != VERDICT_VM || !memmem(l->text[1], l->n[1], said, strlen(said)) || !take_turns(c))
		return false;
	step_note(
		"guest panicked at a breakpoint that is not there; it boots again with vCPUs that take turns, because QEMU may be "
		"to blame");
	return true;
}

/* Until the host, and QEMU, let it run. */
static int run_cell(struct cell *c, const struct attached *a, struct result *r, struct logs *l, struct err *e)
{
	struct again again = { 0 };

	for (;;) {
		struct err enough = { 0 };

		again_begin(&again);
		if (run_once(c, r, l, e) < 0)
			return -1;
		int more = a->again || ran_old_code(c, r, l) ? AGAIN_YES : again_ask(&again, is_sound(r), &enough);

		if (more < 0) {
			r->verdict = VERDICT_VM;
			free(r->reason);
			r->reason = xstrdup(enough.msg);
		}
		if (more != AGAIN_YES)
			return 0;
		result_free(r);
		logs_free(l);
	}
}

static int begin_attached(void *arg, struct vm *vm, struct err *e)
{
	_Static_assert((int)ATTACHED_GO == CELL_GIVEN && (int)ATTACHED_BASE == CELL_BASE &&
			       (int)ATTACHED_REAL == CELL_NOTHING,
		       "the same answers");
	return attached_begin(arg, vm, e);
}

static int settle_attached(void *arg, struct vm *vm, struct err *e)
{
	return attached_settle(arg, vm, e);
}

/* What an earlier run came to is nothing of this one, whatever becomes of it. */
static void forget_failure(void)
{
	auto_free char *path = xasprintf("%s/failure.json", step_out());

	(void)unlink(path); /* there may be none */
}

static int run(int dir, const char *path, struct err *e)
{
	auto_free char *initrd = guest_initrd(guest.boot, guest.initrd, e);
	auto_result struct result r = { 0 };
	auto_argv struct argv args = { 0 };
	auto_attached struct attached a = ATTACHED_NONE;
	struct layout layout;
	struct logs l = { 0 };
	int ret;

	(void)path;
	forget_failure();
	if (!initrd || read_layout(&layout, e) < 0 || guest_run_admit(&guest, &how, e) < 0)
		return -1;
	for (size_t i = 0; i < o.args.n; i++) {
		auto_free char *arg = unescape_word(o.args.v[i]);

		argv_add(&args, arg);
	}
	a.snapshot = how.snapshot;
	a.seed = how.seed;
	a.pack = how.payload;
	a.args = (const char *const *)args.v;
	a.n_args = args.n;
	a.groups = o.groups;
	a.seconds = how.timeout ? how.timeout : VM_LOAD_S;
	a.anew = o.anew;
	const struct cell_attached attached = { begin_attached, settle_attached, &a };
	struct cell c = { .snapshot = how.snapshot,
			  .seed = how.seed,
			  .machine = guest.machine,
			  .kernel = guest.kernel,
			  .initrd = initrd,
			  .pack = how.payload,
			  .layout = &layout,
			  .args = (const char *const *)args.v,
			  .groups = o.groups,
			  .load_s = (unsigned)how.timeout,
			  .work_ms = (unsigned)o.workload,
			  .note = step_note,
			  .cross_check = o.cross_check,
			  .attached = how.snapshot ? &attached : NULL };

	ret = run_cell(&c, &a, &r, &l, e);
	if (ret == 0 && r.verdict != VERDICT_ATTACHED && r.verdict != VERDICT_REJECTED)
		ret = record(&r, &l, e);
	else if (ret == 0)
		ret = write_logs(dir, &l, e) < 0 ? -1 : write_result(dir, "result.json", &r, e);
	logs_free(&l);
	return ret;
}

static void size(struct step_size *s)
{
	guest_size(s, &guest, how.snapshot);
}

const struct step step_verify = {
	.name = "verify",
	.format = 12,
	.summary = "load a scheduler in a guest and read its programs",
	.opts = opts,
	.recipe = recipe,
	.travels = step_travels,
	.size = size,
	.costly = true,
	.run = run,
};
