/* payload.c: the closure of a program, laid out so that the guest's dynamic linker finds what the host's would.
 *
 * A library's content is placed at its canonical path. Wherever the linker will look for it there is a link: at the
 * path the search found (with $ORIGIN meaning the program's folder in the guest), and in the dynamic linker's own
 * folder, which it always searches, because the guest has no ld.so.cache. */
#include "guest/payload.h"
#include "text/argv.h"
#include "base/err.h"
#include "base/mem.h"
#include "guest/elfneeds.h"
#include "guest/linker.h"
#include "guest/proto.h"
#include <errno.h>
#include <limits.h>
#include <sys/stat.h>

enum { OBJECTS_MAX = 1024 };

struct closure {
	struct payload *p;
	struct linker ld;
	struct linker_object *v;
	size_t n;
	struct argv missing, seen;
};

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
		struct payload_file *is = &p->v[at];

		if (same(is->host, f.host) && same(is->target, f.target)) {
			is->mtime = f.dated ? f.mtime : is->mtime;
			is->dated |= f.dated;
			return 0;
		}
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
		.dated = f.dated,
		.mtime = f.mtime,
	};
	p->n++;
	return 0;
}

enum times { TIME_OF_ARRIVAL, TIME_KEPT };

static int add_file(struct payload *p, const char *host, const char *guest, uint32_t mode, enum times times,
		    struct err *e)
{
	auto_free char *at = linker_normal(guest);
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
			   .dated = times == TIME_KEPT,
			   .mtime = st.st_mtim,
		   },
		   e);
}

