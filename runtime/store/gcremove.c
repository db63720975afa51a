/* gcremove.c: one result thrown out, from the store and from the build folders it was placed in. */
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
#include "store/content.h"
#include "store/gc.h"
#include "store/lock.h"
#include "store/error.h"
#include "store/store.h"

enum { CONTENT_MAX = 64 << 20 };

struct names {
	char **v;
	size_t n;
};

/* Whether the name is new; it is ours either way. */
static bool names_add(struct names *l, char *name)
{
	for (size_t i = 0; i < l->n; i++) {
		if (!strcmp(l->v[i], name)) {
			free(name);
			return false;
		}
	}
	l->v = xreallocarray(l->v, l->n + 1, sizeof(*l->v));
	l->v[l->n++] = name;
	return true;
}

static void names_free(struct names *l)
{
	for (size_t i = 0; i < l->n; i++)
		free(l->v[i]);
	free(l->v);
	*l = (struct names){ 0 };
}

/* One result on its way out. */
struct removal {
	struct store *st;
	struct content content;
	struct names graphs;  /* build folders with links to it */
	struct names folders; /* where in them it was placed */
	int *locks;           /* of graphs, as many */
	size_t n_locks;
};

static void removal_free(struct removal *r)
{
	for (size_t i = 0; i < r->n_locks; i++)
		close(r->locks[i]);
	free(r->locks);
	content_free(&r->content);
	names_free(&r->graphs);
	names_free(&r->folders);
}
#define auto_removal __attribute__((unused, cleanup(removal_free)))

/* An flock that only we hold, or GC_IN_USE. */
static int lock_alone(int fd, const char *what, struct err *e)
{
	if (flock(fd, LOCK_EX | LOCK_NB) == 0)
		return 0;
	return errno == EWOULDBLOCK || errno == EINTR ? GC_IN_USE : err_sys(e, "lock %s", what);
}

static int lock_graph(struct removal *r, const char *graph, struct err *e)
{
	auto_free char *used = xasprintf("%s/used", graph);
	auto_close int fd = lock_open(r->st->dir, used, O_CREAT);

	if (fd < 0)
		return errno == ENOENT ? 0 : err_sys(e, "open %s", used); /* the build folder is gone */
	int rc = lock_alone(fd, used, e);

	if (rc == 0) {
		r->locks = xreallocarray(r->locks, r->n_locks + 1, sizeof(*r->locks));
		r->locks[r->n_locks++] = TAKE_FD(fd);
	}
	return rc;
}

/* The link is file name of the result. Its folder is remembered, and its build folder ours from here on. */
static int add_link(struct removal *r, const struct gc_link *l, const char *name, struct err *e)
{
	size_t path = strlen(l->path), file = strlen(name);
	const char *graph_end = strchr(l->path + strlen("graphs/"), '/');

	if (path <= file || l->path[path - file - 1] != '/' || strcmp(l->path + path - file, name) != 0)
		return 0;
	char *graph = xstrndup(l->path, (size_t)(graph_end - l->path));

	names_add(&r->folders, xstrndup(l->path, path - file - 1));
	return names_add(&r->graphs, graph) ? lock_graph(r, graph, e) : 0;
}

static int find_places(struct removal *r, const struct gc *g, int object, struct err *e)
{
	for (size_t i = 0; i < r->content.n; i++) {
		const char *name = r->content.v[i].name;
		struct stat s;

		if (fstatat(object, name, &s, AT_SYMLINK_NOFOLLOW) < 0)
			continue;
		for (size_t k = 0; k < g->n_links; k++) {
			const struct gc_link *l = &g->links[k];

			if (l->dev != s.st_dev || l->ino != s.st_ino)
				continue;
			int rc = add_link(r, l, name, e);

			if (rc)
				return rc;
			s.st_nlink--;
		}
		/* Placed after we looked, or outside of the store: its room would not be free. */
		if (s.st_nlink > 1)
			return GC_IN_USE;
	}
	return 0;
}

/* All of it, so that ninja asks for it again: links alone would be missed by nobody but their reader. */
static int clear_places(const struct removal *r, struct err *e)
{
	for (size_t i = 0; i < r->folders.n; i++) {
		for (size_t k = 0; k <= r->content.n; k++) {
			auto_free char *path =
				xasprintf("%s/%s", r->folders.v[i], k < r->content.n ? r->content.v[k].name : "recipe");

			if (unlinkat(r->st->dir, path, 0) < 0 && errno != ENOENT && errno != ENOTDIR)
				return err_sys(e, "remove %s", path);
		}
	}
	return 0;
}

/* What cannot be read is damaged, has no list of contents, and lies nowhere else that we could know of. */
static void read_content(struct content *c, int object)
{
	auto_free char *text = NULL;
	struct err ignored;

	if (file_read(object, "content", CONTENT_MAX, &text, NULL, &ignored) == 0)
		(void)content_parse(c, text, &ignored);
}

/* With the key's lock: nobody makes it or waits for it. */
static int remove_locked(struct gc *g, const char *key, struct err *e)
{
	auto_free char *object = xasprintf("objects/%.2s/%s", key, key);
	auto_free char *away = xasprintf("drafts/%s.%ld", key, (long)getpid());
	auto_removal struct removal r = { .st = g->st };
	auto_close int dir = openat(g->st->dir, object, O_RDONLY | O_DIRECTORY | O_CLOEXEC | O_NOFOLLOW);
	int rc;

	if (dir < 0)
		return errno == ENOENT ? GC_REMOVED : err_sys(e, "open %s", object);
	rc = lock_alone(dir, object, e);
	if (rc)
		return rc;
	read_content(&r.content, dir);
	rc = find_places(&r, g, dir, e);
	if (rc)
		return rc;
	/* One step: whoever looks it up sees all of it or nothing. */
	if (renameat(g->st->dir, object, g->st->dir, away) < 0)
		return err_sys(e, "remove %s", object);
	return clear_places(&r, e) < 0 || rmtree(g->st->dir, away, e) < 0 ? -1 : GC_REMOVED;
}

int gc_remove(struct gc *g, const struct gc_item *item, struct err *e)
{
	int lock = -1;
	int rc = lock_try(g->st, item->key, &lock, e);

	if (rc < 0)
		return -1;
	if (rc == LOCK_BUSY)
		return GC_IN_USE;
	rc = remove_locked(g, item->key, e);
	lock_drop(g->st, item->key, &lock);
	return rc < 0 ? store_err(g->st, e) : rc;
}
