#include "guest/linker.h"
#include "arch/arch.h"
#include "base/err.h"
#include "base/file.h"
#include "base/mem.h"
#include "guest/ldcache.h"
#include <elf.h>
#include <limits.h>
#include <stdlib.h>
#include <string.h>

static const size_t cache_max = (size_t)256 << 20, folders_max = 1 << 20;

/* What x86-64 psABI calls its levels, best first, and the folder itself. */
static const char *const levels[] = { "glibc-hwcaps/x86-64-v4/", "glibc-hwcaps/x86-64-v3/", "glibc-hwcaps/x86-64-v2/",
				      "" };
/* $PLATFORM is what the kernel says, and on some CPUs what glibc before 2.37 says instead. */
static const char *const x86_platforms[] = { "x86_64", "haswell", "xeon_phi", NULL };
static const char *const arm_platforms[] = { "aarch64", NULL };
static const char *const starts[] = { "", "/root" };

char *linker_dir_of(const char *path)
{
	const char *slash = strrchr(path, '/');

	return slash == path ? xstrdup("/") : xstrndup(path, (size_t)(slash - path));
}

char *linker_normal(const char *path)
{
	char *out = xmalloc(strlen(path) + 2), *end = out;

	while (*path) {
		size_t n = strcspn(path, "/");

		if (n == 2 && !memcmp(path, "..", 2)) {
			while (end > out && *--end != '/')
				;
		} else if (n && !(n == 1 && *path == '.')) {
			*end++ = '/';
			end = mempcpy(end, path, n);
		}
		path += n + (path[n] == '/');
	}
	if (end == out)
		*end++ = '/';
	*end = '\0';
	return out;
}

void linker_object_free(struct linker_object *o)
{
	free(o->host_dir);
	argv_free(&o->guest_dirs);
	elf_needs_free(&o->needs);
}

void linker_hits_free(struct linker_hits *h)
{
	for (size_t i = 0; i < h->n; i++) {
		free(h->v[i].host);
		free(h->v[i].near);
		argv_free(&h->v[i].guests);
		elf_needs_free(&h->v[i].needs);
	}
	free(h->v);
	*h = (struct linker_hits){ 0 };
}

static const char *triplet(const struct linker *l)
{
	const struct arch *a = arch_by_elf(l->machine);

	return a ? a->triplet : "";
}

/* ---- one folder */

/* Takes host, guests and near. Whether there is such a library. */
static bool add_hit(const struct linker *l, struct linker_hits *h, char *host, struct argv guests, char *near)
{
	struct linker_hit hit = { .host = host, .guests = guests, .near = near };
	struct linker_hits dropped = { .v = NULL };
	struct err quiet;

	if (elf_needs_file(&hit.needs, host, l->machine, &quiet) == 0) {
		h->v = xreallocarray(h->v, h->n + 1, sizeof *h->v);
		h->v[h->n++] = hit;
		return true;
	}
	dropped.v = xmalloc(sizeof hit);
	dropped.v[dropped.n++] = hit;
	linker_hits_free(&dropped);
	return false;
}

static void add_guest(struct argv *guests, const char *dir, const char *name)
{
	auto_free char *path = xasprintf("%s/%s", dir, name);
	auto_free char *at = linker_normal(path);

	for (size_t i = 0; i < guests->n; i++)
		if (!strcmp(guests->v[i], at))
			return;
	argv_add(guests, at);
}

/* Where the linker always looks, for what it would not find in the guest by the way it was found here. */
static char *near_path(const struct linker *l, const char *name)
{
	return xasprintf("%s/%s", l->musl ? "/lib" : l->dir, name);
}

/* host: a folder, in a guest all of guests. Whether it has the library for any CPU. */
static bool look_in(const struct linker *l, const char *host, const struct argv *guests, bool near, const char *soname,
		    struct linker_hits *h)
{
	auto_free char *hwcaps = xasprintf("%s/glibc-hwcaps", host);
	bool has_levels = !l->musl && l->machine == EM_X86_64 && file_exists(hwcaps);
	bool found = false;

