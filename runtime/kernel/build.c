#include "kernel/build.h"

#include "base/argv.h"
#include "base/err.h"
#include "base/file.h"
#include "base/mem.h"
#include "base/spawn.h"
#include "base/stop.h"
#include "kernel/kconfig.h"
#include "kernel/makelog.h"
#include <errno.h>
#include <sys/stat.h>
#include <sys/utsname.h>

#define NEW_CONFIG ".config.ktstr"

enum {
	CONFIG_MAX = 8 << 20,
	FRAGMENT_MAX = 1 << 20,
	MAKEFILE_MAX = 4 << 20,
	OUTPUT_MAX = 64 << 20,
	CONFIG_MS = 30 * 60 * 1000,
	SILENT_MS = 60 * 60 * 1000, /* pahole and the last link say nothing for minutes, on slow machines for long */
	END_MS = 60 * 1000,
};

static const struct arch {
	const char *name, *karch, *target, *image;
} arches[] = {
	{ "x86_64", "x86_64", "bzImage", "arch/x86/boot/bzImage" },
	{ "aarch64", "arm64", "Image", "arch/arm64/boot/Image" },
};

/* What the user's shell, ninja or an outer make may have set for other purposes, and what would leave the date and
 * the host in the image. */
static const char *const environment[] = {
	"LC_ALL=C",
	"KBUILD_BUILD_TIMESTAMP=Thu Jan  1 00:00:00 UTC 1970",
	"KBUILD_BUILD_USER=ktstr",
	"KBUILD_BUILD_HOST=ktstr",
	"KBUILD_BUILD_VERSION=1",
	"MAKEFLAGS",
	"MFLAGS",
	"GNUMAKEFLAGS",
	"MAKELEVEL",
	"MAKEFILES",
	"ARCH",
	"CROSS_COMPILE",
	"LLVM",
	"LLVM_IAS",
	"KBUILD_OUTPUT",
	"KCONFIG_CONFIG",
	"KCONFIG_ALLCONFIG",
	"KCONFIG_DEFCONFIG_LIST",
	"KCPPFLAGS",
	"KAFLAGS",
	"KCFLAGS",
	"KRUSTFLAGS",
	"KBUILD_VERBOSE",
	"V",
	"C",
	"W",
	"O",
	"M",
	"CPATH",
	"C_INCLUDE_PATH",
	"CONFIG_",
	"LOCALVERSION",
	"KBUILD_EXTMOD",
	"INSTALL_MOD_PATH",
	"SOURCE_DATE_EPOCH",
	NULL,
};

static const struct arch *find_arch(const char *name)
{
	for (size_t i = 0; i < countof(arches); i++)
		if (!strcmp(arches[i].name, name))
			return &arches[i];
	return NULL;
}

const char *kbuild_image(const char *arch)
{
	const struct arch *a = find_arch(arch);

	return a ? a->image : NULL;
}

static int native(const struct kbuild *b, struct err *e)
{
	struct utsname u;

	uname(&u);
	if (!find_arch(b->arch))
		return err_set(e, X_USAGE, "cannot build kernels for \"%s\"", b->arch);
	if (strcmp(u.machine, b->arch) != 0)
		return err_set(e, X_USAGE, "cannot build a kernel for %s on a machine that is %s", b->arch, u.machine);
	return 0;
}

/* "make -C SOURCE O=OUT …" up to the target. */
static void make_args(struct argv *a, const struct kbuild *b)
{
	argv_add(a, "make");
	argv_opt(a, "-C", "%s", b->source);
	argv_fmt(a, "O=%s", b->out);
	argv_fmt(a, "ARCH=%s", find_arch(b->arch)->karch);
	/* A tree that is a git work tree gets a "+" at its release otherwise. */
	argv_add(a, "LOCALVERSION=");
}

