/* gc.c: results are known by their recipes, and what shares their room by inode numbers. */
#include "store/gc.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/err.h"
#include "base/file.h"
#include "base/lock.h"
#include "base/mem.h"
#include "base/stop.h"
#include "store/recipe.h"
#include "store/error.h"
#include "store/store.h"

enum { HEAD = 512, DEEP = 16, ASK_AGAIN_MS = 20, BLOCK = 512 };

/* ---- folders */

/* Calls see() for each name below path; one that vanished meanwhile has none. */
static int each(const struct store *st, const char *path, int (*see)(void *, const char *, const char *, struct err *),
		void *arg, struct err *e)
{
	int fd = openat(st->dir, path, O_RDONLY | O_DIRECTORY | O_CLOEXEC | O_NOFOLLOW);
	DIR *list = fd < 0 ? NULL : fdopendir(fd);
	struct dirent *d;
	int r = 0;

	if (!list) {
		if (fd >= 0)
			close(fd);
		return errno == ENOENT || errno == ENOTDIR || errno == ELOOP ? 0 : err_sys(e, "list %s", path);
	}
	while (r == 0 && (d = readdir(list)))
		if (strcmp(d->d_name, ".") != 0 && strcmp(d->d_name, "..") != 0)
			r = see(arg, path, d->d_name, e);
	closedir(list);
	return r;
}

/* ---- build folders */

struct walk {
	struct gc *g;
	long long used; /* of the build folder we are in */
	int depth;
};

static int see_placed(void *arg, const char *path, const char *name, struct err *e)
{
	struct walk *w = arg;
	auto_free char *full = xasprintf("%s/%s", path, name);
	struct gc *g = w->g;
	struct stat s;

	if (fstatat(g->st->dir, full, &s, AT_SYMLINK_NOFOLLOW) < 0)
		return 0;
	if (S_ISDIR(s.st_mode) && w->depth < DEEP) {
		w->depth++;
		int r = each(g->st, full, see_placed, w, e);
		w->depth--;
		return r;
	}
	if (!S_ISREG(s.st_mode) || s.st_nlink < 2)
		return 0;
	g->links = xreallocarray(g->links, g->n_links + 1, sizeof(*g->links));
	g->links[g->n_links++] = (struct gc_link){ s.st_dev, s.st_ino, TAKE(full), w->used };
	return 0;
}

static int see_graph(void *arg, const char *path, const char *name, struct err *e)
{
	auto_free char *full = xasprintf("%s/%s", path, name);
	auto_free char *used = xasprintf("%s/used", full);
	struct walk w = { .g = arg };
	struct stat s;

	if (fstatat(w.g->st->dir, used, &s, AT_SYMLINK_NOFOLLOW) == 0)
		w.used = s.st_mtim.tv_sec;
	return each(w.g->st, full, see_placed, &w, e);
}

static const struct gc_link *linked(const struct gc *g, size_t *i, const struct stat *s)
{
	while (*i < g->n_links) {
		const struct gc_link *l = &g->links[(*i)++];

		if (l->dev == s->st_dev && l->ino == s->st_ino)
			return l;
	}
	return NULL;
}

int store_use_graph(int dir, struct err *e)
{
	auto_close int fd = lock_open(dir, "used", O_CREAT);

	if (fd < 0)
		return err_sys(e, "open the build folder's \"used\"");
	while (flock(fd, LOCK_SH | LOCK_NB) < 0) {
		if (errno != EWOULDBLOCK && errno != EINTR)
			return err_sys(e, "lock the build folder's \"used\"");
		if (stop_poll(NULL, 0, now_ms() + ASK_AGAIN_MS, e) < 0)
			return -1;
	}
	(void)futimens(fd, NULL); /* only the order of going suffers */
	return TAKE_FD(fd);
}

/* An flock that only we hold. GC_IN_USE when others do. A file that is not there is made only when create is O_CREAT: it would
 * tell of a use. */
static int lock_alone(struct store *st, const char *path, const char *name, int create, int *fd, struct err *e)
{
	auto_free char *file = xasprintf("%s/%s", path, name);

	*fd = lock_open(st->dir, file, create);
	if (*fd < 0)
		return errno == ENOENT ? 0 : err_sys(e, "open %s", file);
	if (flock(*fd, LOCK_EX | LOCK_NB) == 0)
		return 0;
	return errno == EWOULDBLOCK || errno == EINTR ? GC_IN_USE : err_sys(e, "lock %s", file);
}

int gc_lock_graph(struct store *st, const char *path, int create, int locks[2], struct err *e)
{
	int r = lock_alone(st, path, "lock", create, &locks[0], e);

	return r ? r : lock_alone(st, path, "used", create, &locks[1], e);
}