	for (size_t i = has_levels ? 0 : countof(levels) - 1; i < countof(levels); i++) {
		auto_free char *name = xasprintf("%s%s", levels[i], soname);
		struct argv at = { 0 };

		for (size_t k = 0; k < guests->n; k++)
			add_guest(&at, guests->v[k], name);
		found = add_hit(l, h, xasprintf("%s/%s", host, name), at, near ? near_path(l, name) : NULL);
	}
	return found;
}

/* The same folder here and there. */
static bool look_in_folder(const struct linker *l, const char *dir, const char *soname, struct linker_hits *h)
{
	struct argv guests = { .v = (char *[]){ (char *)dir, NULL }, .n = 1 };

	return look_in(l, dir, &guests, true, soname, h);
}

/* ---- search paths */

/* $LIB of the dynamic linker in this folder: "lib64", "lib/x86_64-linux-gnu". */
static const char *lib_token(const struct linker *l)
{
	if (!strncmp(l->dir, "/usr/", 5))
		return l->dir + 5;
	return l->dir + 1;
}

/* A folder of a search path with its $ORIGIN, $LIB and $PLATFORM (braces optional) replaced. musl knows the first only. */
static char *expand(const struct linker *l, const char *text, const char *origin, const char *platform)
{
	const struct {
		const char *name, *value;
	} tokens[] = {
		{ "ORIGIN", origin },
		{ "LIB", lib_token(l) },
		{ "PLATFORM", platform },
	};
	size_t known = l->musl ? 1 : countof(tokens);
	char *out = NULL;
	size_t out_n;
	FILE *f = xmemstream(&out, &out_n);

	for (const char *p = text; *p;) {
		const char *value = NULL;
		bool brace = p[0] == '$' && p[1] == '{';
		size_t len = 0;

		for (size_t i = 0; *p == '$' && !value && i < known; i++) {
			len = strlen(tokens[i].name);
			if (!strncmp(p + 1 + brace, tokens[i].name, len) && (!brace || p[2 + len] == '}'))
				value = tokens[i].value;
		}
		if (!value) {
			fputc(*p++, f);
			continue;
		}
		fputs(value, f);
		p += 1 + len + 2 * brace;
	}
	fclose(f);
	return out;
}

/* What a path that is written in o means: here, and in guests. near is set for one that is relative. */
static char *places(struct linker *l, const struct linker_object *o, const char *text, const char *platform,
		    struct argv *guests, bool *near)
{
	auto_free char *host = expand(l, text, o->host_dir, platform);

	if (*host != '/') {
		l->relative = *near = true;
		for (size_t i = 0; i < countof(starts); i++)
			add_guest(guests, starts[i], host);
		return xasprintf("%s/%s", l->start, host);
	}
	for (size_t i = 0; i < o->guest_dirs.n; i++) {
		auto_free char *guest = expand(l, text, o->guest_dirs.v[i], platform);

		add_guest(guests, guest, "");
	}
	return TAKE(host);
}

static const char *const *platforms(const struct linker *l)
{
	return l->machine == EM_AARCH64 ? arm_platforms : x86_platforms;
}

/* One folder of a list that is written in o. */
static bool look_in_text(struct linker *l, const struct linker_object *o, const char *text, bool near,
			 const char *soname, struct linker_hits *h)
{
	bool found = false;

	for (const char *const *platform = platforms(l); *platform; platform++) {
		auto_argv struct argv guests = { 0 };
		auto_free char *host = places(l, o, text, *platform, &guests, &near);

		found |= look_in(l, host, &guests, near, soname, h);
		if (!strstr(text, "PLATFORM"))
			break;
	}
	return found;
}

/* Folders separated by any of these characters. glibc takes an empty one for the current folder. */
static bool look_in_list(struct linker *l, const struct linker_object *o, const char *list, const char *separators,
			 bool near, const char *soname, struct linker_hits *h)
{
	if (!list || !*list)
		return false;
	for (;; list++) {
		size_t n = strcspn(list, separators);
		auto_free char *text = n ? xstrndup(list, n) : xstrdup(".");

		if ((n || !l->musl) && look_in_text(l, o, text, near, soname, h))
			return true;
		list += n;
		if (!*list)
			return false;
	}
}

