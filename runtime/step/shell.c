/* shell: a guest somebody works in; not stored. Its standard streams are the user's, so it does not run under ninja. */
#include "text/argv.h"
#include "text/text.h"
#include "base/err.h"
#include "base/facts.h"
#include "progress/log.h"
#include "base/mem.h"
#include "options/opt.h"
#include "base/stop.h"
#include "progress/term.h"
#include "guest/pack.h"
#include "guest/payload.h"
#include "guest/proto.h"
#include "step/again.h"
#include "step/attached.h"
#include "step/guest.h"
#include "step/shell_sched.h"
#include "step/step.h"
#include "step/steps.h"
#include "store/store.h"
#include "vm/console.h"
#include "vm/end.h"
#include "vm/push.h"
#include "vm/session.h"
#include "vm/snapshot.h"
#include "vm/vm.h"
#include <fcntl.h>
#include <inttypes.h>
#include <sys/wait.h>

#define INCLUDES "/include-files/"

static struct {
	const char *snapshot, *boot, *initrd, *payload, *scheduler_payload, *exec, *path;
	struct opt_list args;
	const char *copy;
	bool scheduler, dmesg, anew;
	uint64_t seed, timeout;
} o;

static const struct opt opts[] = {
	GUEST_KEPT_OPTS(o.snapshot, o.boot, o.initrd),
	{ .name = "payload", .type = OPT_STR, .out = &o.payload, .arg = "FILE", .help = "output of the payload step" },
	{ .name = "path",
	  .type = OPT_STR,
	  .out = &o.path,
	  .arg = "DIRS",
	  .help = "folders of the guest to look for programs in, before its own" },
	{ .name = "exec",
	  .type = OPT_STR,
	  .out = &o.exec,
	  .arg = "COMMAND",
	  .help = "run this by sh and end, instead of a shell at the terminal" },
	{ .name = "scheduler-payload",
	  .type = OPT_STR,
	  .out = &o.scheduler_payload,
	  .arg = "FILE",
	  .help = "virtual time: the scheduler alone, output of the payload step; --payload has the rest" },
	{ .name = "scheduler", .type = OPT_FLAG, .out = &o.scheduler, .help = "start the payload's scheduler first" },
	{ .name = "arg", .type = OPT_LIST, .out = &o.args, .arg = "WORD", .help = "argument of the scheduler" },
	{ .name = "seed",
	  .type = OPT_U64,
	  .out = &o.seed,
	  .arg = "N",
	  .help = "of a guest in virtual time",
	  .max = UINT64_MAX },
	{ .name = "timeout",
	  .type = OPT_U64,
	  .out = &o.timeout,
	  .arg = "SECONDS",
	  .max = UINT32_MAX / 1000,
	  .help = "how long COMMAND may take of the guest's own time, where that is virtual" },
	{ .name = "anew",
	  .type = OPT_FLAG,
	  .out = &o.anew,
	  .help = "load the scheduler although a guest with it attached is kept" },
	{ .name = "copy",
	  .type = OPT_STR,
	  .out = &o.copy,
	  .arg = "FILE",
	  .help = "write all output of COMMAND there as well" },
	{ .name = "dmesg", .type = OPT_FLAG, .out = &o.dmesg, .help = "kernel messages on stderr as they come" },
	{ 0 },
};

enum { SESSION_S = 24 * 60 * 60 };

static int send_console_level(struct vm *vm, struct err *e)
{
	uint32_t all = 8;

	vm->echo = true;
	return chan_send(&vm->chan, MSG_CONSOLE, &all, sizeof(all), vm_deadline(vm, VM_PUSH_S), e);
}

static int base_failed(const struct vm *vm, const struct err *e)
{
	if (vm->m.clock.virtual && e->code == X_VM)
		store_spoil(step_store(), o.snapshot, "state");
	return -1;
}

static int continue_base(struct vm *vm, const char *initrd, struct err *e)
{
	auto_free char *kernel = xasprintf("%s/kernel", o.boot);
	auto_free char *fallback = NULL;

	if (vm_continue(vm, o.snapshot, o.seed, kernel, initrd, &fallback, step_note, e) < 0)
		return base_failed(vm, e);
	if (vm->m.clock.virtual && !o.exec)
		return err_set(e, X_USAGE, "a terminal is real, and time is not: --exec COMMAND, or a real clock");
	if (fallback) {
		log_warn("booted, because the snapshot could not be continued: %s", fallback);
		store_spoil(step_store(), o.snapshot, "state");
	}
	for (size_t i = 0; i < vm->perf.n_warnings; i++)
		log_info("%s", vm->perf.warnings[i]);
	return o.dmesg ? send_console_level(vm, e) : 0;
}

