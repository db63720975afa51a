#include "gen/base/home.h"
#include "arch/arch.h"
#include "base/err.h"
#include "base/file.h"
#include "base/mem.h"
#include "process/spawn.h"
#include "kernel/cache/entry.h"
#include <ctype.h>
#include <stdlib.h>
#include <unistd.h>

static int part(char **out, const char *dir, const char *const *places, struct err *e)
{
	for (size_t i = 0; places[i]; i++) {
		auto_free char *path = xasprintf("%s/%s", dir, places[i]);

		if (file_exists(path)) {
			*out = TAKE(path);
			return 0;
		}
	}
	return err_set(e, X_FAIL, "%s/%s is missing: build everything with make, or install again", dir, places[0]);
}

char *home_scripts(struct err *e)
{
	static const char *const places[] = { "../gen/complete/scripts", "../lib/ktstr/completions", NULL };
	auto_free char *dir = self_dir(e);
	char *path = NULL;

	return dir && part(&path, dir, places, e) == 0 ? path : NULL;
}

char *home_cargo(struct err *e)
{
	static const char *const places[] = { "../gen/cargo/shims", "../lib/ktstr/cargo", NULL };
	auto_free char *dir = self_dir(e);
	char *path = NULL;

	return dir && part(&path, dir, places, e) == 0 ? path : NULL;
}

int home_find(struct home *h, struct err *e)
{
	static const char *const step[] = { "ktstr-step", "../lib/ktstr/ktstr-step", NULL };
	static const char *const source[] = { "ktstr-source", "../lib/ktstr/ktstr-source", NULL };
	static const char *const init[] = { "ktstr-init", "../lib/ktstr/ktstr-init", NULL };
	static const char *const idle[] = { "ktstr-idle.so", "../lib/ktstr/ktstr-idle.so", NULL };
	static const char *const rules[] = { "../rules", "../lib/ktstr/rules", NULL };
	static const char *const fragment[] = { "../ktstr.kconfig", "../lib/ktstr/ktstr.kconfig", NULL };
	auto_free char *dir = self_dir(e);

	if (!dir)
		return -1;
	*h = (struct home){ 0 };
	if (part(&h->step, dir, step, e) < 0 || part(&h->source, dir, source, e) < 0 ||
	    part(&h->init, dir, init, e) < 0 || part(&h->idle, dir, idle, e) < 0 ||
	    part(&h->rules, dir, rules, e) < 0 || part(&h->fragment, dir, fragment, e) < 0) {
		home_free(h);
		return -1;
	}
	return 0;
}

char *home_init(const struct home *h, const struct arch *a)
{
	return xasprintf("%s%s", h->init, arch_suffix(a));
}

char *home_engine_path(const struct home *h, const struct arch *a)
{
	int folder = (int)(strrchr(h->init, '/') - h->init);

	return xasprintf("%.*s/ktstr-engine%s", folder, h->init, arch_suffix(a));
}

char *home_engine(const struct home *h, const struct arch *a, struct err *e)
{
	char *path = home_engine_path(h, a);

	if (file_exists(path))
		return path;
	err_set(e, X_NO_TOOL,
		"%s, which runs scenarios in guests of %s, is missing: build it with make where there is %s-gcc, or "
		"install again",
		path, a->name, a->triplet);
	free(path);
	return NULL;
}

static char *data_folder(void)
{
	const char *data = getenv("XDG_DATA_HOME"), *home = getenv("HOME");

	if (data && *data == '/')
		return xasprintf("%s/ktstr", data);
	return home && *home ? xasprintf("%s/.local/share/ktstr", home) : NULL;
}

/* "KTSTR_BUSYBOX_AARCH64" */
static char *busybox_variable(const struct arch *a)
{
	char *name = xasprintf("KTSTR_BUSYBOX_%s", a->name);

	for (char *c = name; *c; c++)
		*c = (char)toupper((unsigned char)*c);
	return name;
}

static char *no_busybox(const struct arch *a, const char *variable, const char *data, struct err *e)
{
	err_set(e, X_NO_TOOL,
		"there is no busybox for %s guests: name a static one in %s, or put it at %s/busybox-%s (on Debian: "
		"package busybox-static of architecture %s; docs/vm.md)",
		a->name, variable, data ? data : "~/.local/share/ktstr", a->name, a->debian);
	return NULL;
}

char *home_busybox(const struct home *h, const struct arch *a, struct err *e)
{
	auto_free char *variable = busybox_variable(a), *data = data_folder();
	const char *named = getenv(variable);
	char *found;

	if (named && *named) {
		found = realpath(named, NULL);
		if (!found) {
			err_sys(e, "%s: %s", variable, named);
			e->code = X_NO_TOOL;
		}
		return found;
	}
	if (a == arch_host()) {
		found = spawn_find("busybox");
		if (!found)
			err_set(e, X_NO_TOOL, "busybox is not installed; on Debian: apt-get install busybox-static");
		return found;
	}
	for (int i = 0; i < 2; i++) {
		const char *end = strrchr(h->step, '/');

		if (i == 0 && !data)
			continue;
		found = i == 0 ? xasprintf("%s/busybox-%s", data, a->name)
			       : xasprintf("%.*s/busybox-%s", (int)(end - h->step), h->step, a->name);
		if (file_exists(found))
			return found;
		free(found);
	}
	return no_busybox(a, variable, data, e);
}

int home_kconfig_hash(const struct home *home, char *hex, struct err *e)
{
	auto_free char *text = NULL;
	size_t n;

	if (file_read(AT_FDCWD, home->fragment, 1 << 20, &text, &n, e) < 0)
		return -1;
	crc_hex(text, n, hex);
	return 0;
}

void home_free(struct home *h)
{
	free(h->step);
	free(h->source);
	free(h->init);
	free(h->idle);
	free(h->rules);
	free(h->fragment);
	*h = (struct home){ 0 };
}
