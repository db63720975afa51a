/* shell: a guest to work in. The graph makes kernel, snapshot and files; the session then runs beside it, on the user's
 * terminal. */
#include "arch/arch.h"
#include "text/argv.h"
#include "base/err.h"
#include "base/file.h"
#include "progress/log.h"
#include "base/mem.h"
#include "base/stop.h"
#include "base/syscalls.h"
#include "process/spawn.h"
#include "progress/term.h"
#include "gen/base/amount.h"
#include "gen/base/home.h"
#include "gen/verb/includes.h"
#include "gen/graph/audit.h"
#include "gen/graph/plan.h"
#include "gen/graph/guest.h"
#include "gen/verb/opts.h"
#include "gen/graph/begin.h"
#include "gen/graph/run.h"
#include "gen/verb/verbs.h"
#include "gen/kernels/kernels.h"
#include "topology/topology.h"
#include <errno.h>
#include <limits.h>
#include <poll.h>
#include <signal.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <sys/wait.h>

/* MEMORY_LEAST_MB: what kernel and init take of any guest; MEMORY_ROOM_MB: with what else may happen in one. */
enum { MEMORY_MB = 1024, MEMORY_LEAST_MB = 64, MEMORY_ROOM_MB = 512, MEMORY_MAX_MB = 65536 };

enum { TIMEOUT_MAX_S = UINT32_MAX / 1000 }; /* seven weeks, which is as good as none */

static struct {
	const char *kernel, *topology, *exec, *scheduler, *exec_timeout;
	struct opt_list includes;
	struct guest_asked guest;
	struct clock_asked clock;
	struct build_asked missing;
	bool dmesg, explain, audit;
} o = { .clock = CLOCK_ASKED_INIT };

static const struct opt opts[] = {
	{ .name = "kernel",
	  .type = OPT_STR,
	  .out = &o.kernel,
	  .arg = "ID",
	  .help = "kernel to boot: path, version or cache key" },
	{ .name = "topology",
	  .type = OPT_STR,
	  .out = &o.topology,
	  .arg = "N,L,C,T",
	  .help = "NUMA nodes, LLCs in total, cores per LLC, threads per core; 1,1,1,1 unless given" },
	{ .name = "include-files",
	  .letter = 'i',
	  .type = OPT_LIST,
	  .out = &o.includes,
	  .arg = "PATH",
	  .help = "file, folder, or program in your PATH, to have in the guest" },
	{ .name = "dmesg", .type = OPT_FLAG, .out = &o.dmesg, .help = "print kernel messages on stderr as they come" },
	{ .name = "exec",
	  .type = OPT_STR,
	  .out = &o.exec,
	  .arg = "CMD",
	  .help = "run a command with sh -c instead of opening a shell, and end with its exit code" },
	{ .name = "exec-timeout",
	  .type = OPT_STR,
	  .out = &o.exec_timeout,
	  .arg = "TIME",
	  .needs = "exec",
	  .help = "end the guest when the command takes longer than this: 30s, 5m, 1h; no limit unless given" },
	{ .name = "scheduler-bin",
	  .type = OPT_STR,
	  .out = &o.scheduler,
	  .arg = "PATH",
	  .help = "scheduler to start first; its arguments come after --" },
	GUEST_ASKED_OPTS(o.guest),
	CLOCK_ASKED_OPTS(o.clock),
	{ .name = "audit", .type = OPT_FLAG, .out = &o.audit, .needs = "exec", .help = AUDIT_HELP },
	BUILD_ASKED_OPTS(o.missing),
	EXPLAIN_OPT(o.explain),
	{ 0 },
};

struct request {
	struct home home;
	struct guest_plan guest;
	struct includes includes;
	struct kernels kernels; /* one */
	struct kernels_opts how;
	char *busybox, *scheduler;
	uint64_t seconds;        /* for --exec; 0: no limit */
	const char *const *args; /* of the scheduler */
};

static void request_free(struct request *q)
{
	home_free(&q->home);
	guest_plan_free(&q->guest);
	includes_free(&q->includes);
	kernels_free(&q->kernels);
	free(q->busybox);
	free(q->scheduler);
}
#define auto_request __attribute__((unused, cleanup(request_free)))

static int find_scheduler(struct request *q, int n, struct err *e)
{
	if (n && !o.scheduler)
		return err_set(e, X_USAGE, "\"%s\" is an argument for a scheduler; name one with --scheduler-bin PATH",
			       q->args[0]);
	return o.scheduler ? scheduler_binary(o.scheduler, &q->scheduler, e) : 0;
}

/* Files lie in the guest's memory. It gets as much as they need, in steps, for each amount is a snapshot of its own; an amount
 * that was asked for is not changed. */
