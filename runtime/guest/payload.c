/* payload.c: the closure of a program, laid out so that the guest's dynamic linker finds what the host's would.
 *
 * A library's content is placed at its canonical path. Wherever the linker will look for it there is a link: at the
 * path the search found (with $ORIGIN meaning the program's folder in the guest), and in the dynamic linker's own
 * folder, which it always searches, because the guest has no ld.so.cache. */
#include "guest/payload.h"
#include "base/arch.h"
#include "text/argv.h"
#include "base/err.h"
#include "base/file.h"
#include "base/mem.h"
#include "guest/proto.h"
#include <elf.h>
#include <errno.h>
#include <limits.h>
#include <sys/stat.h>

enum { OBJECTS_MAX = 1024 };
static const size_t file_max = (size_t)2 << 30;

struct object {
	char *host_dir, *guest_dir; /* what $ORIGIN means for it, here and there */
	size_t parent;              /* who asked for it; its own index for the program */
	struct elf_needs needs;
};

struct closure {
	struct payload *p;
	uint16_t machine;
	struct object *v;
	size_t n;
	char *ld_dir; /* folder of the interpreter, canonical; below sysroot as the guest has it */
	char *sysroot; /* where the distribution keeps libraries of another architecture to link with; NULL: not needed */
	bool musl;
	char *cache; /* ld.so.cache; NULL when there is none */
	size_t cache_n;
	struct argv missing, seen;
};

static char *dir_of(const char *path)
{
	const char *slash = strrchr(path, '/');

	return slash == path ? xstrdup("/") : xstrndup(path, (size_t)(slash - path));
}

/* Without ".", ".." and doubled slashes, by text alone. */
static char *normal(const char *path)
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

/* Index of guest, or where it belongs. */
static bool place(const struct payload *p, const char *guest, size_t *at)
{
	size_t lo = 0, hi = p->n;

	while (lo < hi) {
		size_t mid = lo + (hi - lo) / 2;
		int c = strcmp(p->v[mid].guest, guest);

		if (c == 0) {
			*at = mid;
			return true;
		}
		if (c < 0)
			lo = mid + 1;
		else
			hi = mid;
	}
	*at = lo;
	return false;
}

static int same(const char *a, const char *b)
{
	return a == b || (a && b && !strcmp(a, b));
}

static int put(struct payload *p, struct payload_file f, struct err *e)
{
	size_t at;

	if (strlen(f.guest) > PROTO_PATH_MAX || (f.target && strlen(f.target) > PROTO_PATH_MAX))
		return err_set(e, X_BAD_SCHED, "path is too long: %s", f.guest);
	if (place(p, f.guest, &at)) {
		if (same(p->v[at].host, f.host) && same(p->v[at].target, f.target))
			return 0;
		return err_set(e, X_BAD_SCHED, "two different files would be %s in the guest", f.guest);
	}
	p->v = xreallocarray(p->v, p->n + 1, sizeof *p->v);
	memmove(p->v + at + 1, p->v + at, (p->n - at) * sizeof *p->v);
	p->v[at] = (struct payload_file){
		.guest = xstrdup(f.guest),
		.host = f.host ? xstrdup(f.host) : NULL,
		.target = f.target ? xstrdup(f.target) : NULL,
		.mode = f.mode,
		.size = f.size,
	};
	p->n++;
	return 0;
}

int payload_add_file(struct payload *p, const char *host, const char *guest, uint32_t mode, struct err *e)
{
	auto_free char *at = normal(guest);
	struct stat st;

	if (stat(host, &st) < 0) {
		(void)err_sys(e, "%s", host);
		e->code = X_NO_INPUT;
		return -1;
	}
	if (!S_ISREG(st.st_mode))
		return err_set(e, X_NO_INPUT, "%s: not a regular file", host);
	return put(p,
		   (struct payload_file){
			   .guest = at,
			   .host = (char *)host,
			   .mode = mode ? mode & 07777 : st.st_mode & 07777,
			   .size = (uint64_t)st.st_size,
		   },
		   e);
}

