/* inventoryremove.c: one thing out of the store, unless somebody works with it. */
#include <errno.h>
#include <fcntl.h>
#include <stdbool.h>
#include <string.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/err.h"
#include "base/file.h"
#include "base/lock.h"
#include "base/mem.h"
#include "store/inventory.h"
#include "store/lock.h"
#include "text/name.h"
#include "store/error.h"
#include "store/store.h"

enum { COMMIT = 40, SHA256 = 64 };

static const char *base(const char *path)
{
	return strrchr(path, '/') + 1;
}

static bool ends(const char *name, const char *tail)
{
	size_t n = strlen(name), k = strlen(tail);

	return n > k && !strcmp(name + n - k, tail);
}

/* What whoever builds from it holds (step kernel-build), or whoever fetches it (fetch/tarball/drafts.c). */
static char *source_lock(const char *name)
{
	size_t n = strspn(name, "0123456789abcdef");
	char hex[NAME_LEN + 1];

	if (*name == '.' && ends(name, ".draft"))
		return xstrndup(name + 1, strlen(name) - strlen(".draft") - 1);
	if (name[n] || (n != COMMIT && n != SHA256))
		return NULL;
	auto_free char *identity = xasprintf("%s:%s", n == COMMIT ? "git" : "sha256", name);

	name_hex(identity, strlen(identity), hex);
	return xasprintf("build-%s", hex);
}

/* The lock of whoever works with it; NULL: a file that may go at any time, since who has it open goes on reading it. */
static char *lock_of(const struct inventory_item *x)
{
	const char *name = base(x->path);

	switch (x->kind) {
	case INVENTORY_TREE: {
		size_t n = strlen(name) - (ends(name, "-links") ? strlen("-links") : 0);

		return ends(name, ".count") ? NULL : xasprintf("tree-%.*s", (int)n, name);
	}
	case INVENTORY_SOURCE:
		return source_lock(name);
	case INVENTORY_TARBALL:
		return ends(name, ".part") ? xstrndup(name, strlen(name) - strlen(".part")) : NULL;
	default:
		return NULL;
	}
}

/* Under a name that the next program to open the store knows for a dead one's, should we not come to the end. */
static int take_away(struct store *st, const char *path, struct err *e)
{
	char key[NAME_LEN + 1];
	int lock = -1, r;

	name_hex(path, strlen(path), key);
	auto_free char *away = xasprintf("drafts/%s.%ld", key, (long)getpid());
	r = lock_try(st, key, &lock, e);
	if (r)
		return r == LOCK_BUSY ? GC_IN_USE : r;
	/* Read-only, a folder cannot come to another place. */
	(void)!fchmodat(st->dir, path, 0700, AT_SYMLINK_NOFOLLOW);
	if (renameat(st->dir, path, st->dir, away) < 0)
		r = errno == ENOENT ? GC_REMOVED : err_sys(e, "remove %s", path);
	else
		r = rmtree(st->dir, away, e);
	lock_drop(st, key, &lock);
	return r < 0 ? -1 : GC_REMOVED;
}

static int remove_file(struct store *st, const char *path, struct err *e)
{
	if (unlinkat(st->dir, path, 0) == 0 || errno == ENOENT)
		return GC_REMOVED;
	return errno == EISDIR || errno == EPERM ? take_away(st, path, e) : err_sys(e, "remove %s", path);
}

static bool is_folder(struct store *st, const char *path)
{
	struct stat s;

	return fstatat(st->dir, path, &s, AT_SYMLINK_NOFOLLOW) == 0 && S_ISDIR(s.st_mode);
}

static int remove_graph(struct store *st, const char *path, struct err *e)
{
	int locks[2] = { -1, -1 };

	if (!is_folder(st, path))
		return remove_file(st, path, e);
	int r = gc_lock_graph(st, path, O_CREAT, locks, e);

	if (r == 0)
		r = take_away(st, path, e);
	drop_close_(&locks[0]);
	drop_close_(&locks[1]);
	return r;
}

/* A test program holds a shared flock on its folder of texts for as long as its ktstr runs (test/ask.c). 0: nobody has it, and *lock keeps it so. */
static int lock_texts(struct store *st, const char *path, int *lock)
{
	*lock = openat(st->dir, path, O_RDONLY | O_DIRECTORY | O_CLOEXEC | O_NOFOLLOW);
	return *lock >= 0 && flock(*lock, LOCK_EX | LOCK_NB) < 0 && errno == EWOULDBLOCK ? GC_IN_USE : 0;
}

static int remove_texts(struct store *st, const char *path, struct err *e)
{
	auto_close int lock = -1;
	int r = lock_texts(st, path, &lock);

	return r ? r : remove_file(st, path, e);
}

static int remove_locked(struct store *st, const struct inventory_item *x, struct err *e)
{
	auto_free char *key = lock_of(x);
	int lock = -1, r;

	if (!key)
		return remove_file(st, x->path, e);
	r = lock_try(st, key, &lock, e);
	if (r)
		return r == LOCK_BUSY ? GC_IN_USE : r;
	r = take_away(st, x->path, e);
	lock_drop(st, key, &lock);
	return r;
}

int inventory_remove(struct inventory *h, const struct inventory_item *x, struct err *e)
{
	int r;

	if (x->kind == INVENTORY_RESULT)
		return gc_remove(&h->gc, x->item, e);
	if (x->kind == INVENTORY_TEXTS)
		r = remove_texts(h->st, x->path, e);
	else
		r = x->kind == INVENTORY_GRAPH ? remove_graph(h->st, x->path, e) : remove_locked(h->st, x, e);
	return r < 0 ? store_err(h->st, e) : r;
}

static int ask_graph(struct store *st, const char *path, struct err *e)
{
	int locks[2] = { -1, -1 };
	int r = is_folder(st, path) ? gc_lock_graph(st, path, 0, locks, e) : 0;

	drop_close_(&locks[0]);
	drop_close_(&locks[1]);
	return r;
}

static int ask_lock(struct store *st, const char *key, struct err *e)
{
	int lock = -1;
	int r = key ? lock_try(st, key, &lock, e) : 0;

	if (key)
		lock_drop(st, key, &lock);
	return r == LOCK_BUSY ? GC_IN_USE : r;
}

static int ask_result(struct store *st, const struct inventory_item *x, struct err *e)
{
	auto_close int dir = openat(st->dir, x->path, O_RDONLY | O_DIRECTORY | O_CLOEXEC | O_NOFOLLOW);

	if (dir >= 0 && flock(dir, LOCK_EX | LOCK_NB) < 0)
		return GC_IN_USE;
	return ask_lock(st, x->item->key, e);
}

int inventory_in_use(struct inventory *h, const struct inventory_item *x, bool *in_use, struct err *e)
{
	auto_free char *key = lock_of(x);
	auto_close int texts = -1;
	int r;

	if (x->kind == INVENTORY_TEXTS)
		r = lock_texts(h->st, x->path, &texts);
	else if (x->kind == INVENTORY_RESULT)
		r = ask_result(h->st, x, e);
	else if (x->kind == INVENTORY_GRAPH)
		r = ask_graph(h->st, x->path, e);
	else
		r = ask_lock(h->st, key, e);
	*in_use = r == GC_IN_USE;
	return r < 0 ? store_err(h->st, e) : 0;
}
