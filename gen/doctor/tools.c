/* Programs, their versions, and the headers a kernel build needs. */
#include "arch/arch.h"
#include "base/err.h"
#include "base/mem.h"
#include "process/spawn.h"
#include "base/stop.h"
#include "host/needs.h"
#include "host/tool.h"
#include "gen/doctor/doctor.h"
#include "gen/kernels/kernels.h"
#include "kernel/build/build.h"
#include "vm/qemu.h"
#include <sys/utsname.h>

enum { HELP_MAX = 1 << 20, HELP_MS = 10000, SHOWN = 100 };

struct tool {
	const char *name;
	const char *argv[4]; /* prints its version; argv[0] NULL: $CARGO */
	const char *min;     /* NULL: any */
	enum level lacking, old;
	int code;          /* of FAIL */
	const char *lacks; /* what does not work without it */
	const char *fix;
};

/* ninja: what the graphs ask for (gen/graph/ninja.c); QEMU: docs/vm.md. Rust's two are what their own documents say. */
static const struct tool tools[] = {
	{ "ninja",
	  { "ninja", "--version" },
	  "1.11",
	  LEVEL_FAIL,
	  LEVEL_FAIL,
	  X_NO_NINJA,
	  "every verb that makes something runs it",
	  "apt-get install ninja-build" },
	{ "busybox",
	  { "busybox", "--help" },
	  NULL,
	  LEVEL_WARN,
	  LEVEL_WARN,
	  0,
	  "shell has it in its guests",
	  "apt-get install busybox-static" },
	{ "cargo",
	  { NULL, "--version" },
	  NULL,
	  LEVEL_WARN,
	  LEVEL_WARN,
	  0,
	  "test and coverage run it; all else works as ktstr instead of cargo ktstr",
	  "install Rust: https://rustup.rs" },
	{ "nextest",
	  { NULL, "nextest", "--version" },
	  NULL,
	  LEVEL_WARN,
	  LEVEL_WARN,
	  0,
	  "test and coverage run it",
	  "cargo install cargo-nextest --locked" },
	{ "llvm-cov",
	  { NULL, "llvm-cov", "--version" },
	  NULL,
	  LEVEL_WARN,
	  LEVEL_WARN,
	  0,
	  "coverage runs it",
	  "cargo install cargo-llvm-cov --locked" },
	{ "git",
	  { "git", "--version" },
	  "2.38", /* heeds safe.directory of a command line */
	  LEVEL_WARN,
	  LEVEL_WARN,
	  X_NO_TOOL,
	  "kernel build --git runs it, and trees that libgit2 cannot read need it",
	  "apt-get install git" },
	{ "gpgv",
	  { "gpgv", "--version" },
	  NULL,
	  LEVEL_WARN,
	  LEVEL_WARN,
	  0,
	  "signatures of downloaded kernels are not checked",
	  "apt-get install gpgv" },
	{ "ccache",
	  { "ccache", "--version" },
	  NULL,
	  LEVEL_WARN,
	  LEVEL_WARN,
	  0,
	  "kernels are built without it, the second of a series slower",
	  "apt-get install ccache" },
};

/* Documentation/process/changes.rst of Linux 6.12. */
static const struct {
	const char *program, *min;
} oldest[] = {
	{ "make", "4.0" },    { "gcc", "5.1" },   { "clang", "13.0.1" }, { "ld", "2.25" },     { "ld.lld", "13" },
	{ "flex", "2.5.35" }, { "bison", "2.0" }, { "bc", "1.06.95" },   { "pahole", "1.16" },
};

/* Nothing is there to be run, or nobody may run it. */
static void judge_absence(struct findings *f, const struct tool *t)
{
	struct finding *x = found(f, t->name, t->lacking, "not installed: %s", t->lacks);

	x->code = t->code;
	x->fix = xstrdup(t->fix);
	x->required = t->min ? xstrdup(t->min) : NULL;
}

/* It may lack a library, or be of another architecture: installing it once more need not mend that. */
static void judge_failure(struct findings *f, const struct tool *t, const char *path, const struct err *why)
{
	struct finding *x =
		found(f, t->name, t->lacking, "%s is there and does not work: %s; %s", path, why->msg, t->lacks);

	x->code = t->code;
	x->fix = xasprintf("see why %s %s fails", path, t->argv[1]);
	x->required = t->min ? xstrdup(t->min) : NULL;
	x->path = xstrdup(path);
}

static void judge_tool(struct findings *f, const struct tool *t)
{
	struct err e = { 0 };
	auto_free char *path = spawn_find(t->argv[0]);
	auto_free char *line = NULL, *version = NULL;
	struct finding *x;

	if (!path) {
		judge_absence(f, t);
		return;
	}
	line = tool_line(t->argv, &e);
	if (!line) {
		judge_failure(f, t, path, &e);
		return;
	}
	bool recent = version_reaches(line, t->min ? t->min : "0", &version);

	if (recent || !t->min) {
		x = found(f, t->name, LEVEL_OK, "%.*s", SHOWN, line);
	} else {
		x = found(f, t->name, t->old, "%.*s: %s or later is needed", SHOWN, line, t->min);
		x->code = t->code;
		x->fix = xstrdup(t->fix);
	}
	x->version = TAKE(version);
	x->required = t->min ? xstrdup(t->min) : NULL;
	x->path = TAKE(path);
}

