/* work.c: a result looked up, made and placed. */
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/err.h"
#include "base/file.h"
#include "base/mem.h"
#include "base/syscalls.h"
#include "system/refused.h"
#include "store/content.h"
#include "store/digest.h"
#include "store/hashes.h"
#include "store/lock.h"
#include "store/recipe.h"
#include "store/error.h"
#include "store/store.h"

enum { TEXT_MAX = 64 << 20, PLACE_TRIES = 8, LINK_FROM = 1 << 20 };

static char *object_name(const char *key)
{
	return xasprintf("objects/%.2s/%s", key, key);
}

static char *draft_folder(const char *key)
{
	return xasprintf("drafts/%s.%ld", key, (long)getpid());
}

/* A folder that has lost something is no result: it is made again. recipe NULL: it is the one that key is the hash of. */
static bool whole(int dir, const char *recipe, const char *key)
{
	auto_content struct content c = { 0 };
	auto_free char *text = NULL;
	char hex[KEY_LEN + 1];
	struct err ignored;
	size_t n;

	if (file_read(dir, "recipe", TEXT_MAX, &text, &n, &ignored) < 0)
		return false;
	hash_hex(text, n, hex);
	if (recipe ? strcmp(text, recipe) : strcmp(hex, key))
		return false;
	return content_read(&c, dir, &ignored) == 0 && content_present(&c, dir);
}

/* Nobody throws it out (gc.h) while dir is open. */
static bool hold(int dir)
{
	return flock(dir, LOCK_SH | LOCK_NB) == 0 || errno != EWOULDBLOCK;
}

static int look_up(struct work *w, const char *recipe, struct err *e)
{
	auto_free char *name = object_name(w->key);
	auto_close int dir = openat(w->st->dir, name, O_RDONLY | O_DIRECTORY | O_CLOEXEC);

	if (dir < 0 && errno != ENOENT && errno != ENOTDIR) {
		err_sys(e, "open %s", name);
		return store_err(w->st, e);
	}
	/* Held before it is looked at: then all of it stays, or some of it is gone already. */
	if (dir < 0 || !hold(dir) || !whole(dir, recipe, w->key))
		return STORE_MISS;
	w->dir = TAKE_FD(dir);
	w->path = xasprintf("%s/%s", w->st->path, name);
	return STORE_HIT;
}