static int enough_memory(struct request *q, uint64_t asked, struct err *e)
{
	uint64_t files = includes_bytes(&q->includes) >> 20, least = files + MEMORY_LEAST_MB,
		 mb = asked ? asked : MEMORY_MB;

	if (asked && least > asked)
		return err_set(
			e, X_USAGE,
			"the files of -i take %llu MiB, and the guest is to have %llu MiB; give it more by --memory-mb, "
			"%llu at least (or leave it out: it then has what they need)",
			(unsigned long long)files, (unsigned long long)asked, (unsigned long long)least);
	while (!asked && mb < files + MEMORY_ROOM_MB)
		mb *= 2;
	if (mb > MEMORY_MAX_MB)
		return err_set(e, X_USAGE, "the files of -i take %llu MiB; a guest has at most %d MiB (--memory-mb)",
			       (unsigned long long)files, MEMORY_MAX_MB);
	q->guest.memory_mb = mb;
	return 0;
}

/* Everything that can be wrong with the request is found before anything is built or booted. */
static int check(struct request *q, int n, struct err *e)
{
	struct topology t;

	if (o.exec_timeout && amount_seconds(&q->seconds, o.exec_timeout, "--exec-timeout", e) < 0)
		return -1;
	if (o.exec_timeout && !q->seconds)
		return err_set(e, X_USAGE, "--exec-timeout %s leaves no time to boot", o.exec_timeout);
	if (topology_parse(&t, q->guest.topology, e) < 0 || find_scheduler(q, n, e) < 0)
		return -1;
	/* What "/mem=" gives each node is the guest's memory. */
	uint64_t asked = q->guest.memory_mb ? q->guest.memory_mb : topology_memory_mb(&t);

	for (size_t i = 0; i < o.includes.n; i++)
		if (includes_add(&q->includes, o.includes.v[i], e) < 0)
			return -1;
	if (includes_settle(&q->includes, e) < 0 || enough_memory(q, asked, e) < 0)
		return -1;
	if (o.audit && audit_allowed(&q->guest, e) < 0)
		return -1;
	if (!o.exec && q->guest.virtual)
		return err_set(
			e, X_USAGE,
			"an interactive shell has a real clock: what is typed comes when somebody types it, which no run "
			"repeats; --clock virtual goes with --exec CMD");
	if (!o.exec && !isatty(STDIN_FILENO))
		return err_set(e, X_USAGE,
			       "stdin must be a terminal for interactive shell mode; without one: --exec CMD");
	return 0;
}

static int find_kernel(struct request *q, struct err *e)
{
	q->how = (struct kernels_opts){ .build = build_asked(&o.missing), .explain = o.explain };
	if (kernels_environment(&q->how, e) < 0 ||
	    kernels_find(&q->kernels, &q->home, &o.kernel, o.kernel ? 1 : 0, &q->how, e) < 0)
		return -1;
	if (q->kernels.n != 1)
		return err_set(e, X_USAGE, "--kernel %s names %zu kernels; a shell needs one", o.kernel, q->kernels.n);
	return 0;
}

static void plan_toolbox(struct plan *p, const struct request *q)
{
	auto_argv struct argv more = { 0 };
	auto_free char *list = NULL;
	size_t size;
	FILE *f = xmemstream(&list, &size);
	struct edge *g = plan_edge(p, "toolbox", "files for the guest");

	if (q->kernels.v[0].k.arch != arch_host())
		argv_opt(&more, "--arch", "%s", q->kernels.v[0].k.arch->name);
	argv_opt(&more, "--busybox", "%s", q->busybox);
	guest_library_path(&more);
	edge_in(g, "%s", q->busybox);
	if (q->scheduler && !q->guest.virtual) {
		argv_opt(&more, "--program", "%s", q->scheduler);
		edge_in(g, "%s", q->scheduler);
	}
	if (q->includes.n)
		argv_add(&more, "--private");
	for (size_t i = 0; i < q->includes.n; i++) {
		edge_in(g, "%s", q->includes.v[i].host);
		fprintf(f, "%s%s/%s", i ? "/" : "", q->includes.v[i].guest, q->includes.v[i].host);
	}
	fclose(f);
	edge_needs(g, "%s", q->home.step);
	edge_out(g, "toolbox/payload.pack");
	g->always = true;
	edge_word(g, "outdir", "toolbox");
	edge_words(g, "args", &more);
	edge_text(g, "includes", "%s", list);
}

