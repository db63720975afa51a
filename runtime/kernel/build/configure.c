#include "kernel/build/build.h"

#include "text/argv.h"
#include "base/err.h"
#include "base/file.h"
#include "base/mem.h"
#include "process/spawn.h"
#include "kernel/build/command.h"
#include "kernel/build/kconfig.h"
#include <errno.h>

#define NEW_CONFIG ".config.ktstr"

enum {
	CONFIG_MAX = 8 << 20,
	OUTPUT_MAX = 64 << 20,
	CONFIG_MS = 30 * 60 * 1000,
};

/* Runs make to its end; the last of its output is in the error. */
static int make_quiet(const struct argv *a, const char *target, const char *log, struct err *e)
{
	struct spawn s = { .argv = (const char *const *)a->v, .in = SPAWN_NULL, .family = true };
	auto_free char *text = NULL;
	struct err ignored;
	size_t n, from;
	int status;

	kbuild_environment(&s);
	if (spawn_capture(&s, true, OUTPUT_MAX, CONFIG_MS, &text, &n, &status, e) < 0)
		return err_in(e, "make %s", target);
	if (!status)
		return 0;
	from = n > 800 ? n - 800 : 0;
	int code = err_full(text) ? X_DISK_FULL : X_BUILD;

	if (!log)
		return err_set(e, code, "make %s failed: %s%s", target, from ? "…" : "", text + from);
	(void)file_write(AT_FDCWD, log, text, n, &ignored); /* the message carries the end of it */
	return err_set(e, code, "make %s failed: %s%s(all of it: %s)", target, from ? "…" : "", text + from, log);
}

/* One configuration target, working on a file beside .config so that .config keeps its time when nothing changed. */
static int configure(const struct kbuild *b, const char *target, struct err *e)
{
	auto_argv struct argv a = { 0 };
	auto_free char *log = xasprintf("%s/ktstr-config.log", b->out);

	kbuild_args(&a, b);
	argv_fmt(&a, "KCONFIG_CONFIG=%s/" NEW_CONFIG, b->out);
	argv_add(&a, target);
	return make_quiet(&a, target, log, e);
}

static int begin(const struct kbuild *b, struct err *e)
{
	auto_free char *path = xasprintf("%s/" NEW_CONFIG, b->out);

	if (!b->base)
		return configure(b, "defconfig", e);
	return file_write(AT_FDCWD, path, b->base, strlen(b->base), e) < 0 ? -1 : 0;
}

static int append(const struct kbuild *b, struct err *e)
{
	auto_free char *path = xasprintf("%s/" NEW_CONFIG, b->out);
	auto_free char *text = xasprintf("%s\n%s", b->request, b->extra ? b->extra : "");
	auto_close int fd = open(path, O_WRONLY | O_APPEND | O_CLOEXEC);

	if (fd < 0)
		return err_sys(e, "open %s", path);
	return write_all(fd, text, strlen(text), path, e);
}

static int survived(const char *want, const char *whose, const char *config, size_t n, struct err *e)
{
	auto_free char *lost = NULL;

	if (!want || !kconfig_lost(want, strlen(want), config, n, &lost))
		return 0;
	return err_set(e, X_KCONFIG,
		       "options that %s asks for did not survive make olddefconfig (their dependencies are not met, or "
		       "this kernel does not know them):\n%s",
		       whose, lost);
}

/* Everything that was asked for must have come out, and what no test kernel can do without. */
static int check(const struct kbuild *b, const char *config, size_t n, struct err *e)
{
	auto_free char *missing = NULL;

	if (kconfig_missing(config, n, &missing))
		return err_set(
			e, X_KCONFIG,
			"the configuration came out without options a test kernel needs:\n%s"
			"make turns off silently what lacks a dependency: install what is missing, or take the line "
			"that forbids it out of your fragment",
			missing);
	if (survived(b->request, "ktstr.kconfig", config, n, e) < 0)
		return -1;
	return survived(b->extra, "your own fragment (--kconfig)", config, n, e);
}

static int settle(const struct kbuild *b, struct err *e)
{
	auto_free char *path = xasprintf("%s/" NEW_CONFIG, b->out);
	auto_free char *final = xasprintf("%s/.config", b->out);
	auto_free char *config = NULL;
	size_t n;

	if (file_read(AT_FDCWD, path, CONFIG_MAX, &config, &n, e) < 0 || check(b, config, n, e) < 0 ||
	    kbuild_needs(b, config, n, e) < 0)
		return -1;
	return file_write(AT_FDCWD, final, config, n, e) < 0 ? -1 : 0;
}

int kbuild_check(const struct kbuild *b, struct err *e)
{
	auto_free char *path = xasprintf("%s/.config", b->out);
	auto_free char *config = NULL;
	size_t n;

	if (file_read(AT_FDCWD, path, CONFIG_MAX, &config, &n, e) < 0)
		return -1;
	return check(b, config, n, e) < 0 ? err_in(e, "after the build") : 0;
}

/* make with O= refuses a tree that was configured in place, with advice that does not fit us. */
static int pristine(const struct kbuild *b, struct err *e)
{
	const char *trace = kbuild_in_place(b->source, b->arch);

	if (!trace)
		return 0;
	return err_set(
		e, X_BUILD,
		"%s was configured in place (it has %s), and without git nobody can tell its products from its "
		"sources: add --clean, which runs \"make mrproper\" there (keep its .config elsewhere), or build a "
		"clean copy",
		b->source, trace);
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
	int r = 0;

	if (!kbuild_arch(b->arch, e) || pristine(b, e) < 0 || mkdir_p(AT_FDCWD, b->out, 0777, e) < 0)
		return -1;
	if (b->progress)
		b->progress(0, 0, "configuring");
	if (begin(b, e) < 0 || append(b, e) < 0 || configure(b, "olddefconfig", e) < 0 || settle(b, e) < 0)
		r = -1;
	return tidy(b, r, e);
}

static int mrproper(const char *source, const struct kbuild_arch *arch, struct err *e)
{
	auto_argv struct argv a = { 0 };

	argv_add(&a, "make");
	argv_opt(&a, "-C", "%s", source);
	argv_fmt(&a, "ARCH=%s", arch->karch);
	argv_add(&a, "mrproper");
	return make_quiet(&a, "mrproper", NULL, e) < 0 ? err_in(e, "%s", source) : 0;
}

int kbuild_clean(const char *source, const char *arch, struct err *e)
{
	const struct kbuild_arch *main = kbuild_arch(arch, e), *a;

	if (!main || mrproper(source, main, e) < 0)
		return -1;
	for (unsigned i = 0; (a = kbuild_arch_at(i)); i++) {
		auto_free char *path = xasprintf("%s/arch/%s/include/generated", source, a->dir);

		if (file_exists(path) && mrproper(source, a, e) < 0)
			return -1;
	}
	return 0;
}