/* The lock is ours: whatever has this name was left by a dead process that had our number. */
static int make_draft(struct work *w, struct err *e)
{
	auto_free char *name = draft_folder(w->key);

	if (rmtree(w->st->dir, name, e) < 0)
		return -1;
	if (mkdirat(w->st->dir, name, 0777) < 0)
		return err_sys(e, "make folder %s", name);
	w->path = xasprintf("%s/%s", w->st->path, name);
	w->dir = openat(w->st->dir, name, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	return w->dir < 0 ? err_sys(e, "open %s", name) : 0;
}

int store_begin(struct store *st, struct recipe *r, bool force, struct work *w, struct err *e)
{
	struct work new = { .st = st, .lock = -1, .dir = -1 };
	const char *text = recipe_text(r);
	int rc = STORE_MISS;

	recipe_key(r, new.key);
	if (!force)
		rc = look_up(&new, text, e);
	if (rc == STORE_MISS) {
		rc = lock_take(st, new.key, &new.lock, e) < 0 ? -1 : STORE_MISS;
		if (rc == STORE_MISS && !force)
			rc = look_up(&new, text, e);
		if (rc == STORE_HIT)
			lock_drop(st, new.key, &new.lock);
		if (rc == STORE_MISS && make_draft(&new, e) < 0)
			rc = store_err(st, e);
	}
	if (rc < 0) {
		work_drop(&new);
		return -1;
	}
	*w = new;
	return rc;
}

int store_find(struct store *st, const char *key, struct work *w, struct err *e)
{
	struct work new = { .st = st, .lock = -1, .dir = -1 };

	memcpy(new.key, key, KEY_LEN);
	int rc = look_up(&new, NULL, e);

	if (rc == STORE_HIT)
		*w = new;
	return rc;
}

static int add_text(int dir, const char *name, const char *text, struct err *e)
{
	auto_close int fd = openat(dir, name, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0444);

	if (fd < 0)
		return err_sys(e, "create %s", name);
	if (write_all(fd, text, strlen(text), name, e) < 0)
		return -1;
	if (fsync(fd) < 0)
		return err_sys(e, "write %s", name);
	return 0;
}

/* wanted: the list of contents that must come of it, or NULL; origin: its text, or NULL. */
static int seal(int dir, const char *recipe, const char *wanted, const char *origin, struct err *e)
{
	auto_content struct content c = { 0 };
	auto_free char *list = NULL;
	char sum[KEY_LEN + 2] = "";

	if (content_seal(&c, dir, e) < 0)
		return -1;
	list = content_text(&c);
	if (wanted && strcmp(list, wanted) != 0)
		return err_set(e, X_BAD_ARCHIVE, "its files are not those of its list of contents");
	hash_hex(list, strlen(list), sum);
	sum[KEY_LEN] = '\n';
	if (add_text(dir, "content", list, e) < 0 || add_text(dir, "content.sum", sum, e) < 0 ||
	    (origin && add_text(dir, "origin", origin, e) < 0) || add_text(dir, "recipe", recipe, e) < 0)
		return -1;
	if (fsync(dir) < 0)
		return err_sys(e, "write the result's folder");
	return 0;
}

/* A file in the place of a folder of results is none of them. */
static int make_parent(int dir, const char *parent, struct err *e)
{
	struct stat st;

	if (fstatat(dir, parent, &st, 0) == 0 && S_ISDIR(st.st_mode))
		return 0;
	(void)unlinkat(dir, parent, 0);
	return mkdir_p(dir, parent, 0777, e);
}

/* What has the name already (a forced run, a damaged result) changes places with the draft and then goes, so there is
 * no moment without a result. */
static int move_in(int dir, const char *key, const char *draft, const char *object, struct err *e)
{
	auto_free char *parent = xasprintf("objects/%.2s", key);
	struct err ignored;

	if (make_parent(dir, parent, e) < 0)
		return -1;
	if (rename_new(dir, draft, object) == 0)
		return 0;
	if (errno != EEXIST && errno != ENOTEMPTY)
		return err_sys(e, "put %s in place", object);
	if (rename_exchange(dir, draft, object) == 0) {
		(void)rmtree(dir, draft, &ignored);
		return 0;
	}
	if (!syscall_refused(errno))
		return err_sys(e, "put %s in place", object);
	if (rmtree(dir, object, e) < 0)
		return -1;
	return renameat(dir, draft, dir, object) < 0 ? err_sys(e, "put %s in place", object) : 0;
}

int work_publish_as(struct work *w, struct recipe *r, const char *list, struct err *e)
{
	auto_free char *draft = draft_folder(w->key);
	auto_free char *object = object_name(w->key);

	if (seal(w->dir, recipe_text(r), list, w->origin, e) < 0) {
		if (e->code == X_BAD_ARCHIVE)
			return -1;
		(void)err_in(e, "store the result");
		return store_err(w->st, e);
	}
	if (move_in(w->st->dir, w->key, draft, object, e) < 0)
		return store_err(w->st, e);
	free(w->path);
	w->path = xasprintf("%s/%s", w->st->path, object);
	(void)hold(w->dir); /* nobody else may have it yet */
	lock_drop(w->st, w->key, &w->lock);
	return 0;
}

int store_seal(struct store *st, const char *draft, const char *key, const char *recipe, const char *content,
	       struct err *e)
{
	auto_close int dir = openat(st->dir, draft, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	char hex[KEY_LEN + 1];

	hash_hex(recipe, strlen(recipe), hex);
	if (strcmp(hex, key) != 0)
		return err_set(e, X_BAD_ARCHIVE, "its recipe is not the one that its key is of");
	if (dir < 0)
		return err_sys(e, "open %s", draft);
	if (seal(dir, recipe, content, NULL, e) == 0)
		return 0;
	return e->code == X_BAD_ARCHIVE ? -1 : store_err(st, e);
}

int store_adopt(struct store *st, const char *draft, const char *key, struct err *e)
{
	auto_work struct work there = { .lock = -1, .dir = -1 };
	auto_free char *object = object_name(key);
	int rc = store_find(st, key, &there, e);

	if (rc != STORE_MISS)
		return rc;
	return move_in(st->dir, key, draft, object, e) < 0 ? store_err(st, e) : STORE_MISS;
}

int work_publish(struct work *w, struct recipe *r, struct err *e)
{
	return work_publish_as(w, r, NULL, e);
}

int work_clear(struct work *w, struct err *e)
{
	close(w->dir);
	w->dir = -1;
	free(TAKE(w->path));
	return make_draft(w, e) < 0 ? store_err(w->st, e) : 0;
}

static bool is_there(struct hashes *h, int out, const struct content_file *f)
{
	char hex[KEY_LEN + 1];
	struct err ignored;
	struct stat st;

	if (fstatat(out, f->name, &st, AT_SYMLINK_NOFOLLOW) < 0 || !S_ISREG(st.st_mode) ||
	    (uint64_t)st.st_size != f->size)
		return false;
	if (h)
		return hashes_file(h, out, f->name, hex, NULL, &ignored) == 0 && strcmp(hex, f->hex) == 0;

	auto_close int fd = openat(out, f->name, O_RDONLY | O_CLOEXEC | O_NOFOLLOW | O_NONBLOCK);
	return fd >= 0 && digest_fd(fd, f->name, hex, NULL, &ignored) == 0 && strcmp(hex, f->hex) == 0;
}

/* A file that takes another's place must be younger than it: going back to an old result with its old time, ninja
 * would take what was made from the newer one for up to date. All links of a file have one time, and moving it has the
 * steps of other build folders asked again; so only what is expensive to copy is linked. */
static int put_beside(struct work *w, int out, const struct content_file *f, const char *tmp, struct err *e)
{
	struct stat st;

	if (unlinkat(out, tmp, 0) < 0 && errno != ENOENT)
		return err_sys(e, "remove %s", tmp);
	if (f->size >= LINK_FROM && linkat(w->dir, f->name, out, tmp, 0) == 0) {
		if (utimensat(out, tmp, NULL, 0) == 0)
			return 0;
		(void)unlinkat(out, tmp, 0); /* the file's owner is another */
	}
	if (fstatat(w->dir, f->name, &st, 0) < 0)
		return err_sys(e, "open %s", f->name);
	return file_copy(w->dir, f->name, out, tmp, st.st_mode & 0777, e);
}

static int place_file(struct work *w, struct hashes *h, int out, const struct content_file *f, struct err *e)
{
	auto_free char *tmp = xasprintf("%s.%ld.tmp", f->name, (long)getpid());
	const char *slash = strrchr(f->name, '/');

	if (is_there(h, out, f))
		return 0;
	if (slash) {
		auto_free char *parent = xstrndup(f->name, (size_t)(slash - f->name));

		if (mkdir_p(out, parent, 0777, e) < 0)
			return -1;
	}
	if (put_beside(w, out, f, tmp, e) < 0)
		return -1;
	if (renameat(out, tmp, out, f->name) < 0) {
		err_sys(e, "put %s in place", f->name);
		(void)unlinkat(out, tmp, 0);
		return -1;
	}
	if (h)
		hashes_learn(h, out, f->name, f->hex);
	return 1;
}

static int place_all(struct work *w, struct hashes *h, int out, unsigned *changed, struct err *e)
{
	auto_content struct content c = { 0 };
	auto_free char *recipe = NULL;
	size_t n;
	int rc;

	*changed = 0;
	if (content_read(&c, w->dir, e) < 0 || file_read(w->dir, "recipe", TEXT_MAX, &recipe, &n, e) < 0)
		return -1;
	for (size_t i = 0; i < c.n; i++) {
		rc = place_file(w, h, out, &c.v[i], e);
		if (rc < 0)
			return -1;
		*changed += rc == 1;
	}
	rc = file_write(out, "recipe", recipe, n, e);
	if (rc < 0)
		return -1;
	*changed += rc == 1;
	return 0;
}

/* A forced run of another process puts a new folder where ours was, and removes ours. */
static bool follow(struct work *w)
{
	struct stat ours, named;
	int dir;

	if (fstat(w->dir, &ours) < 0 || stat(w->path, &named) < 0 || ours.st_ino == named.st_ino)
		return false;
	dir = open(w->path, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	if (dir < 0)
		return false;
	(void)hold(dir); /* what goes now is missing in the next attempt */
	close(w->dir);
	w->dir = dir;
	return true;
}

int work_place(struct work *w, struct hashes *h, const char *out, unsigned *changed, struct err *e)
{
	unsigned count = 0;
	int rc = -1;

	if (mkdir_p(AT_FDCWD, out, 0777, e) < 0)
		return -1;
	auto_close int dir = open(out, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	if (dir < 0)
		return err_sys(e, "open %s", out);
	for (int i = 0; i < PLACE_TRIES; i++) {
		rc = place_all(w, h, dir, &count, e);
		if (rc == 0 || !follow(w))
			break;
	}
	if (rc < 0)
		return err_in(e, "place the result in %s", out);
	if (changed)
		*changed = count;
	return 0;
}

void work_touch(struct work *w)
{
	(void)utimensat(w->dir, "recipe", NULL, 0);
}

void work_drop(struct work *w)
{
	struct err ignored;

	if (w->lock >= 0) {
		auto_free char *draft = draft_folder(w->key);

		(void)rmtree(w->st->dir, draft, &ignored);
		lock_drop(w->st, w->key, &w->lock);
	}
	if (w->dir >= 0)
		close(w->dir);
	free(w->path);
	free(w->origin);
	*w = (struct work){ .lock = -1, .dir = -1 };
}

void store_spoil(struct store *st, const char *out, const char *name)
{
	auto_close int dir = open(out, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	auto_free char *recipe = NULL;
	struct err ignored;
	char key[KEY_LEN + 1];
	size_t n;

	if (dir < 0 || file_read(dir, "recipe", TEXT_MAX, &recipe, &n, &ignored) < 0)
		return;
	hash_hex(recipe, n, key);
	auto_free char *object = object_name(key);
	auto_free char *away = draft_folder(key);

	/* The result first, and whole: what is gone from out only is placed again as it was. */
	if (renameat(st->dir, object, st->dir, away) == 0)
		(void)rmtree(st->dir, away, &ignored);
	(void)unlinkat(dir, name, 0);
}
