/* inventory.c: what there is, how large, and when it was used. */
#include "store/inventory.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/err.h"
#include "base/mem.h"
#include "base/stop.h"
#include "store/store.h"

enum { DEEP = 64, BLOCK = 512 };

static const struct place {
	const char *folder;
	enum inventory_kind kind;
} places[] = {
	{ "graphs", INVENTORY_GRAPH },
	{ "trees", INVENTORY_TREE },
	{ "sources", INVENTORY_SOURCE },
	{ "tarballs", INVENTORY_TARBALL },
	{ "hashes", INVENTORY_NOTE },
	{ "releases", INVENTORY_NOTE },
	{ "sums", INVENTORY_NOTE },
	{ "host", INVENTORY_NOTE },
	{ "texts", INVENTORY_TEXTS },
	{ "history", INVENTORY_HISTORY },
	{ "history/runs", INVENTORY_HISTORY },
};

static const char *const names[] = {
	[INVENTORY_RESULT] = "result",        [INVENTORY_GRAPH] = "build folder",
	[INVENTORY_TREE] = "kernel objects",  [INVENTORY_SOURCE] = "kernel source",
	[INVENTORY_TARBALL] = "tarball",      [INVENTORY_NOTE] = "note",
	[INVENTORY_TEXTS] = "texts of tests", [INVENTORY_HISTORY] = "history of runs",
};

const char *inventory_kind_name(enum inventory_kind kind)
{
	return names[kind];
}

static DIR *list(int dir, const char *path)
{
	int fd = openat(dir, path, O_RDONLY | O_DIRECTORY | O_CLOEXEC | O_NOFOLLOW);
	DIR *d = fd < 0 ? NULL : fdopendir(fd);

	if (!d && fd >= 0)
		close(fd);
	return d;
}

static bool is_self(const char *name)
{
	return !strcmp(name, ".") || !strcmp(name, "..");
}

/* What lies below a folder; what vanishes meanwhile is not there. Files that a result shares are counted with it. */
static uint64_t sum(int dir, const char *path, bool shared, int depth)
{
	DIR *d = depth < DEEP ? list(dir, path) : NULL;
	const struct dirent *f;
	uint64_t bytes = 0;
	struct stat s;

	while (d && !stop_pending() && (f = readdir(d))) {
		if (is_self(f->d_name) || fstatat(dirfd(d), f->d_name, &s, AT_SYMLINK_NOFOLLOW) < 0)
			continue;
		if (shared || !S_ISREG(s.st_mode) || s.st_nlink < 2)
			bytes += (uint64_t)s.st_blocks * BLOCK;
		if (S_ISDIR(s.st_mode))
			bytes += sum(dirfd(d), f->d_name, shared, depth + 1);
	}
	if (d)
		closedir(d);
	return bytes;
}

static long long later(long long a, long long b)
{
	return a > b ? a : b;
}

/* What tells of the last use: the folder's own time says when it was last changed. */
static long long last_use(const struct store *st, const struct inventory_item *x, const struct stat *s)
{
	static const char *const witnesses[INVENTORY_KINDS][2] = {
		[INVENTORY_GRAPH] = { "used", "lock" },
		[INVENTORY_TREE] = { "ktstr-make.log", "ktstr-out/ktstr-make.log" },
	};
	long long used = s->st_mtim.tv_sec;

	if (x->kind == INVENTORY_TARBALL || x->kind == INVENTORY_NOTE)
		return later(used, s->st_atim.tv_sec);
	for (size_t i = 0; i < 2 && witnesses[x->kind][i]; i++) {
		auto_free char *path = xasprintf("%s/%s", x->path, witnesses[x->kind][i]);
		struct stat w;

		if (fstatat(st->dir, path, &w, AT_SYMLINK_NOFOLLOW) == 0)
			used = later(used, w.st_mtim.tv_sec);
	}
	return used;
}

static struct inventory_item *add(struct inventory *h, enum inventory_kind kind, char *path)
{
	h->v = xreallocarray(h->v, h->n + 1, sizeof(*h->v));
	h->v[h->n] = (struct inventory_item){ .kind = kind, .path = path };
	return &h->v[h->n++];
}

static void look_at(struct inventory *h, const struct place *p, const char *name)
{
	auto_free char *path = xasprintf("%s/%s", p->folder, name);
	struct stat s;

	if (fstatat(h->st->dir, path, &s, AT_SYMLINK_NOFOLLOW) < 0)
		return;
	struct inventory_item *x = add(h, p->kind, TAKE(path));

	x->bytes = (uint64_t)s.st_blocks * BLOCK;
	if (S_ISDIR(s.st_mode))
		x->bytes += sum(h->st->dir, x->path, p->kind != INVENTORY_GRAPH, 0);
	x->used = last_use(h->st, x, &s);
}

/* A folder whose files go one by one, and a lock, which is nobody's to take. */
static bool is_passed(const struct place *p, const char *name)
{
	return is_self(name) || (!strcmp(p->folder, "history") && (!strcmp(name, "runs") || !strcmp(name, "lock")));
}

static void look_into(struct inventory *h, const struct place *p)
{
	DIR *d = list(h->st->dir, p->folder);
	const struct dirent *f;

	while (d && !stop_pending() && (f = readdir(d)))
		if (!is_passed(p, f->d_name))
			look_at(h, p, f->d_name);
	if (d)
		closedir(d);
}

static void add_results(struct inventory *h)
{
	for (size_t i = 0; i < h->gc.n; i++) {
		const struct gc_item *item = &h->gc.v[i];
		struct inventory_item *x = add(h, INVENTORY_RESULT, xasprintf("objects/%.2s/%s", item->key, item->key));

		x->step = xstrdup(item->step);
		x->bytes = item->bytes;
		x->used = item->used;
		x->item = item;
	}
}

static int by_use(const void *a, const void *b)
{
	const struct inventory_item *x = a, *y = b;

	return x->used != y->used ? (x->used > y->used ? 1 : -1) : strcmp(x->path, y->path);
}

int inventory_open(struct inventory *h, struct store *st, struct err *e)
{
	*h = (struct inventory){ .st = st };
	if (gc_open(&h->gc, st, NULL, e) < 0)
		return -1;
	add_results(h);
	for (size_t i = 0; i < countof(places); i++)
		look_into(h, &places[i]);
	if (stop_pending()) {
		inventory_close(h);
		return stop_err(e);
	}
	if (h->n)
		qsort(h->v, h->n, sizeof(*h->v), by_use);
	return 0;
}

void inventory_close(struct inventory *h)
{
	for (size_t i = 0; i < h->n; i++) {
		free(h->v[i].path);
		free(h->v[i].step);
	}
	free(h->v);
	gc_close(&h->gc);
	*h = (struct inventory){ 0 };
}