/* Where it lacks a system call, it may say its version all the same, and why it does not run is not what it tells. */
static bool judge_need(struct findings *f, const struct tool *t, const char *path)
{
	struct need need;

	if (!needs_lack(NEEDS_CARGO, &need))
		return false;
	struct finding *x = found(f, t->name, t->lacking, "%s: %s", need.what, t->lacks);

	x->code = t->code;
	x->fix = xstrdup(need.fix);
	x->path = xstrdup(path);
	return true;
}

/* cargo answers for a plugin that is not there with an exit status, and with a status when it is not there itself. */
static void judge_plugin(struct findings *f, const struct tool *t)
{
	const char *cargo = getenv("CARGO");
	struct tool own = *t;
	struct err e = { 0 };

	own.argv[0] = cargo && *cargo ? cargo : "cargo";
	auto_free char *path = spawn_find(own.argv[0]);
	auto_free char *line = path ? tool_line(own.argv, &e) : NULL;

	bool runs = line && strcmp(t->name, "nextest") != 0;

	if (path && !runs && judge_need(f, t, path))
		return;
	if (line || !strcmp(t->argv[1], "--version")) {
		judge_tool(f, &own);
		return;
	}
	if (stop_pending())
		return;
	judge_absence(f, t);
}

/* runtime/vm/machine.c says why. */
static void tell_turns(struct finding *qemu)
{
	auto_free char *version = NULL;
	char *text;

	if (qemu->level != LEVEL_OK || version_reaches(qemu->text, "8.1", &version))
		return;
	text = xasprintf("%s; CPUs of an emulated guest take turns, from 8.1 on they do not", qemu->text);
	free(qemu->text);
	qemu->text = text;
}

/* A program of a good version may have been packaged without some of them. */
static void judge_parts(struct findings *f, const struct arch *arch)
{
	struct finding *qemu = &f->v[f->n - 1], *x;
	struct qemu_parts parts;
	struct err e = { 0 };

	if (qemu->level == LEVEL_FAIL || arch != &arch_x86_64)
		return;
	auto_free char *asked = qemu_asked(arch, &e), *lacks = asked ? qemu_lacks(arch, &e) : NULL;

	if (!asked || !lacks) {
		x = found(f, "qemu parts", LEVEL_FAIL, "%s", e.msg);
		x->code = X_NO_QEMU;
		return;
	}
	qemu_parts(&parts, asked);
	if (*lacks) {
		x = found(f, "qemu parts", LEVEL_FAIL, "%s: not in this QEMU, and guests need it", lacks);
		x->code = X_NO_QEMU;
		x->fix = xasprintf("apt-get install %s; one that was built by hand needs more of its default devices",
				   arch->qemu_package);
	} else if (!parts.pvh) {
		x = found(f, "qemu parts", LEVEL_FAIL, "pvh.bin is missing, by which kernels are loaded");
		x->code = X_NO_QEMU;
		x->fix = xstrdup("apt-get install qemu-system-data");
	} else if (!parts.qboot || !parts.microvm) {
		x = found(f, "qemu parts", LEVEL_WARN,
			  "%s missing: guests of one LLC are q35 machines, which start more slowly",
			  parts.microvm ? "qboot.rom is"
			  : parts.qboot ? "machine microvm is"
					: "machine microvm and qboot.rom are");
		x->fix = xstrdup("apt-get install qemu-system-x86 qemu-system-data");
	} else {
		found(f, "qemu parts", LEVEL_OK, "machine microvm, qboot.rom, pvh.bin");
	}
}

/* Its guests run all the same, behind one wall less (vm.h, vm_launch). */
static void tell_sandbox(struct finding *qemu, const char *program)
{
	const char *argv[] = { program, "-help", NULL };
	struct spawn s = { .argv = argv, .in = SPAWN_NULL, .err = SPAWN_NULL };
	auto_free char *text = NULL;
	struct err e = { 0 };
	int status;

	if (qemu->level != LEVEL_OK || spawn_capture(&s, false, HELP_MAX, HELP_MS, &text, NULL, &status, &e) < 0 ||
	    strstr(text, "-sandbox on"))
		return;
	char *more = xasprintf("%s; it has no seccomp sandbox, guests run without", qemu->text);

	free(qemu->text);
	qemu->text = more;
}