static int put_link(struct payload *p, char *guest, char *target, struct err *e)
{
	return strcmp(guest, target) ? put(p, (struct payload_file){ .guest = guest, .target = target }, e) : 0;
}

void payload_free(struct payload *p)
{
	for (size_t i = 0; i < p->n; i++) {
		free(p->v[i].guest);
		free(p->v[i].host);
		free(p->v[i].target);
	}
	free(p->v);
	*p = (struct payload){ 0 };
}

/* 0 and the needs of an ELF file for this machine; negative for anything else. */
static int needs_of(const char *path, uint16_t machine, struct elf_needs *n, struct err *e)
{
	auto_free char *data = NULL;
	struct stat st;
	size_t len;

	/* Opening a pipe would wait for its other end. */
	if (stat(path, &st) == 0 && !S_ISREG(st.st_mode))
		return err_set(e, X_BAD_SCHED, "%s: not a regular file", path);
	if (file_read(AT_FDCWD, path, file_max, &data, &len, e) < 0) {
		e->code = X_NO_INPUT;
		return -1;
	}
	if (elf_needs_parse(n, data, len, e) < 0) {
		auto_free char *why = xstrdup(e->msg);

		return err_set(e, X_BAD_SCHED, "%s %s", path, why);
	}
	if (n->machine == machine)
		return 0;
	const struct arch *is = arch_by_elf(n->machine), *guest = arch_by_elf(machine);

	(void)err_set(e, X_BAD_SCHED, "%s is built for another machine (%s, ELF machine %u) than the guest's (%s, %u)",
		      path, is ? is->name : "unknown", n->machine, guest ? guest->name : "unknown", machine);
	elf_needs_free(n);
	return -1;
}

static const char *triplet(const struct closure *c)
{
	const struct arch *a = arch_by_elf(c->machine);

	return a ? a->triplet : "";
}

/* $LIB of the dynamic linker in this folder: "lib64", "lib/x86_64-linux-gnu". */
static const char *lib_token(const struct closure *c)
{
	if (!strncmp(c->ld_dir, "/usr/", 5))
		return c->ld_dir + 5;
	return c->ld_dir + 1;
}

