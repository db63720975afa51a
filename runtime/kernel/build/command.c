#include "kernel/build/command.h"

#include "text/argv.h"
#include "base/err.h"
#include "base/file.h"
#include "base/mem.h"
#include "process/spawn.h"
#include "kernel/build/build.h"
#include <sys/utsname.h>

static const struct kbuild_arch arches[] = {
	{ "x86_64", "x86_64", "x86", "bzImage", "arch/x86/boot/bzImage", "x86_64-linux-gnu-", "x86-64-linux-gnu" },
	{ "aarch64", "arm64", "arm64", "Image", "arch/arm64/boot/Image", "aarch64-linux-gnu-", "aarch64-linux-gnu" },
};

/* All a tree's make gets of the user's environment. What decides a kernel comes by the command line; the rest of an environment
 * has tokens that are none of a foreign tree's business, and names that Kbuild obeys (KCONFIG_*, HOST*, CPATH …). */
static const char *const passed[] = {
	"PATH",      "HOME",       "USER",       "LOGNAME",     "SHELL",       "TMPDIR",    "LD_LIBRARY_PATH",
	"CCACHE_*",  "http_proxy", "HTTP_PROXY", "https_proxy", "HTTPS_PROXY", "ftp_proxy", "FTP_PROXY",
	"all_proxy", "ALL_PROXY",  "no_proxy",   "NO_PROXY",
};

static const char *const set[] = {
	"LC_ALL=C",
	"KBUILD_BUILD_TIMESTAMP=Thu Jan  1 00:00:00 UTC 1970",
	"KBUILD_BUILD_USER=ktstr",
	"KBUILD_BUILD_HOST=ktstr",
	"KBUILD_BUILD_VERSION=1",
	/* Folders do not get into objects (-fdebug-prefix-map), so two build folders can share them. */
	"CCACHE_NOHASHDIR=1",
	NULL,
};

enum { MORE_MAX = 64 };

/* The words of KTSTR_MAKE_ENV, behind ours; made once. */
static const char *const *pass_list(void)
{
	static const char *all[countof(passed) + MORE_MAX + 1];
	static char *words;
	size_t n = countof(passed);
	const char *more = getenv("KTSTR_MAKE_ENV");
	char *save;

	if (words || !more)
		return all[0] ? all : memcpy(all, passed, sizeof(passed));
	memcpy(all, passed, sizeof(passed));
	words = xstrdup(more);
	for (char *w = strtok_r(words, " ,\t\n", &save); w && n < countof(all) - 1; w = strtok_r(NULL, " ,\t\n", &save))
		all[n++] = w;
	return all;
}

void kbuild_environment(struct spawn *s)
{
	s->pass = pass_list();
	s->env = set;
}

char *kbuild_environment_more(void)
{
	const char *const *names = pass_list() + countof(passed);
	char *text;
	size_t n;
	FILE *f = xmemstream(&text, &n);

	for (; *names; names++)
		fprintf(f, "%s=%s\n", *names, getenv(*names) ? getenv(*names) : "");
	fclose(f);
	return text;
}

const struct kbuild_arch *kbuild_arch_at(unsigned i)
{
	return i < countof(arches) ? &arches[i] : NULL;
}

static const struct kbuild_arch *find(const char *name)
{
	for (size_t i = 0; i < countof(arches); i++)
		if (!strcmp(arches[i].name, name))
			return &arches[i];
	return NULL;
}

const struct kbuild_arch *kbuild_arch(const char *name, struct err *e)
{
	const struct kbuild_arch *a = find(name);

	if (!a)
		err_set(e, X_USAGE, "cannot build kernels for \"%s\"", name);
	return a;
}

const char *kbuild_image(const char *arch)
{
	const struct kbuild_arch *a = find(arch);

	return a ? a->image : NULL;
}

const char *kbuild_prefix(const struct kbuild *b)
{
	const struct kbuild_arch *a = find(b->arch);
	struct utsname u;

	if (b->cross)
		return b->cross;
	uname(&u);
	/* clang compiles for every architecture by itself. */
	return !b->llvm && a && strcmp(u.machine, a->name) ? a->prefix : "";
}

char *kbuild_program(const struct kbuild *b, const char *gnu, const char *llvm)
{
	if (!b->llvm)
		return xasprintf("%s%s", kbuild_prefix(b), gnu);
	if (b->llvm[0] == '-')
		return xasprintf("%s%s", llvm, b->llvm);
	if (*b->llvm && b->llvm[strlen(b->llvm) - 1] == '/')
		return xasprintf("%s%s", b->llvm, llvm);
	return xstrdup(llvm);
}

char *kbuild_host_cc(const struct kbuild *b)
{
	return b->llvm ? kbuild_program(b, "gcc", "clang") : xstrdup("gcc");
}

char *kbuild_strip(const struct kbuild *b)
{
	return kbuild_program(b, "strip", "llvm-strip");
}

bool kbuild_ccache(void)
{
	const char *wish = getenv("KTSTR_CCACHE");
	auto_free char *path = wish && !strcmp(wish, "0") ? NULL : spawn_find("ccache");

	return path;
}

void kbuild_args(struct argv *a, const struct kbuild *b)
{
	auto_free char *cc = kbuild_program(b, "gcc", "clang");
	auto_free char *host_cc = kbuild_host_cc(b);
	const char *prefix = kbuild_prefix(b);

	argv_add(a, "make");
	argv_opt(a, "-C", "%s", b->source);
	argv_fmt(a, "O=%s", b->out);
	argv_fmt(a, "ARCH=%s", find(b->arch)->karch);
	/* A tree that is a git work tree gets a "+" at its release otherwise. */
	argv_add(a, "LOCALVERSION=");
	if (*prefix)
		argv_fmt(a, "CROSS_COMPILE=%s", prefix);
	if (b->llvm)
		argv_fmt(a, "LLVM=%s", b->llvm);
	if (kbuild_ccache()) {
		argv_fmt(a, "CC=ccache %s", cc);
		argv_fmt(a, "HOSTCC=ccache %s", host_cc);
	}
	/* There is no Rust in a test kernel; but the version of one that happens to be there would be in its .config. */
	argv_add(a, "RUSTC=false");
	/* A newer compiler's new warning is no reason not to test a scheduler. */
	argv_add(a, "KCFLAGS=-Wno-error");
	/* Where it was built is no part of a kernel; not even of its build id. */
	argv_fmt(a, "KCPPFLAGS=-fdebug-prefix-map=%s=/linux -fdebug-prefix-map=%s=/linux", b->source, b->out);
}

const char *kbuild_in_place(const char *source, const char *arch)
{
	static const char *const traces[] = { ".config", "include/config" };
	const struct kbuild_arch *a = find(arch);
	auto_free char *generated = xasprintf("%s/arch/%s/include/generated", source, a ? a->dir : "");

	for (size_t i = 0; i < countof(traces); i++) {
		auto_free char *path = xasprintf("%s/%s", source, traces[i]);

		if (file_exists(path))
			return traces[i];
	}
	return a && file_exists(generated) ? "arch/*/include/generated" : NULL;
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

int kbuild_version(const char *source, char *out, size_t max, struct err *e)
{
	enum { MAKEFILE_MAX = 4 << 20 };
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
	for (const char *c = out; *c; c++)
		if ((unsigned char)*c < ' ' || *c == 0x7f)
			return err_set(e, X_NO_INPUT, "%s: a control character is in its version", path);
	return 0;
}