static void look_at_qemu(struct findings *f)
{
	const struct arch *arch = arch_host();
	const char *program = qemu_program(arch);
	auto_free char *fix = xasprintf("apt-get install %s", arch->qemu_package);
	const struct tool t = {
		.name = "qemu",
		.argv = { program, "--version" },
		.min = "7.2",
		.lacking = LEVEL_FAIL,
		.old = LEVEL_WARN,
		.code = X_NO_QEMU,
		.lacks = "every guest runs in it",
		.fix = fix,
	};

	judge_tool(f, &t);
	tell_turns(&f->v[f->n - 1]);
	tell_sandbox(&f->v[f->n - 1], program);
	judge_parts(f, arch);
}

/* "gcc" of "aarch64-linux-gnu-gcc", "clang" of "/opt/llvm/bin/clang-16". */
static const char *oldest_of(const char *program)
{
	const char *slash = strrchr(program, '/');
	const char *base = slash ? slash + 1 : program;

	for (size_t i = 0; i < countof(oldest); i++) {
		const char *at = strstr(base, oldest[i].program);
		size_t n = strlen(oldest[i].program);

		if (at && (at == base || at[-1] == '-') && (!at[n] || at[n] == '-'))
			return oldest[i].min;
	}
	return NULL;
}

/* Programs of one package that nobody asks for their version are told of when they are not there. */
static void look_at_build_tools(struct findings *f, const struct kbuild *b)
{
	char *program, *package;

	for (size_t i = 0; kbuild_tool(b, i, &program, &package); i++) {
		auto_free char *fix = package ? xasprintf("apt-get install %s", package) : NULL;
		auto_free char *path = spawn_find(program);
		const char *min = oldest_of(program);
		const struct tool t = {
			.name = program,
			.argv = { program, "--version" },
			.min = min,
			.lacking = LEVEL_FAIL,
			.old = LEVEL_FAIL,
			.code = X_NO_TOOL,
			.lacks = "kernel build runs it",
			.fix = fix ? fix : "install it, or name another by CROSS_COMPILE or LLVM",
		};

		if (!path || min)
			judge_tool(f, &t);
		free(program);
		free(package);
	}
}

static void look_at_headers(struct findings *f, const struct kbuild *b)
{
	auto_free char *there = NULL;
	const char *header, *package;
	size_t n, lacking = 0;
	FILE *m = xmemstream(&there, &n);

	for (size_t i = 0; kbuild_header(i, &header, &package); i++) {
		bool has = false;
		struct err e = { 0 };

		int r = kbuild_has_header(b, header, &has, &e);

		if (r < 0 && e.code == X_NO_TOOL)
			break; /* no compiler, which has been told */
		if (r < 0) {
			found(f, "headers", LEVEL_FAIL, "%s", e.msg)->code = X_BUILD;
			break;
		}
		if (has) {
			fprintf(m, "%s<%s>", i ? " " : "", header);
			continue;
		}
		lacking++;
		struct finding *x = found(f, "headers", LEVEL_FAIL, "<%s> is missing: kernel build needs it", header);

		x->code = X_NO_TOOL;
		x->fix = xasprintf("apt-get install %s", package);
	}
	fclose(m);
	if (!lacking && n)
		found(f, "headers", LEVEL_OK, "%s", there);
}

/* Kernels are built with it when LLVM says so; schedulers always are. Debian's names end in the version. */
static void look_at_clang(struct findings *f)
{
	auto_free char *best = xstrdup("clang");
	auto_free char *path = spawn_find(best);

	for (unsigned v = 30; !path && v >= 13; v--) {
		free(best);
		best = xasprintf("clang-%u", v);
		path = spawn_find(best);
	}
	if (!path) {
		free(best);
		best = xstrdup("clang");
	}
	const struct tool t = {
		.name = "clang",
		.argv = { best, "--version" },
		.min = "16",
		.lacking = LEVEL_WARN,
		.old = LEVEL_WARN,
		.lacks = "schedulers are compiled by it, and kernels with LLVM=1",
		.fix = "apt-get install clang-16",
	};

	judge_tool(f, &t);
}

static void look_at_toolchain(struct findings *f)
{
	struct kernels_opts wo = { 0 };
	struct utsname u;
	struct err e = { 0 };

	uname(&u);
	if (kernels_environment(&wo, &e) < 0) {
		struct finding *x = found(f, "toolchain", LEVEL_FAIL, "%s", e.msg);

		x->code = e.code;
		x->fix = xstrdup("unset ARCH");
		return;
	}
	struct kbuild b = { .arch = wo.arch ? wo.arch : u.machine, .llvm = wo.llvm, .cross = wo.cross };

	look_at_build_tools(f, &b);
	look_at_headers(f, &b);
	if (!b.llvm)
		look_at_clang(f);
}

void doctor_tools(struct findings *f)
{
	look_at_qemu(f);
	for (size_t i = 0; i < 2; i++)
		judge_tool(f, &tools[i]);
	look_at_toolchain(f);
	for (size_t i = 2; i < countof(tools) && !stop_pending(); i++)
		(tools[i].argv[0] ? judge_tool : judge_plugin)(f, &tools[i]);
}
