#include "gen/graph/audit.h"

#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/stat.h>

#include "base/err.h"
#include "base/facts.h"
#include "base/mem.h"
#include "gen/base/home.h"
#include "gen/graph/guest.h"
#include "gen/graph/plan.h"
#include "gen/graph/run.h"
#include "kernel/name/id.h"
#include "progress/log.h"

enum { LINE_MAX_SHOWN = 200 };

int audit_allowed(const struct guest_plan *g, struct err *e)
{
	if (g->virtual)
		return 0;
	return err_set(e, X_USAGE, "--audit belongs to virtual time, where a guest can be made twice: --clock virtual");
}

char *audit_dir(const struct guest_plan *g, const struct kernel *k)
{
	return xasprintf("audits/%s%s%s", k->name, g->name ? "/" : "", g->name ? g->name : "");
}

void plan_audit(struct plan *p, const struct guest_plan *gp, const struct kernel *k)
{
	auto_free char *dir = audit_dir(gp, k), *kept = guest_snapshot_dir(gp, k);
	struct edge *g = plan_edge(p, "audit", "audit %s%s%s", k->name, gp->name ? " " : "", gp->name ? gp->name : "");

	if (!g)
		return;
	edge_needs(g, "%s/state", kept);
	edge_word(g, "snapshot", "%s", kept);
	edge_guest(p, g, gp, k);
	edge_needs(g, "%s", gp->home->step);
	edge_out(g, "%s/audit", dir);
	edge_out(g, "%s/recipe", dir);
	edge_word(g, "outdir", "%s", dir);
	g->again = true;
}

void edge_audit(struct edge *g, const struct guest_plan *gp, const struct kernel *k)
{
	auto_free char *dir = audit_dir(gp, k);

	edge_needs(g, "%s/audit", dir);
	edge_word(g, "snapshot", "%s", dir);
	edge_word(g, "boot", "kernels/%s", k->name);
	edge_word(g, "initrd", "guest/initramfs.cpio");
}

int audit_memory(const struct run *r, const struct guest_plan *g, const struct kernel *k, bool *differs, struct err *e)
{
	auto_free char *below = audit_dir(g, k), *dir = xasprintf("%s/%s", r->dir, below);
	auto_free char *memory = NULL, *where = NULL,
		       *snapshot = xasprintf("%s%s%s", k->name, g->name ? " " : "", g->name ? g->name : "");

	if (facts_file(dir, "audit", "memory", &memory, e) < 0 || facts_file(dir, "audit", "where", &where, e) < 0)
		return -1;
	if (!strcmp(memory, "equal")) {
		log_info("audit: snapshot of %s: the memory is what this machine makes", snapshot);
		return 0;
	}
	*differs = true;
	log_error("audit: snapshot of %s: %s: %s", snapshot,
		  !strcmp(memory, "damaged") ? "the memory is not what was kept"
					     : "the memory is not what this machine makes",
		  where);
	return 0;
}

struct text {
	const char *map;
	size_t n;
};

static int open_text(struct text *t, const char *path, struct err *e)
{
	auto_close int fd = open(path, O_RDONLY | O_CLOEXEC);
	struct stat st;

	*t = (struct text){ .map = "" };
	if (fd < 0)
		return errno == ENOENT ? 0 : err_sys(e, "open %s", path);
	if (fstat(fd, &st) < 0)
		return err_sys(e, "open %s", path);
	if (!st.st_size)
		return 0;
	t->n = (size_t)st.st_size;
	t->map = mmap(NULL, t->n, PROT_READ, MAP_PRIVATE, fd, 0);
	return t->map == MAP_FAILED ? err_sys(e, "map %s", path) : 0;
}

static void close_text(struct text *t)
{
	if (t->n)
		munmap((void *)t->map, t->n);
}

static int shown(const struct text *t, size_t from)
{
	size_t n = t->n - from;
	const char *nl = memchr(t->map + from, '\n', n);

	n = nl ? (size_t)(nl - t->map) - from : n;
	return (int)(n < LINE_MAX_SHOWN ? n : LINE_MAX_SHOWN);
}

static void tell_difference(const char *what, const struct text *a, const struct text *b)
{
	size_t at = 0, line = 1, from = 0;

	for (; at < a->n && at < b->n && a->map[at] == b->map[at]; at++)
		if (a->map[at] == '\n') {
			line++;
			from = at + 1;
		}
	log_error("audit: %s: differs from line %zu (byte %zu) on\n  kept: %.*s\n  anew: %.*s", what, line, at,
		  shown(a, from), a->map + from, shown(b, from), b->map + from);
}

int audit_files(const char *what, const char *one, const char *two, bool *differs, struct err *e)
{
	struct text a = { 0 }, b = { 0 };
	int r = open_text(&a, one, e);

	if (r == 0)
		r = open_text(&b, two, e);
	if (r == 0 && a.n == b.n && (!a.n || !memcmp(a.map, b.map, a.n))) {
		log_info("audit: %s: equal, %zu bytes", what, a.n);
	} else if (r == 0) {
		*differs = true;
		tell_difference(what, &a, &b);
	}
	close_text(&a);
	close_text(&b);
	return r;
}

int audit_failed(struct err *e)
{
	return err_set(e, X_AUDIT,
		       "what is kept is not what this machine makes; `ktstr cache verify` looks for damage, "
		       "`ktstr cache gc` takes away what is kept");
}