static int push_files(struct vm *vm, const struct payload *p, struct err *e)
{
	return vm_push(vm, p, e) < 0 || vm_use_port(vm, e) < 0 ? err_in(e, "send the files") : 0;
}

/* The scheduler first and alone, so that guests with it are the same whatever else they are given. */
static int start_attached(struct vm *vm, struct shell_sched *s, struct attached *a, struct err *e)
{
	auto_payload struct payload scheduler = { 0 };
	int r = attached_begin(a, vm, e);

	if (r == ATTACHED_REAL)
		return err_set(e, X_USAGE, "--scheduler-payload is for guests in virtual time");
	if (r < 0)
		return base_failed(vm, e);
	if (r == ATTACHED_BASE && ((o.dmesg && send_console_level(vm, e) < 0) ||
				   pack_open(&scheduler, o.scheduler_payload, e) < 0 || vm_push(vm, &scheduler, e) < 0))
		return -1;
	if (shell_sched_start(s, vm, a, e) < 0)
		return -1;
	vm->echo = o.dmesg;
	return 0;
}

static int start(struct vm *vm, const struct payload *p, const char *initrd, struct shell_sched *s, struct attached *a,
		 struct err *e)
{
	if (o.scheduler_payload)
		return start_attached(vm, s, a, e) < 0 ? -1 : push_files(vm, p, e);
	if (continue_base(vm, initrd, e) < 0 || push_files(vm, p, e) < 0)
		return -1;
	return o.scheduler ? shell_sched_start(s, vm, NULL, e) : 0;
}

static int prepare(struct vm *vm, struct payload *p, struct shell_sched *s, struct err *e)
{
	auto_free char *initrd = guest_initrd(o.boot, o.initrd, e);
	auto_attached struct attached a = ATTACHED_NONE;
	struct again again = { 0 };

	a.snapshot = o.snapshot;
	a.seed = o.seed;
	a.pack = o.scheduler_payload;
	a.args = s->args;
	a.n_args = s->n_args;
	a.seconds = VM_LOAD_S;
	/* What the kernel says while it attaches is not said again. */
	a.anew = o.anew || o.dmesg;
	if (!initrd || pack_open(p, o.payload, e) < 0 || guest_admit_restored(o.snapshot, e) < 0)
		return -1;
	for (;;) {
		struct err why = { 0 };

		again_begin(&again);
		int r = start(vm, p, initrd, s, &a, &why);
		int more = r < 0 && a.again ? AGAIN_YES : again_ask(&again, r == 0 || !again_accident(why.code), e);

		if (more < 0)
			return -1;
		if (more == AGAIN_NO && r < 0)
			*e = why;
		if (more == AGAIN_NO)
			return r;
		vm_close(vm);
		shell_sched_free(s);
	}
}

/* Of our environment, what makes a terminal's programs behave; in virtual time nothing of it. */
static void make_env(struct argv *env, bool virtual)
{
	static const char *const passed[] = { "TERM", "COLORTERM", "RUST_LOG", "RUST_BACKTRACE" };

	argv_fmt(env, "PATH=%s%s/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin", o.path ? o.path : "",
		 o.path ? ":" : "");
	argv_add(env, "PS1=\033[2m^Ax=quit\033[0m \\w # ");
	for (size_t i = 0; i < countof(passed); i++) {
		const char *value = virtual ? NULL : getenv(passed[i]);

		if (value && *value)
			argv_fmt(env, "%s=%s", passed[i], value);
		else if (i == 0)
			argv_add(env, "TERM=linux");
	}
}

/* Why the kernel may have killed it. */
static void tell_console(struct vm *vm)
{
	console_drain(vm);
	auto_free char *verdict = vm_console_verdict(vm->log, vm->log_n);

	if (verdict)
		log_note("the guest's console says: %s", verdict);
}