/* One configuration target, working on a file beside .config so that .config keeps its time when nothing changed. */
static int configure(const struct kbuild *b, const char *target, struct err *e)
{
	auto_argv struct argv a = { 0 };
	auto_free char *log = xasprintf("%s/ktstr-config.log", b->out);
	auto_free char *text = NULL;
	struct spawn s = { .env = environment, .in = SPAWN_NULL };
	struct err ignored;
	size_t n, from;
	int status;

	make_args(&a, b);
	argv_fmt(&a, "KCONFIG_CONFIG=%s/" NEW_CONFIG, b->out);
	argv_add(&a, target);
	s.argv = (const char *const *)a.v;
	if (spawn_capture(&s, true, OUTPUT_MAX, CONFIG_MS, &text, &n, &status, e) < 0)
		return err_in(e, "make %s", target);
	if (!status)
		return 0;
	(void)file_write(AT_FDCWD, log, text, n, &ignored); /* the message carries the end of it */
	from = n > 800 ? n - 800 : 0;
	return err_set(e, X_BUILD, "make %s failed: …%s (all of it: %s)", target, text + from, log);
}

static int append(const struct kbuild *b, const char *text, size_t n, struct err *e)
{
	auto_free char *path = xasprintf("%s/" NEW_CONFIG, b->out);
	auto_close int fd = open(path, O_WRONLY | O_APPEND | O_CLOEXEC);

	if (fd < 0)
		return err_sys(e, "open %s", path);
	return write_all(fd, text, n, path, e);
}

/* Everything that was asked for must have come out, and what no test kernel can do without. */
static int check(const char *want, size_t wn, const char *config, size_t cn, struct err *e)
{
	auto_free char *lost = NULL, *missing = NULL;

	if (kconfig_missing(config, cn, &missing))
		return err_set(e, X_KCONFIG, "the configuration came out without options a test kernel needs:\n%s",
			       missing);
	if (kconfig_lost(want, wn, config, cn, &lost))
		return err_set(e, X_KCONFIG,
			       "options that ktstr.kconfig asks for did not survive make olddefconfig (their "
			       "dependencies are not met, or this kernel does not know them):\n%s",
			       lost);
	return 0;
}

static int settle(const struct kbuild *b, const char *want, size_t wn, struct err *e)
{
	auto_free char *path = xasprintf("%s/" NEW_CONFIG, b->out);
	auto_free char *final = xasprintf("%s/.config", b->out);
	auto_free char *config = NULL;
	size_t n;

	if (file_read(AT_FDCWD, path, CONFIG_MAX, &config, &n, e) < 0 || check(want, wn, config, n, e) < 0)
		return -1;
	return file_write(AT_FDCWD, final, config, n, e) < 0 ? -1 : 0;
}

/* make with O= refuses a tree that was configured in place, with advice that does not fit us. */
static int pristine(const struct kbuild *b, struct err *e)
{
	static const char *const traces[] = { ".config", "include/config" };

	for (size_t i = 0; i < countof(traces); i++) {
		auto_free char *path = xasprintf("%s/%s", b->source, traces[i]);

		if (file_exists(path))
			return err_set(
				e, X_BUILD,
				"%s was configured in place (it has %s); we build beside the tree, which "
				"needs it clean: run \"make mrproper\" there (keep its .config elsewhere), or use a "
				"second work tree",
				b->source, traces[i]);
	}
	return 0;
}

static int tidy(const struct kbuild *b, int r, struct err *e)
{
	auto_free char *path = xasprintf("%s/" NEW_CONFIG, b->out);
	auto_free char *old = xasprintf("%s.old", path);

	if ((unlink(path) < 0 && errno != ENOENT) || (unlink(old) < 0 && errno != ENOENT))
		return r < 0 ? r : err_sys(e, "remove %s", path);
	return r;
}

int kbuild_configure(const struct kbuild *b, struct err *e)
{
	auto_free char *fragment = NULL, *want = NULL;
	size_t n, wn;
	FILE *f;
	int r;

	if (native(b, e) < 0 || pristine(b, e) < 0 || mkdir_p(AT_FDCWD, b->out, 0777, e) < 0)
		return -1;
	if (file_read(AT_FDCWD, b->fragment, FRAGMENT_MAX, &fragment, &n, e) < 0)
		return err_as(e, X_NO_INPUT, "configuration fragment");
	f = xmemstream(&want, &wn);
	r = kconfig_select(fragment, n, b->arch, f, e);
	fclose(f);
	if (r < 0)
		return err_in(e, "%s", b->fragment);
	if (b->progress)
		b->progress(0, 0, "configuring");
	if (configure(b, "defconfig", e) < 0 || append(b, want, wn, e) < 0 || configure(b, "olddefconfig", e) < 0 ||
	    settle(b, want, wn, e) < 0)
		r = -1;
	return tidy(b, r, e);
}

