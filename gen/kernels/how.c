#include "gen/kernels/how.h"
#include "base/err.h"
#include "base/file.h"
#include "base/mem.h"
#include "gen/base/home.h"
#include "kernel/build/kconfig.h"
#include "kernel/cache/entry.h"
#include <stdlib.h>
#include <string.h>
#include <sys/utsname.h>

enum { KCONFIG_MAX = 1 << 20 };

static const char *arch_name(const char *arch)
{
	static const char *const names[][2] = {
		{ "x86_64", "x86_64" },
		{ "x86", "x86_64" },
		{ "arm64", "aarch64" },
		{ "aarch64", "aarch64" },
	};

	for (size_t i = 0; i < countof(names); i++) {
		if (!strcmp(arch, names[i][0]))
			return names[i][1];
	}
	return NULL;
}

/* make runs in another folder than we do. */
static int tool_path(const char **out, const char *name, const char *value, struct err *e)
{
	if (!value || !*value)
		return 0;
	*out = value;
	if (*value == '/' || !strchr(value, '/'))
		return 0;
	auto_free char *cwd = getcwd(NULL, 0);

	if (!cwd)
		return err_sys(e, "find the current folder for %s=%s", name, value);
	auto_free char *path = xasprintf("%s/%s", cwd, value);

	if (setenv(name, path, 1) < 0)
		return err_sys(e, "set %s", name);
	*out = getenv(name);
	return 0;
}

int kernels_environment(struct kernels_opts *o, struct err *e)
{
	const char *arch = getenv("ARCH");

	if (arch && *arch && !(o->arch = arch_name(arch)))
		return err_set(e, X_USAGE, "ARCH=%s: kernels for x86_64 and arm64 can be built", arch);
	if (tool_path(&o->llvm, "LLVM", getenv("LLVM"), e) < 0)
		return -1;
	return tool_path(&o->cross, "CROSS_COMPILE", getenv("CROSS_COMPILE"), e);
}

char *kernels_tools_named(const struct kernels_opts *o)
{
	const char *llvm = o->llvm && strpbrk(o->llvm, "-/") ? o->llvm : NULL;

	if (!llvm && !o->cross)
		return NULL;
	return xasprintf("%s%s%s%s%s", llvm ? "LLVM=" : "", llvm ? llvm : "", llvm && o->cross ? " " : "",
			 o->cross ? "CROSS_COMPILE=" : "", o->cross ? o->cross : "");
}

/* Better now than after a download. */
static int check_kconfig(const struct build_how *h, const char *text, size_t n, struct err *e)
{
	auto_free char *lines = NULL;
	size_t size;
	FILE *f = xmemstream(&lines, &size);
	int r = kconfig_select(text, n, h->key.arch, f, e);

	fclose(f);
	return r < 0 ? err_in(e, "--kconfig %s", h->kconfig) : 0;
}

static int extra_kconfig(struct build_how *h, const char *file, struct err *e)
{
	auto_free char *text = NULL;
	size_t n;

	if (!(h->kconfig = realpath(file, NULL))) {
		err_sys(e, "%s", file);
		return err_as(e, X_NO_INPUT, "--kconfig");
	}
	if (file_read(AT_FDCWD, h->kconfig, KCONFIG_MAX, &text, &n, e) < 0)
		return err_as(e, X_NO_INPUT, "--kconfig");
	crc_hex(text, n, h->extra);
	h->key.extra_kc = h->extra;
	return check_kconfig(h, text, n, e);
}

static const char *this_machine(void)
{
	struct utsname u;

	uname(&u);
	return arch_name(u.machine);
}

int build_how_of(struct build_how *h, const struct home *home, const struct kernels_opts *o, struct err *e)
{
	*h = (struct build_how){ .key = { .arch = o->arch ? o->arch : this_machine(), .llvm = o->llvm } };
	if (!h->key.arch)
		return err_set(e, X_FAIL, "kernels for this machine's architecture cannot be built");
	h->key.kc = h->kc;
	if (home_kconfig_hash(home, h->kc, e) < 0)
		return -1;
	return o->kconfig ? extra_kconfig(h, o->kconfig, e) : 0;
}

void build_how_free(struct build_how *h)
{
	free(h->kconfig);
	h->kconfig = NULL;
}