/* By itself: guests in which it is attached are kept, and the user's files are not. */
static void plan_scheduler(struct plan *p, const struct request *q)
{
	auto_argv struct argv more = { 0 };
	struct edge *g = plan_edge(p, "payload", "scheduler");

	guest_library_path(&more);
	edge_in(g, "%s", q->scheduler);
	edge_needs(g, "%s", q->home.step);
	edge_out(g, "payload/payload.pack");
	g->always = true;
	edge_word(g, "outdir", "payload");
	edge_words(g, "args", &more);
}

enum session_of { KEPT, ANEW };

static char *copy_of(const char *dir, enum session_of which)
{
	return xasprintf("%s/%s.out", dir, which == KEPT ? "kept" : "anew");
}

static void session_args(struct argv *a, const struct request *q, const char *dir, enum session_of which)
{
	auto_free char *snapshot = which == KEPT ? guest_snapshot_dir(&q->guest, &q->kernels.v[0].k)
						 : audit_dir(&q->guest, &q->kernels.v[0].k);
	auto_free char *copy = copy_of(dir, which);
	auto_free char *path = includes_path(&q->includes);

	argv_add(a, q->home.step);
	argv_add(a, "shell");
	argv_fmt(a, "--out=%s/shell", dir);
	argv_fmt(a, "--snapshot=%s/%s", dir, snapshot);
	argv_fmt(a, "--boot=%s/kernels/%s", dir, q->kernels.v[0].k.name);
	argv_fmt(a, "--initrd=%s/guest%s/initramfs.cpio", dir, arch_suffix(q->kernels.v[0].k.arch));
	argv_fmt(a, "--payload=%s/toolbox/payload.pack", dir);
	if (*path)
		argv_fmt(a, "--path=%s", path);
	if (o.exec)
		argv_fmt(a, "--exec=%s", o.exec);
	if (o.dmesg)
		argv_add(a, "--dmesg");
	if (o.audit)
		argv_fmt(a, "--copy=%s", copy);
	if (which == ANEW)
		argv_add(a, "--anew");
	guest_seed(a, &q->guest);
	if (q->guest.virtual && q->seconds)
		argv_opt(a, "--timeout", "%llu",
			 (unsigned long long)(q->seconds < TIMEOUT_MAX_S ? q->seconds : TIMEOUT_MAX_S));
	if (!q->scheduler)
		return;
	argv_add(a, "--scheduler");
	if (q->guest.virtual)
		argv_fmt(a, "--scheduler-payload=%s/payload/payload.pack", dir);
	for (const char *const *arg = q->args; *arg; arg++)
		argv_fmt(a, "--arg=%s", *arg);
}

/* Killed, it says nothing of an interruption that is not the user's, and its guest dies with it. */
static int too_late(struct child *c, struct err *e)
{
	spawn_kill(c);
	return err_set(e, X_TIMEOUT, "the command of --exec ran longer than --exec-timeout %s", o.exec_timeout);
}

/* On our terminal and in our process group, so that its keys reach it. in: SPAWN_INHERIT, or its input. Its exit code, or negative. */
static int session(const struct request *q, const char *dir, enum session_of which, int in, struct err *e)
{
	static const char *const env[] = { "KTSTR_EVENTS", NULL };
	auto_argv struct argv a = { 0 };
	auto_kill struct child c = { 0 };
	auto_term struct term t = { .fd = -1 };
	/* The guest ends itself by its own time, and has a bound of the host's (vm/end.h). */
	long long end = q->seconds && !q->guest.virtual ? now_ms() + (long long)q->seconds * 1000 : -1;
	int status, r;

	session_args(&a, q, dir, which);
	struct spawn s = { .argv = (const char *const *)a.v,
			   .env = env,
			   .in = in,
			   .out = which == ANEW ? SPAWN_NULL : SPAWN_INHERIT,
			   .same_group = true };

	term_save(&t, STDIN_FILENO);
	if (spawn_start(&s, &c, e) < 0 || (r = spawn_wait(&c, end, &status, e)) < 0)
		return -1;
	if (r == SPAWN_DEADLINE)
		return too_late(&c, e);
	if (WIFEXITED(status))
		return WEXITSTATUS(status);
	return err_set(e, X_VM, "the session was killed by signal %d", WTERMSIG(status));
}

/* Both runs read the same. A terminal's is read by neither. */
static int whole_input(int *in, struct err *e)
{
	char buf[8192];
	ssize_t n = 0;

	if (isatty(STDIN_FILENO)) {
		*in = SPAWN_NULL;
		return 0;
	}
	*in = memory_file("input", 0, 0, e);
	while (*in >= 0) {
		struct pollfd p = { .fd = STDIN_FILENO, .events = POLLIN };

		if (stop_poll(&p, 1, -1, e) < 0)
			return -1;
		n = read(STDIN_FILENO, buf, sizeof(buf));
		if (n == 0)
			return 0;
		if (n < 0 && errno != EINTR && errno != EAGAIN)
			return err_sys(e, "read the input");
		if (n > 0 && write_all(*in, buf, (size_t)n, "the input", e) < 0)
			return -1;
	}
	return -1;
}