/* Until it closes its end of the pipe. */
static int follow(int fd, struct makelog *log, struct err *e)
{
	char *block = xmalloc(64 << 10);
	auto_free char *drop = block;

	for (;;) {
		struct pollfd p = { .fd = fd, .events = POLLIN };
		int r = stop_poll(&p, 1, now_ms() + SILENT_MS, e);
		ssize_t n;

		if (r < 0)
			return -1;
		if (r == 0)
			return err_set(e, X_TIMEOUT, "make said nothing for %d minutes", SILENT_MS / 60000);
		n = read(fd, block, 64 << 10);
		if (n < 0)
			return err_sys(e, "read from make");
		if (n == 0)
			return 0;
		if (makelog_add(log, block, (size_t)n, e) < 0)
			return -1;
	}
}

static int run_make(const struct kbuild *b, struct makelog *log, int *status, struct err *e)
{
	auto_argv struct argv a = { 0 };
	auto_kill struct child c = { 0 };
	auto_close int in = -1;
	auto_close int out = -1;
	int pipe_fds[2], r;

	if (pipe2(pipe_fds, O_CLOEXEC) < 0)
		return err_sys(e, "pipe");
	in = pipe_fds[0];
	out = pipe_fds[1];
	make_args(&a, b);
	argv_fmt(&a, "-j%u", b->jobs ? b->jobs : 1);
	/* A newer compiler's new warning is no reason not to test a scheduler. */
	argv_add(&a, "KCFLAGS=-Wno-error");
	argv_add(&a, find_arch(b->arch)->target);
	struct spawn s = {
		.argv = (const char *const *)a.v, .env = environment, .in = SPAWN_NULL, .out = out, .err = out
	};

	if (spawn_start(&s, &c, e) < 0)
		return -1;
	close(TAKE_FD(out));
	if (follow(in, log, e) < 0)
		return -1;
	r = spawn_wait(&c, now_ms() + END_MS, status, e);
	return r == SPAWN_DEADLINE ? err_set(e, X_TIMEOUT, "make closed its output, but does not end") : r;
}

int kbuild_make(const struct kbuild *b, struct err *e)
{
	auto_makelog struct makelog log = { 0 };
	char how[64];
	int status = 0;

	if (native(b, e) < 0 || makelog_open(&log, b->out, b->progress, e) < 0)
		return -1;
	if (run_make(b, &log, &status, e) < 0)
		return err_in(e, "kernel build");
	if (status)
		return err_set(e, X_BUILD, "make: %s\n%sall of its output: %s", spawn_status(status, how, sizeof(how)),
			       makelog_errors(&log), log.path);
	return makelog_finish(&log, e);
}

/* "NAME = value" of the top Makefile; "" when it is empty. */
static int makefile_value(const char *text, const char *name, char *out, size_t max)
{
	size_t len = strlen(name);

	for (const char *p = text; p; p = strchr(p, '\n')) {
		const char *v;

		p += *p == '\n';
		if (strncmp(p, name, len) != 0 || (p[len] != ' ' && p[len] != '=' && p[len] != '\t'))
			continue;
		v = p + len + strspn(p + len, " \t");
		if (*v++ != '=')
			continue;
		v += strspn(v, " \t");
		snprintf(out, max, "%.*s", (int)strcspn(v, " \t\r\n"), v);
		return 0;
	}
	return -1;
}

int kbuild_version(const char *source, char *out, unsigned long max, struct err *e)
{
	auto_free char *path = xasprintf("%s/Makefile", source);
	auto_free char *text = NULL;
	char major[16], minor[16], patch[16], extra[64];
	size_t n;

	if (file_read(AT_FDCWD, path, MAKEFILE_MAX, &text, &n, e) < 0)
		return err_as(e, X_NO_INPUT, "kernel source");
	if (makefile_value(text, "VERSION", major, sizeof(major)) < 0 ||
	    makefile_value(text, "PATCHLEVEL", minor, sizeof(minor)) < 0 ||
	    makefile_value(text, "SUBLEVEL", patch, sizeof(patch)) < 0 ||
	    makefile_value(text, "EXTRAVERSION", extra, sizeof(extra)) < 0)
		return err_set(e, X_NO_INPUT, "%s is not the Makefile of a kernel: it states no version", path);
	snprintf(out, max, "%s.%s.%s%s", major, minor, patch, extra);
	return 0;
}
