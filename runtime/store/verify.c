/* verify.c: a walk over objects/, one result after the other. */
#include "store/verify.h"

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
#include "base/mem.h"
#include "base/stop.h"
#include "store/content.h"
#include "store/digest.h"
#include "store/recipe.h"
#include "store/error.h"
#include "store/store.h"

enum { TEXT_MAX = 64 << 20, STEP_MAX = 64 };

struct keys {
	char (*v)[KEY_LEN + 1];
	size_t n;
};

static void add_key(struct keys *k, const char *name)
{
	k->v = xreallocarray(k->v, k->n + 1, sizeof(*k->v));
	memcpy(k->v[k->n++], name, KEY_LEN + 1);
}

static DIR *list(int dir, const char *path)
{
	int fd = openat(dir, path, O_RDONLY | O_DIRECTORY | O_CLOEXEC | O_NOFOLLOW);
	DIR *d = fd < 0 ? NULL : fdopendir(fd);

	if (!d && fd >= 0)
		close(fd);
	return d;
}

static bool is_key(const char *name)
{
	return strlen(name) == KEY_LEN && strspn(name, "0123456789abcdef") == KEY_LEN;
}

static void list_keys(struct keys *k, int objects, const char *prefix)
{
	DIR *d = list(objects, prefix);
	const struct dirent *f;

	while (d && (f = readdir(d)))
		if (is_key(f->d_name) && !strncmp(f->d_name, prefix, strlen(prefix)))
			add_key(k, f->d_name);
	if (d)
		closedir(d);
}

static int by_key(const void *a, const void *b)
{
	return memcmp(a, b, KEY_LEN);
}

static int all_keys(struct keys *k, const struct store *st, struct err *e)
{
	DIR *d = list(st->dir, "objects");
	const struct dirent *f;

	if (!d)
		return err_sys(e, "list %s/objects", st->path);
	while ((f = readdir(d)))
		if (*f->d_name != '.')
			list_keys(k, dirfd(d), f->d_name);
	closedir(d);
	if (k->n)
		qsort(k->v, k->n, sizeof(*k->v), by_key);
	return 0;
}

/* One result while it is looked at. */
struct look {
	struct verdicts *v;
	const char *key;
	int dir;
	char step[STEP_MAX];
	char *file, *why; /* what is wrong with it; NULL: nothing yet */
};

static void blame(struct look *l, const char *file, const char *why)
{
	if (l->why)
		return;
	l->file = xstrdup(file);
	l->why = xstrdup(why);
}

static void look_at_recipe(struct look *l)
{
	auto_free char *text = NULL;
	char key[KEY_LEN + 1];
	struct err why;
	size_t n;

	if (file_read(l->dir, "recipe", TEXT_MAX, &text, &n, &why) < 0) {
		blame(l, "recipe", why.msg);
		return;
	}
	hash_hex(text, n, key);
	if (strcmp(key, l->key) != 0)
		blame(l, "recipe", "it is not the one of this key");
	else if (sscanf(text, "step %63s", l->step) != 1)
		*l->step = '\0';
}

/* Negative: a stop. */
static int read_file(struct look *l, const struct content_file *f, struct err *e)
{
	auto_close int fd = openat(l->dir, f->name, O_RDONLY | O_CLOEXEC | O_NOFOLLOW | O_NONBLOCK);
	char hex[KEY_LEN + 1];

	if (fd < 0) {
		blame(l, f->name, strerror(errno));
		return 0;
	}
	if (digest_fd(fd, f->name, hex, NULL, e) < 0) {
		if (e->code == X_INTERRUPTED)
			return -1;
		blame(l, f->name, e->msg);
		return 0;
	}
	l->v->bytes += f->size;
	if (strcmp(hex, f->hex) != 0)
		blame(l, f->name, "its content is not what was stored");
	return 0;
}

static int look_at_file(struct look *l, const struct content_file *f, enum verify_depth depth, struct err *e)
{
	struct stat s;

	if (fstatat(l->dir, f->name, &s, AT_SYMLINK_NOFOLLOW) < 0)
		blame(l, f->name, errno == ENOENT ? "it is missing" : strerror(errno));
	else if (!S_ISREG(s.st_mode))
		blame(l, f->name, "it is not a regular file");
	else if ((uint64_t)s.st_size != f->size)
		blame(l, f->name, "it has another size than was stored");
	else if (depth == VERIFY_ALL)
		return read_file(l, f, e);
	return 0;
}

static int statmany(struct look *l, enum verify_depth depth, struct err *e)
{
	auto_content struct content c = { 0 };
	struct err why;

	if (content_read(&c, l->dir, &why) < 0) {
		blame(l, "content", why.msg);
		return 0;
	}
	for (size_t i = 0; i < c.n && !l->why; i++)
		if (look_at_file(l, &c.v[i], depth, e) < 0)
			return -1;
	return 0;
}

/* A forced run puts another folder in its place and takes this one apart. */
static bool still_named(const struct store *st, const char *path, int dir)
{
	struct stat ours, named;

	return fstat(dir, &ours) == 0 && fstatat(st->dir, path, &named, AT_SYMLINK_NOFOLLOW) == 0 &&
	       ours.st_ino == named.st_ino;
}

static void add_verdict(struct look *l)
{
	struct verdicts *v = l->v;
	struct verdict *new;

	v->v = xreallocarray(v->v, v->n + 1, sizeof(*v->v));
	new = &v->v[v->n++];
	*new = (struct verdict){ .step = xstrdup(l->step), .file = TAKE(l->file), .why = TAKE(l->why) };
	memcpy(new->key, l->key, KEY_LEN + 1);
}

static int look_at(struct verdicts *v, const struct store *st, const char *key, enum verify_depth depth, struct err *e)
{
	auto_free char *path = xasprintf("objects/%.2s/%s", key, key);
	auto_close int dir = openat(st->dir, path, O_RDONLY | O_DIRECTORY | O_CLOEXEC | O_NOFOLLOW);
	struct look l = { .v = v, .key = key, .dir = dir };
	int r;

	/* Held so that nobody throws it out; who does so already has it alone. */
	if (dir < 0 || (flock(dir, LOCK_SH | LOCK_NB) < 0 && errno == EWOULDBLOCK))
		return 0;
	v->looked_at++;
	look_at_recipe(&l);
	r = statmany(&l, depth, e);
	if (r == 0 && l.why && still_named(st, path, dir))
		add_verdict(&l);
	free(l.file);
	free(l.why);
	return r;
}

int store_verify(struct verdicts *v, struct store *st, enum verify_depth depth, verify_progress *progress,
		 struct err *e)
{
	struct keys k = { 0 };
	int r;

	*v = (struct verdicts){ 0 };
	r = all_keys(&k, st, e);
	for (size_t i = 0; r == 0 && i < k.n; i++) {
		if (progress)
			progress(i, k.n, k.v[i]);
		r = stop_pending() ? stop_err(e) : look_at(v, st, k.v[i], depth, e);
	}
	free(k.v);
	if (r == 0)
		return 0;
	verdicts_free(v);
	return store_err(st, e);
}

void verdicts_free(struct verdicts *v)
{
	for (size_t i = 0; i < v->n; i++) {
		free(v->v[i].step);
		free(v->v[i].file);
		free(v->v[i].why);
	}
	free(v->v);
	*v = (struct verdicts){ 0 };
}