/* ---- the linker's own folders */

static const char *level_of(const char *path)
{
	for (size_t i = 0; i < countof(levels) - 1; i++) {
		const char *at = strstr(path, levels[i]);

		if (at && !strchr(at + strlen(levels[i]), '/'))
			return levels[i];
	}
	return "";
}

static bool look_in_cache(const struct linker *l, const char *soname, struct linker_hits *h)
{
	bool found = false;
	const char *path;
	uint32_t at = 0;

	while (l->cache && ldcache_find(l->cache, l->cache_n, soname, l->machine, &at, &path) == 0) {
		bool special = strstr(path, "/glibc-hwcaps/");
		const char *level = level_of(path);
		struct argv guests = { 0 };

		if ((special && !*level) || (found && !special))
			continue;
		auto_free char *name = xasprintf("%s%s", level, soname);

		add_guest(&guests, path, "");
		found |= add_hit(l, h, xstrdup(path), guests, near_path(l, name)) && !special;
	}
	return found;
}

static bool look_in_defaults(const struct linker *l, const char *soname, struct linker_hits *h)
{
	static const char *const dirs[] = { "/lib64", "/usr/lib64", "/lib", "/usr/lib", "/usr/local/lib" };

	/* That of the distribution must not give a glibc somewhere else another libc than its own. */
	if ((l->own_cache && look_in_cache(l, soname, h)) || look_in_folder(l, l->dir, soname, h) ||
	    (!l->own_cache && look_in_cache(l, soname, h)))
		return true;
	if (l->sysroot) {
		auto_free char *dir = xasprintf("%s/lib", l->sysroot);
		struct argv guests = { .v = (char *[]){ "/lib", NULL }, .n = 1 };

		if (look_in(l, dir, &guests, true, soname, h))
			return true;
	}
	for (int usr = 0; usr < 2; usr++) {
		auto_free char *dir = xasprintf("%s/lib/%s", usr ? "/usr" : "", triplet(l));

		if (look_in_folder(l, dir, soname, h))
			return true;
	}
	for (size_t i = 0; i < countof(dirs); i++)
		if (look_in_folder(l, dirs[i], soname, h))
			return true;
	return false;
}

/* ---- the whole search */

static bool find_musl(struct linker *l, const struct linker_object *v, size_t asking, const char *soname,
		      struct linker_hits *h)
{
	const struct linker_object *o = &v[asking];

	if (look_in_list(l, &v[0], l->library_path, ":\n", true, soname, h))
		return true;
	for (const struct linker_object *up = o;; up = &v[up->parent]) {
		if (look_in_list(l, up, up->needs.runpath ? up->needs.runpath : up->needs.rpath, ":\n", false, soname,
				 h))
			return true;
		if (up == &v[up->parent])
			break;
	}
	return look_in_list(l, o, l->folders, ":\n", true, soname, h) || (l->sysroot && look_in_defaults(l, soname, h));
}

static bool find_glibc(struct linker *l, const struct linker_object *v, size_t asking, const char *soname,
		       struct linker_hits *h)
{
	const struct linker_object *o = &v[asking];

	for (const struct linker_object *up = o; !o->needs.runpath; up = &v[up->parent]) {
		if (!up->needs.runpath && look_in_list(l, up, up->needs.rpath, ":", false, soname, h))
			return true;
		if (up == &v[up->parent])
			break;
	}
	/* $ORIGIN in the variable is the program's. */
	return look_in_list(l, &v[0], l->library_path, ":;", true, soname, h) ||
	       look_in_list(l, o, o->needs.runpath, ":", false, soname, h) || look_in_defaults(l, soname, h);
}

/* A name with a slash is no matter of searching. */
static bool find_path(struct linker *l, const struct linker_object *o, const char *name, struct linker_hits *h)
{
	bool found = false, near;

	for (const char *const *platform = platforms(l); *platform; platform++) {
		struct argv guests = { 0 };
		char *host = places(l, o, name, *platform, &guests, &near);

		found |= add_hit(l, h, host, guests, NULL);
		if (!strstr(name, "PLATFORM"))
			break;
	}
	return found;
}