int payload_add_file(struct payload *p, const char *host, const char *guest, uint32_t mode, struct err *e)
{
	return add_file(p, host, guest, mode, TIME_OF_ARRIVAL, e);
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

static char *canonical(const char *path, struct err *e)
{
	char *real = realpath(path, NULL);

	if (!real) {
		(void)err_sys(e, "%s", path);
		e->code = X_NO_INPUT;
	}
	return real;
}

static void object_add(struct closure *c, const char *host, const struct argv *guests, const char *near, size_t parent,
		       struct elf_needs *needs)
{
	struct linker_object o = { .host_dir = linker_dir_of(host), .parent = parent, .needs = *needs };

	for (size_t i = 0; i < guests->n + !!near; i++) {
		auto_free char *dir = linker_dir_of(i < guests->n ? guests->v[i] : near);

		argv_add(&o.guest_dirs, dir);
	}
	c->v = xreallocarray(c->v, c->n + 1, sizeof *c->v);
	c->v[c->n++] = o;
	*needs = (struct elf_needs){ 0 };
}

/* Content at its canonical path, a link wherever the linker looks. */
static int library_put(struct closure *c, const struct linker_hit *hit, struct err *e)
{
	auto_free char *real = canonical(hit->host, e);
	size_t at;

	if (!real || payload_add_file(c->p, real, real, 0755, e) < 0)
		return -1;
	for (size_t i = 0; i < hit->guests.n; i++)
		if (put_link(c->p, hit->guests.v[i], real, e) < 0)
			return -1;
	return !hit->near || place(c->p, hit->near, &at) ? 0 : put_link(c->p, hit->near, real, e);
}

/* glibc takes what it has loaded by the name it gives itself, too. */
static bool seen_before(struct closure *c, const char *soname)
{
	for (size_t i = 0; i < c->seen.n; i++)
		if (!strcmp(c->seen.v[i], soname))
			return true;
	argv_add(&c->seen, soname);
	for (size_t i = 0; !c->ld.musl && i < c->n; i++)
		if (same(c->v[i].needs.soname, soname))
			return true;
	return false;
}

static int library(struct closure *c, size_t asking, const char *soname, struct err *e)
{
	auto_hits struct linker_hits hits = { 0 };

	if (seen_before(c, soname) || linker_is(&c->ld, soname))
		return 0;
	if (!linker_find(&c->ld, c->v, asking, soname, &hits)) {
		argv_add(&c->missing, soname);
		return 0;
	}
	for (size_t i = 0; i < hits.n; i++) {
		struct linker_hit *hit = &hits.v[i];

		if (library_put(c, hit, e) < 0)
			return -1;
		if (c->n == OBJECTS_MAX)
			return err_set(e, X_BAD_SCHED, "needs more than %d libraries", OBJECTS_MAX);
		object_add(c, hit->host, &hit->guests, hit->near, asking, &hit->needs);
	}
	return 0;
}

static int interpreter(struct closure *c, struct err *e)
{
	struct linker_hit hit = { 0 };
	auto_free char *guest = NULL;
	int r = linker_open(&c->ld, c->v[0].needs.interp, &hit.host, &guest, e);

	if (r == 0 && guest) {
		argv_add(&hit.guests, guest);
		r = library_put(c, &hit, e);
	}
	argv_free(&hit.guests);
	free(hit.host);
	return r;
}

static int missing_report(struct closure *c, struct err *e)
{
	auto_free char *from = c->ld.relative
				       ? xasprintf(" Relative folders in the program were taken from %s.", c->ld.start)
				       : xstrdup("");
	auto_free char *list = NULL;
	size_t n;
	FILE *f;

	if (!c->missing.n)
		return 0;
	f = xmemstream(&list, &n);
	for (size_t i = 0; i < c->missing.n; i++)
		fprintf(f, "%s%s", i ? ", " : "", c->missing.v[i]);
	fclose(f);
	return err_set(e, X_BAD_SCHED, "missing shared %s: %s; LD_LIBRARY_PATH can name %s folder.%s",
		       c->missing.n > 1 ? "libraries" : "library", list, c->missing.n > 1 ? "their" : "its", from);
}

static int closure_walk(struct closure *c, struct err *e)
{
	if (interpreter(c, e) < 0)
		return -1;
	for (size_t i = 0; i < c->n; i++) /* grows as we go: breadth first */
		for (size_t k = 0; k < c->v[i].needs.n_needed; k++)
			if (library(c, i, c->v[i].needs.needed[k], e) < 0)
				return -1;
	return missing_report(c, e);
}

static void closure_free(struct closure *c)
{
	for (size_t i = 0; i < c->n; i++)
		linker_object_free(&c->v[i]);
	free(c->v);
	linker_close(&c->ld);
	argv_free(&c->missing);
	argv_free(&c->seen);
}

/* The program or library itself, with all it needs. Takes needs. */
static int with_libraries(struct payload *p, const char *real, const char *guest, uint32_t mode, enum times times,
			  uint16_t machine, struct elf_needs *needs, struct err *e)
{
	auto_free char *here = p->start ? xstrdup(p->start) : getcwd(NULL, 0), *at = linker_normal(guest);
	struct closure c = {
		.p = p, .ld = { .machine = machine, .library_path = p->library_path, .start = here ? here : "/" }
	};
	const struct argv guests = { .v = (char *[]){ at, NULL }, .n = 1 };
	int r;

	object_add(&c, real, &guests, NULL, 0, needs);
	r = add_file(p, real, guest, mode, times, e);
	if (r == 0)
		r = closure_walk(&c, e);
	closure_free(&c);
	return r;
}

int payload_closure(struct payload *p, const char *program, const char *guest_path, uint16_t machine, struct err *e)
{
	struct elf_needs needs = { 0 };
	auto_free char *real = canonical(program, e);

	if (!real || elf_needs_file(&needs, real, machine, e) < 0)
		return -1;
	if (!needs.is_program) {
		elf_needs_free(&needs);
		return err_set(e, X_BAD_SCHED, "%s is a shared library, not a program", program);
	}
	return with_libraries(p, real, guest_path, 0755, TIME_OF_ARRIVAL, machine, &needs, e) < 0
		       ? err_in(e, "%s", program)
		       : 0;
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
	if (elf_needs_file(&needs, real, machine, &no_program) < 0)
		return no_program.code == X_BAD_SCHED ? add_file(p, real, guest, st.st_mode & 0777, TIME_KEPT, e)
						      : (*e = no_program, -1);
	int r = with_libraries(p, real, guest, st.st_mode & 0777, TIME_KEPT, machine, &needs, e);

	return r < 0 ? err_in(e, "%s", host) : 0;
}

int payload_add_link(struct payload *p, const char *guest, const char *target, struct err *e)
{
	return put_link(p, (char *)guest, (char *)target, e);
}
