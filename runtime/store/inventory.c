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
	enum holding_kind kind;
} places[] = {
	{ "graphs", HOLDING_GRAPH },     { "trees", HOLDING_TREE },  { "sources", HOLDING_SOURCE },
	{ "tarballs", HOLDING_TARBALL }, { "hashes", HOLDING_NOTE }, { "releases", HOLDING_NOTE },
	{ "sums", HOLDING_NOTE },        { "host", HOLDING_NOTE },
};

static const char *const names[] = {
	[HOLDING_RESULT] = "result",        [HOLDING_GRAPH] = "build folder", [HOLDING_TREE] = "kernel objects",
	[HOLDING_SOURCE] = "kernel source", [HOLDING_TARBALL] = "tarball",    [HOLDING_NOTE] = "note",
};

const char *holding_name(enum holding_kind kind)
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
static long long last_use(const struct store *st, const struct holding *x, const struct stat *s)
{
	static const char *const witnesses[HOLDING_KINDS][2] = {
		[HOLDING_GRAPH] = { "used", "lock" },
		[HOLDING_TREE] = { "ktstr-make.log", "ktstr-out/ktstr-make.log" },
	};
	long long used = s->st_mtim.tv_sec;

	if (x->kind == HOLDING_TARBALL || x->kind == HOLDING_NOTE)
		return later(used, s->st_atim.tv_sec);
	for (size_t i = 0; i < 2 && witnesses[x->kind][i]; i++) {
		auto_free char *path = xasprintf("%s/%s", x->path, witnesses[x->kind][i]);
		struct stat w;

		if (fstatat(st->dir, path, &w, AT_SYMLINK_NOFOLLOW) == 0)
			used = later(used, w.st_mtim.tv_sec);
	}
	return used;
}

static struct holding *add(struct holdings *h, enum holding_kind kind, char *path)
{
	h->v = xreallocarray(h->v, h->n + 1, sizeof(*h->v));
	h->v[h->n] = (struct holding){ .kind = kind, .path = path };
	return &h->v[h->n++];
}

static void look_at(struct holdings *h, const struct place *p, const char *name)
{
	auto_free char *path = xasprintf("%s/%s", p->folder, name);
	struct stat s;

	if (fstatat(h->st->dir, path, &s, AT_SYMLINK_NOFOLLOW) < 0)
		return;
	struct holding *x = add(h, p->kind, TAKE(path));

	x->bytes = (uint64_t)s.st_blocks * BLOCK;
	if (S_ISDIR(s.st_mode))
		x->bytes += sum(h->st->dir, x->path, p->kind != HOLDING_GRAPH, 0);
	x->used = last_use(h->st, x, &s);
}

static void look_into(struct holdings *h, const struct place *p)
{
	DIR *d = list(h->st->dir, p->folder);
	const struct dirent *f;

	while (d && !stop_pending() && (f = readdir(d)))
		if (!is_self(f->d_name))
			look_at(h, p, f->d_name);
	if (d)
		closedir(d);
}

static void add_results(struct holdings *h)
{
	for (size_t i = 0; i < h->gc.n; i++) {
		const struct gc_item *item = &h->gc.v[i];
		struct holding *x = add(h, HOLDING_RESULT, xasprintf("objects/%.2s/%s", item->key, item->key));

		x->step = xstrdup(item->step);
		x->bytes = item->bytes;
		x->used = item->used;
		x->item = item;
	}
}

static int by_use(const void *a, const void *b)
{
	const struct holding *x = a, *y = b;

	return x->used != y->used ? (x->used > y->used ? 1 : -1) : strcmp(x->path, y->path);
}

int holdings_open(struct holdings *h, struct store *st, struct err *e)
{
	*h = (struct holdings){ .st = st };
	if (gc_open(&h->gc, st, NULL, e) < 0)
		return -1;
	add_results(h);
	for (size_t i = 0; i < countof(places); i++)
		look_into(h, &places[i]);
	if (stop_pending()) {
		holdings_close(h);
		return stop_err(e);
	}
	if (h->n)
		qsort(h->v, h->n, sizeof(*h->v), by_use);
	return 0;
}

void holdings_close(struct holdings *h)
{
	for (size_t i = 0; i < h->n; i++) {
		free(h->v[i].path);
		free(h->v[i].step);
	}
	free(h->v);
	gc_close(&h->gc);
	*h = (struct holdings){ 0 };
}