static int session(struct vm *vm, struct shell_sched *s, struct err *e)
{
	const char *const command[] = { "/bin/sh", "-c", o.exec, NULL };
	const char *const shell[] = { "/bin/sh", NULL };
	auto_argv struct argv env = { 0 };
	auto_term struct term t = { .fd = -1 };
	int status = 0, r;

	make_env(&env, vm->m.clock.virtual);
	auto_close int copy = o.copy ? open(o.copy, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0600) : -1;

	if (o.copy && copy < 0)
		return err_sys(e, "create %s", o.copy);
	struct session x = {
		.copy = copy < 0 ? 0 : copy,
		.argv = o.exec ? command : shell,
		.env = (const char *const *)env.v,
		.terminal = !o.exec,
		.in = STDIN_FILENO,
		.out = STDOUT_FILENO,
		.err = STDERR_FILENO,
		.deadline = now_ms() + 1000LL * SESSION_S,
		.other = shell_sched_says,
		.arg = s,
	};

	if (o.timeout && vm->m.clock.virtual) {
		x.deadline = vm_bound((long long)o.timeout);
		if (vm_deadline_inside(vm, o.timeout * 1000, e) < 0)
			return -1;
	}
	if (x.terminal) {
		term_save(&t, STDIN_FILENO);
		if (term_raw(&t, e) < 0)
			return -1;
		log_raw(true);
	}
	r = session_run(vm, &x, &status, e);
	term_restore(&t);
	log_raw(false);
	if (r < 0)
		return -1;
	if (x.terminal)
		log_info("\nConnection to VM closed.");
	if (r == SESSION_QUIT || status == 0)
		return 0;
	/* The command's failure is not ours: its code, and no word of our own. */
	if (WIFSIGNALED(status))
		tell_console(vm);
	e->code = WIFEXITED(status) ? WEXITSTATUS(status) : 128 + WTERMSIG(status);
	e->msg[0] = '\0';
	return -1;
}

static void show_includes(const struct payload *p)
{
	const char *head = "includes:  ";

	for (size_t i = 0; i < p->n; i++) {
		const struct payload_file *f = &p->v[i];

		if (strncmp(f->guest, INCLUDES, strlen(INCLUDES)) != 0)
			continue;
		auto_free char *name = text_plain(f->guest, strlen(f->guest), TEXT_LINE);

		printf("  %s%s%s\r\n", head, name, f->mode & 0111 ? " (executable)" : "");
		head = "           ";
	}
}

static void banner(const struct vm *vm, const struct payload *p)
{
	const struct topology *t = &vm->m.topo;
	auto_free char *told = facts_get(vm->hello, strlen(vm->hello), "release");
	auto_free char *release = text_plain(told ? told : "?", told ? strlen(told) : 1, TEXT_LINE);
	auto_free char *kb = facts_get(vm->hello, strlen(vm->hello), "mem_kb");

	printf("ktstr shell\r\n  kernel:    %s\r\n  memory:    %lu MB\r\n  topology:  ", release,
	       kb ? strtoul(kb, NULL, 10) / 1024 : 0);
	if (t->nodes > 1)
		printf("%u NUMA nodes, ", t->nodes);
	printf("%u LLC%s, %u core%s, %u thread%s (%u vCPU%s)\r\n", t->llcs, t->llcs > 1 ? "s" : "", t->cores,
	       t->cores > 1 ? "s" : "", t->threads, t->threads > 1 ? "s" : "", topology_cpus(t),
	       topology_cpus(t) > 1 ? "s" : "");
	show_includes(p);
	printf("  tools:     busybox (ls, ps, top, dmesg, ip, vi, ...)\r\n"
	       "  mounts:    /proc /sys /dev /sys/fs/cgroup /sys/fs/bpf /tmp\r\n"
	       "             /sys/kernel/debug /sys/kernel/tracing /dev/pts\r\n"
	       "  type `exit` for clean shutdown, Ctrl+A X to force-kill\r\n\r\n");
	fflush(stdout);
}

static int run(int dir, const char *path, struct err *e)
{
	auto_payload struct payload p = { 0 };
	auto_vm struct vm vm = { 0 };
	auto_shell_sched struct shell_sched s = { .args = (const char *const *)o.args.v, .n_args = o.args.n };

	(void)dir;
	(void)path;
	if (!o.snapshot || !o.boot || !o.initrd || !o.payload)
		return err_set(e, X_USAGE, "--snapshot, --boot, --initrd and --payload are required");
	if (!o.exec && !isatty(STDIN_FILENO))
		return err_set(e, X_USAGE, "standard input is not a terminal; use --exec COMMAND without one");
	if (prepare(&vm, &p, &s, e) < 0)
		return -1;
	if (!o.exec)
		banner(&vm, &p);
	return session(&vm, &s, e);
}

const struct step step_shell = {
	.name = "shell",
	.format = 1,
	.summary = "open a shell in a guest, or run one command there",
	.opts = opts,
	.run = run,
};