/* One folder of a search path with its $ORIGIN, $LIB and $PLATFORM (braces optional) replaced. */
static char *expand(const struct closure *c, const char *s, size_t n, const char *origin)
{
	const struct {
		const char *name, *value;
	} tokens[] = {
		{ "ORIGIN", origin },
		{ "LIB", lib_token(c) },
		{ "PLATFORM", arch_by_elf(c->machine) ? arch_by_elf(c->machine)->name : "" },
	};
	auto_free char *text = xstrndup(s, n);
	char *out = NULL;
	size_t out_n;
	FILE *f = xmemstream(&out, &out_n);

	for (const char *p = text; *p;) {
		const char *value = NULL;
		bool brace = p[0] == '$' && p[1] == '{';
		size_t len = 0;

		for (size_t i = 0; *p == '$' && !value && i < countof(tokens); i++) {
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

struct found {
	char *host, *guest; /* paths as the linker would open them, here and there */
	struct elf_needs needs;
	bool by_variable;
	bool by_origin; /* a path search of the asking object found it: no link in the linker's folder */
};

static bool try_path(const struct closure *c, char *host, char *guest, struct found *out)
{
	struct err quiet;

	if (host[0] == '/' && needs_of(host, c->machine, &out->needs, &quiet) == 0) {
		out->host = host;
		out->guest = normal(guest);
		free(guest);
		return true;
	}
	free(host);
	free(guest);
	return false;
}

/* Folders separated by colons or semicolons. The guest has no such variable: there is a link in the linker's folder. */
static bool try_variable(const struct closure *c, const struct object *o, const char *soname, struct found *out)
{
	const char *list = c->p->library_path;

	while (list && *list) {
		size_t n = strcspn(list, ":;");
		auto_free char *dir = expand(c, list, n, o->host_dir);

		if (n && try_path(c, xasprintf("%s/%s", dir, soname), xasprintf("%s/%s", dir, soname), out)) {
			out->by_variable = true;
			return true;
		}
		list += n + (list[n] != '\0');
	}
	return false;
}

/* A DT_RPATH or DT_RUNPATH of object o: folders separated by colons. */
static bool try_list(const struct closure *c, const struct object *o, const char *list, const char *soname,
		     struct found *out)
{
	while (list && *list) {
		size_t n = strcspn(list, ":");
		auto_free char *host = expand(c, list, n, o->host_dir);
		auto_free char *guest = expand(c, list, n, o->guest_dir);

		if (n && try_path(c, xasprintf("%s/%s", host, soname), xasprintf("%s/%s", guest, soname), out)) {
			out->by_origin = true;
			return true;
		}
		list += n + (list[n] == ':');
	}
	return false;
}

static bool try_default(const struct closure *c, const char *soname, struct found *out)
{
	const char *arch = triplet(c);
	static const char *const dirs[] = { "/lib64", "/usr/lib64", "/lib", "/usr/lib", "/usr/local/lib" };
	const char *hit;

	if (c->cache && !c->musl && ldcache_find(c->cache, c->cache_n, soname, c->machine, &hit) == 0 &&
	    try_path(c, xstrdup(hit), xstrdup(hit), out))
		return true;
	if (try_path(c, xasprintf("%s/%s", c->ld_dir, soname), xasprintf("%s/%s", c->ld_dir, soname), out))
		return true;
	if (c->sysroot && try_path(c, xasprintf("%s/lib/%s", c->sysroot, soname), xasprintf("/lib/%s", soname), out))
		return true;
	for (int usr = 0; usr < 2; usr++) {
		char *path = xasprintf("%s/lib/%s/%s", usr ? "/usr" : "", arch, soname);

		if (try_path(c, path, xstrdup(path), out))
			return true;
	}
	for (size_t i = 0; i < countof(dirs); i++)
		if (try_path(c, xasprintf("%s/%s", dirs[i], soname), xasprintf("%s/%s", dirs[i], soname), out))
			return true;
	return false;
}

/* As ld.so does for a name in DT_NEEDED: DT_RPATH of the object and of those that led to it, unless it has a
 * DT_RUNPATH; LD_LIBRARY_PATH; DT_RUNPATH; the cache; the default folders. */
static bool search(const struct closure *c, size_t asking, const char *soname, struct found *out)
{
	const struct object *o = &c->v[asking];

	if (strchr(soname, '/')) {
		size_t n = strlen(soname);

		out->by_origin = true;
		return try_path(c, expand(c, soname, n, o->host_dir), expand(c, soname, n, o->guest_dir), out);
	}
	for (const struct object *up = o; !o->needs.runpath; up = &c->v[up->parent]) {
		if (!up->needs.runpath && try_list(c, up, up->needs.rpath, soname, out))
			return true;
		if (up == &c->v[up->parent])
			break;
	}
	return try_variable(c, o, soname, out) || try_list(c, o, o->needs.runpath, soname, out) ||
	       try_default(c, soname, out);
}

static char *canonical(const char *path, struct err *e)
{
	char *real = realpath(path, NULL);

	if (!real) {
		(void)err_sys(e, "%s", path);
		e->code = X_NO_INPUT;
	}
	return real;
}

static void object_add(struct closure *c, const char *host, const char *guest, size_t parent, struct elf_needs *needs)
{
	c->v = xreallocarray(c->v, c->n + 1, sizeof *c->v);
	c->v[c->n++] = (struct object){
		.host_dir = dir_of(host),
		.guest_dir = dir_of(guest),
		.parent = parent,
		.needs = *needs,
	};
	*needs = (struct elf_needs){ 0 };
}

/* Content at its canonical path, a link where the linker looks. */
static int library_put(struct closure *c, const char *host, char *guest, const char *soname, const char *near_dir,
		       struct err *e)
{
	auto_free char *real = canonical(host, e);
	auto_free char *near = NULL;
	size_t at;

	if (!real || payload_add_file(c->p, real, real, 0755, e) < 0 || put_link(c->p, guest, real, e) < 0)
		return -1;
	if (!soname || !near_dir)
		return 0;
	near = xasprintf("%s/%s", near_dir, soname);
	return place(c->p, near, &at) ? 0 : put_link(c->p, near, real, e);
}

static bool seen_before(struct closure *c, const char *soname)
{
	for (size_t i = 0; i < c->seen.n; i++)
		if (!strcmp(c->seen.v[i], soname))
			return true;
	argv_add(&c->seen, soname);
	return false;
}

static int library(struct closure *c, size_t asking, const char *soname, struct err *e)
{
	struct found f = { 0 };
	int r;

	if (seen_before(c, soname))
		return 0;
	if (c->musl && !strncmp(soname, "libc.", 5))
		return 0; /* musl's linker is its libc */
	if (!search(c, asking, soname, &f)) {
		argv_add(&c->missing, soname);
		return 0;
	}
	/* musl looks into its default folders and not where it lies itself. */
	const char *near = !c->musl ? c->ld_dir : f.by_variable ? "/lib" : NULL;
	r = library_put(c, f.host, f.guest, f.by_origin ? NULL : soname, near, e);
	if (r == 0 && c->n == OBJECTS_MAX)
		r = err_set(e, X_BAD_SCHED, "needs more than %d libraries", OBJECTS_MAX);
	if (r == 0)
		object_add(c, f.host, f.guest, asking, &f.needs);
	elf_needs_free(&f.needs);
	free(f.host);
	free(f.guest);
	return r;
}

/* In the folder of the cross compiler's libraries, which becomes where others are looked for as well. */
static char *cross_interpreter(struct closure *c, const char *guest)
{
	auto_free char *root = xasprintf("/usr/%s", triplet(c));
	auto_free char *path = xasprintf("%s%s", root, guest);
	char *real = realpath(path, NULL);

	if (real)
		c->sysroot = TAKE(root);
	return real;
}

static int interpreter(struct closure *c, struct err *e)
{
	const char *interp = c->v[0].needs.interp;
	auto_free char *real = NULL, *guest = NULL;
	struct elf_needs n = { 0 };

	if (!interp) {
		c->ld_dir = xstrdup("/lib");
		return 0;
	}
	if (interp[0] != '/')
		return err_set(e, X_BAD_SCHED, "its interpreter has no absolute path: %s", interp);
	guest = normal(interp);
	if (!(real = realpath(interp, NULL)))
		real = cross_interpreter(c, guest);
	if (!real)
		return err_set(e, X_BAD_SCHED, "its interpreter %s is missing", interp);
	if (needs_of(real, c->machine, &n, e) < 0)
		return err_as(e, X_BAD_SCHED, "its interpreter");
	elf_needs_free(&n);
	c->ld_dir = dir_of(c->sysroot ? guest : real);
	c->musl = strstr(interp, "/ld-musl-") != NULL;
	return library_put(c, real, guest, NULL, NULL, e);
}

/* Relative folders mean another place for each folder that a program is started in. */
static bool has_relative(const char *list)
{
	for (; list && *list; list += strcspn(list, ":"), list += *list == ':')
		if (*list != '/' && *list != '$')
			return true;
	return false;
}

static bool searches_relative(const struct closure *c)
{
	for (size_t i = 0; i < c->n; i++)
		if (has_relative(c->v[i].needs.rpath) || has_relative(c->v[i].needs.runpath))
			return true;
	return false;
}

static int missing_report(struct closure *c, struct err *e)
{
	const char *hint = searches_relative(c)
				   ? "; folders of DT_RPATH and DT_RUNPATH that are relative are not looked into: name "
				     "them by LD_LIBRARY_PATH"
				   : "";
	auto_free char *list = NULL;
	size_t n;
	FILE *f;

	if (!c->missing.n)
		return 0;
	f = xmemstream(&list, &n);
	for (size_t i = 0; i < c->missing.n; i++)
		fprintf(f, "%s%s", i ? ", " : "", c->missing.v[i]);
	fclose(f);
	return err_set(e, X_BAD_SCHED, "missing shared %s: %s%s", c->missing.n > 1 ? "libraries" : "library", list,
		       hint);
}

static int closure_walk(struct closure *c, struct err *e)
{
	struct err quiet;

	if (interpreter(c, e) < 0)
		return -1;
	if (file_read(AT_FDCWD, "/etc/ld.so.cache", file_max, &c->cache, &c->cache_n, &quiet) < 0)
		c->cache = NULL;
	for (size_t i = 0; i < c->n; i++) /* grows as we go: breadth first */
		for (size_t k = 0; k < c->v[i].needs.n_needed; k++)
			if (library(c, i, c->v[i].needs.needed[k], e) < 0)
				return -1;
	return missing_report(c, e);
}

static void closure_free(struct closure *c)
{
	for (size_t i = 0; i < c->n; i++) {
		free(c->v[i].host_dir);
		free(c->v[i].guest_dir);
		elf_needs_free(&c->v[i].needs);
	}
	free(c->v);
	free(c->ld_dir);
	free(c->sysroot);
	free(c->cache);
	argv_free(&c->missing);
	argv_free(&c->seen);
}

/* The program or library itself, with all it needs. Takes needs. */
static int with_libraries(struct payload *p, const char *real, const char *guest, uint32_t mode, uint16_t machine,
			  struct elf_needs *needs, struct err *e)
{
	struct closure c = { .p = p, .machine = machine };
	int r;

	object_add(&c, real, guest, 0, needs);
	r = payload_add_file(p, real, guest, mode, e);
	if (r == 0)
		r = closure_walk(&c, e);
	closure_free(&c);
	return r;
}

int payload_closure(struct payload *p, const char *program, const char *guest_path, uint16_t machine, struct err *e)
{
	struct elf_needs needs = { 0 };
	auto_free char *real = canonical(program, e);

	if (!real || needs_of(real, machine, &needs, e) < 0)
		return -1;
	if (!needs.is_program) {
		elf_needs_free(&needs);
		return err_set(e, X_BAD_SCHED, "%s is a shared library, not a program", program);
	}
	return with_libraries(p, real, guest_path, 0755, machine, &needs, e) < 0 ? err_in(e, "%s", program) : 0;
}

int payload_include(struct payload *p, const char *host, const char *guest, uint16_t machine, struct err *e)
{
	auto_free char *real = canonical(host, e);
	struct elf_needs needs = { 0 };
	struct err no_program = { 0 };
	struct stat st;

	if (!real)
		return -1;
	if (stat(real, &st) < 0)
		return err_sys(e, "%s", host);
	/* Whatever is no program for this guest is a file like any other. */
	if (needs_of(real, machine, &needs, &no_program) < 0)
		return no_program.code == X_BAD_SCHED ? payload_add_file(p, real, guest, st.st_mode & 0777, e)
						      : (*e = no_program, -1);
	return with_libraries(p, real, guest, st.st_mode & 0777, machine, &needs, e) < 0 ? err_in(e, "%s", host) : 0;
}

int payload_add_link(struct payload *p, const char *guest, const char *target, struct err *e)
{
	return put_link(p, (char *)guest, (char *)target, e);
}