/* ---- results */

/* "step    snapshot 3" → "snapshot" */
static char *step_of(int dir)
{
	auto_close int fd = openat(dir, "recipe", O_RDONLY | O_CLOEXEC | O_NOFOLLOW | O_NONBLOCK);
	char head[HEAD + 1] = "", name[HEAD + 1];

	if (fd < 0 || read(fd, head, HEAD) <= 0 || sscanf(head, "step %512s", name) != 1)
		return xstrdup("");
	return xstrdup(name);
}

struct sum {
	const struct gc *g;
	struct gc_item *item;
	int depth;
};

static int see_stored(void *arg, const char *path, const char *name, struct err *e)
{
	auto_free char *full = xasprintf("%s/%s", path, name);
	struct sum *u = arg;
	const struct gc_link *l;
	struct stat s;
	size_t i = 0;

	if (fstatat(u->g->st->dir, full, &s, AT_SYMLINK_NOFOLLOW) < 0)
		return 0;
	u->item->bytes += (uint64_t)s.st_blocks * BLOCK;
	if (u->depth == 0 && !strcmp(name, "recipe") && s.st_mtim.tv_sec > u->item->used)
		u->item->used = s.st_mtim.tv_sec;
	while (s.st_nlink > 1 && (l = linked(u->g, &i, &s)))
		if (l->used > u->item->used)
			u->item->used = l->used;
	if (!S_ISDIR(s.st_mode) || u->depth >= DEEP)
		return 0;
	u->depth++;
	int r = each(u->g->st, full, see_stored, u, e);
	u->depth--;
	return r;
}

struct listing {
	struct gc *g;
	const char *step;
};

static int see_object(void *arg, const char *path, const char *name, struct err *e)
{
	auto_free char *full = xasprintf("%s/%s", path, name);
	struct listing *l = arg;
	struct gc *g = l->g;
	struct gc_item item = { .used = 0 };
	struct sum u = { .g = g, .item = &item };

	if (strlen(name) != KEY_LEN || strspn(name, "0123456789abcdef") != KEY_LEN)
		return 0;
	auto_close int dir = openat(g->st->dir, full, O_RDONLY | O_DIRECTORY | O_CLOEXEC | O_NOFOLLOW);
	if (dir < 0)
		return 0;
	auto_free char *step = step_of(dir);
	if (l->step && strcmp(step, l->step) != 0)
		return 0;
	if (each(g->st, full, see_stored, &u, e) < 0)
		return -1;
	memcpy(item.key, name, KEY_LEN + 1);
	item.step = TAKE(step);
	g->v = xreallocarray(g->v, g->n + 1, sizeof(*g->v));
	g->v[g->n++] = item;
	return 0;
}

static int see_prefix(void *arg, const char *path, const char *name, struct err *e)
{
	auto_free char *full = xasprintf("%s/%s", path, name);
	struct listing *l = arg;

	return each(l->g->st, full, see_object, arg, e);
}

static int by_use(const void *a, const void *b)
{
	const struct gc_item *x = a, *y = b;

	return x->used != y->used ? (x->used > y->used ? 1 : -1) : strcmp(x->key, y->key);
}

int gc_open(struct gc *g, struct store *st, const char *step, struct err *e)
{
	struct listing l = { .g = g, .step = step };

	*g = (struct gc){ .st = st };
	if (each(st, "graphs", see_graph, g, e) < 0 || each(st, "objects", see_prefix, &l, e) < 0) {
		gc_close(g);
		return store_err(st, e);
	}
	if (g->n)
		qsort(g->v, g->n, sizeof(*g->v), by_use);
	return 0;
}

void gc_close(struct gc *g)
{
	for (size_t i = 0; i < g->n; i++)
		free(g->v[i].step);
	for (size_t i = 0; i < g->n_links; i++)
		free(g->links[i].path);
	free(g->v);
	free(g->links);
	*g = (struct gc){ 0 };
}

int gc_bound(struct store *st, const char *step, uint64_t bytes, struct err *e)
{
	auto_gc struct gc g = { 0 };
	uint64_t total = 0;
	int r;

	if (gc_open(&g, st, step, e) < 0)
		return -1;
	for (size_t i = 0; i < g.n; i++)
		total += g.v[i].bytes;
	for (size_t i = 0; i < g.n && total > bytes; i++) {
		r = gc_remove(&g, &g.v[i], e);
		if (r < 0)
			return -1;
		if (r == GC_REMOVED)
			total -= g.v[i].bytes;
	}
	return 0;
}