bool linker_find(struct linker *l, const struct linker_object *v, size_t asking, const char *soname,
		 struct linker_hits *h)
{
	bool plain = strchr(soname, '/') ? find_path(l, &v[asking], soname, h)
		     : l->musl           ? find_musl(l, v, asking, soname, h)
					 : find_glibc(l, v, asking, soname, h);

	return plain || h->n; /* for some CPUs only: perhaps the guest's is one */
}

/* musl's libraries are all in one; it takes what begins like them for itself (ldso/dynlink.c:load_library). */
bool linker_is(const struct linker *l, const char *soname)
{
	static const char *const own[] = { "c.", "pthread.", "rt.", "m.", "dl.", "util.", "xnet." };

	if (!l->musl || strncmp(soname, "lib", 3) != 0)
		return false;
	for (size_t i = 0; i < countof(own); i++)
		if (!strncmp(soname + 3, own[i], strlen(own[i])))
			return true;
	return false;
}

/* ---- the linker itself */

/* In the folder of the cross compiler's libraries, which becomes where others are looked for as well. */
static char *cross_interpreter(struct linker *l, const char *guest)
{
	auto_free char *root = xasprintf("/usr/%s", triplet(l));
	auto_free char *path = xasprintf("%s%s", root, guest);
	char *real = realpath(path, NULL);

	if (real)
		l->sysroot = TAKE(root);
	return real;
}

static void open_cache(struct linker *l)
{
	struct err quiet;
	const char *path;
	uint32_t at = 0;

	if (file_read(AT_FDCWD, "/etc/ld.so.cache", cache_max, &l->cache, &l->cache_n, &quiet) < 0)
		l->cache = NULL;
	while (l->cache && !l->own_cache &&
	       ldcache_find(l->cache, l->cache_n, "libc.so.6", l->machine, &at, &path) == 0) {
		auto_free char *real = realpath(path, NULL), *dir = real ? linker_dir_of(real) : NULL;

		l->own_cache = dir && !strcmp(dir, l->dir);
	}
}

static void open_folders(struct linker *l, const char *interp)
{
	const struct arch *a = arch_by_elf(l->machine);
	auto_free char *dir = linker_dir_of(interp);
	auto_free char *prefix = linker_dir_of(dir);
	auto_free char *path = xasprintf("%s/etc/ld-musl-%s.path", strcmp(prefix, "/") ? prefix : "", a ? a->name : "");
	struct err quiet;

	if (file_read(AT_FDCWD, path, folders_max, &l->folders, NULL, &quiet) < 0)
		l->folders = xstrdup("/lib:/usr/local/lib:/usr/lib");
}

int linker_open(struct linker *l, const char *interp, char **real, char **guest, struct err *e)
{
	struct elf_needs n = { 0 };

	*real = *guest = NULL;
	if (!interp) {
		l->dir = xstrdup("/lib");
		return 0;
	}
	if (interp[0] != '/')
		return err_set(e, X_BAD_SCHED, "its interpreter has no absolute path: %s", interp);
	*guest = linker_normal(interp);
	if (!(*real = realpath(interp, NULL)))
		*real = cross_interpreter(l, *guest);
	if (!*real)
		return err_set(e, X_BAD_SCHED, "its interpreter %s is missing", interp);
	if (elf_needs_file(&n, *real, l->machine, e) < 0)
		return err_as(e, X_BAD_SCHED, "its interpreter");
	elf_needs_free(&n);
	l->dir = linker_dir_of(l->sysroot ? *guest : *real);
	l->musl = strstr(interp, "/ld-musl-") != NULL;
	if (l->musl)
		open_folders(l, interp);
	else
		open_cache(l);
	return 0;
}

void linker_close(struct linker *l)
{
	free(l->dir);
	free(l->sysroot);
	free(l->folders);
	free(l->cache);
	*l = (struct linker){ 0 };
}