static int rewound(int in)
{
	if (in > 0)
		(void)lseek(in, 0, SEEK_SET);
	return in;
}

/* The command's exit code, where all is equal. */
static int audit(const struct request *q, const struct run *r, struct err *e)
{
	auto_free char *one = copy_of(r->dir, KEPT), *two = copy_of(r->dir, ANEW);
	auto_close int in = -1;
	bool differs = false;
	int kept, anew;

	if (whole_input(&in, e) < 0 || (kept = session(q, r->dir, KEPT, rewound(in), e)) < 0 ||
	    (anew = session(q, r->dir, ANEW, rewound(in), e)) < 0 ||
	    audit_memory(r, &q->guest, &q->kernels.v[0].k, &differs, e) < 0 ||
	    audit_files("output", one, two, &differs, e) < 0)
		return -1;
	if (kept != anew)
		log_error("audit: exit code: %d from what is kept, %d from what was made anew", kept, anew);
	return differs || kept != anew ? audit_failed(e) : kept;
}

static int make_and_enter(struct request *q, struct err *e)
{
	auto_plan struct plan p = { 0 };
	auto_run struct run r = { 0 };
	struct run_opts ro = { .explain = o.explain };
	struct target *k = &q->kernels.v[0];

	plan_init(&p, "shell");
	if (plan_begin(&p, &q->home, "shell.ninja", q->guest.memory_mb, 1, e) < 0)
		return -1;
	if (kernels_plan(&p, &q->home, &q->kernels, &q->how, e) < 0)
		return -1;
	if (guest_plan_allows(&q->guest, &k->k, e) < 0 || !(q->busybox = home_busybox(&q->home, k->k.arch, e)))
		return -1;
	plan_guest_base(&p, &q->guest);
	plan_guest_kernel(&p, &q->guest, &k->k);
	plan_guest_snapshot(&p, &q->guest, &k->k);
	if (o.audit)
		plan_audit(&p, &q->guest, &k->k);
	plan_toolbox(&p, q);
	if (q->scheduler && q->guest.virtual)
		plan_scheduler(&p, q);
	if (run_plan(&r, &p, &ro, e) < 0 || run_first_failure(&r, &p, e) < 0)
		return -1;
	kernels_tell_made(&q->kernels, &r);
	target_used(k);
	int code = o.audit ? audit(q, &r, e) : session(q, r.dir, KEPT, SPAWN_INHERIT, e);

	/* The user's files may be private; an equal request that is still at work takes them away itself. */
	if (q->includes.n && folder_alone(&r.folder))
		(void)unlinkat(r.folder.dir, "toolbox/payload.pack", 0);
	return code;
}

static int shell_run(int n, const char *const *args, struct err *e)
{
	auto_request struct request q = { .args = args };
	int r;

	q.guest = (struct guest_plan){ .home = &q.home, .topology = o.topology ? o.topology : "1,1,1,1" };
	if (guest_asked_plan(&q.guest, &o.guest, e) < 0 || clock_asked_plan(&q.guest, &o.clock, e) < 0 ||
	    check(&q, n, e) < 0 || home_find(&q.home, e) < 0 || guest_plan_init(&q.guest, e) < 0 ||
	    find_kernel(&q, e) < 0)
		return e->code;
	r = make_and_enter(&q, e);
	return r < 0 ? e->code : r;
}

const struct verb verb_shell = {
	.name = "shell",
	.args = "[-- SCHEDULER-ARGS...]",
	.summary = "open a shell, or run one command, in a guest",
	.about =
		"Boots a kernel (or restores the snapshot of one that was booted before) and opens a shell there, with busybox\n"
		"and the files named with -i under /include-files. Everything that happens in the guest is gone afterwards.\n\n"
		"The exit code is that of the shell or command, or 128 + N when signal N ended it.",
	.examples = "  cargo ktstr shell --kernel 6.12\n"
		    "  cargo ktstr shell --topology 1,2,4,1 -i ./my-binary -i strace\n"
		    "  cargo ktstr shell --clock virtual --audit --exec 'cat /proc/uptime'\n"
		    "  cargo ktstr shell --exec 'cat /sys/kernel/sched_ext/state' --scheduler-bin ./scx_simple\n",
	.opts = opts,
	.max_args = SIZE_MAX,
	.run = shell_run,
};
