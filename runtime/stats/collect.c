#include "stats/collect.h"
#include "base/err.h"
#include "base/mem.h"
#include "base/stop.h"
#include "stats/sidecar.h"
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <stdbool.h>
#include <sys/stat.h>

enum { READ_LEAST = 4096, BETWEEN_STOPS = 256 };

int collect_name(const char *name)
{
	size_t n = strlen(name);

	return n >= 5 && !strcmp(name + n - 5, ".json") && strstr(name, ".ktstr.") != NULL;
}

struct list {
	char **v;
	size_t n;
};

static void list_add(struct list *l, char *word)
{
	if (!(l->n & (l->n - 1))) /* full at the powers of two */
		l->v = xreallocarray(l->v, l->n ? l->n * 2 : 1, sizeof(*l->v));
	l->v[l->n++] = word;
}

static void list_free(struct list *l)
{
	for (size_t i = 0; i < l->n; i++)
		free(l->v[i]);
	free(l->v);
}

static int by_bytes(const void *a, const void *b)
{
	return strcmp(*(char *const *)a, *(char *const *)b);
}

static bool is_folder(int dir, const struct dirent *d)
{
	struct stat st;

	if (d->d_type != DT_LNK && d->d_type != DT_UNKNOWN)
		return d->d_type == DT_DIR;
	return fstatat(dir, d->d_name, &st, 0) == 0 && S_ISDIR(st.st_mode);
}

/* Names in a folder; fd is taken. */
static int names_in(int fd, struct list *files, struct list *folders)
{
	DIR *d = fdopendir(fd);
	const struct dirent *entry;

	if (!d) {
		int why = errno;

		close(fd);
		return -why;
	}
	/* Who reads what was found until then is told of the stop. */
	for (size_t i = 0; (errno = 0, entry = readdir(d)) && (i % BETWEEN_STOPS != 0 || !stop_pending()); i++) {
		bool sidecar = collect_name(entry->d_name);

		if (!strcmp(entry->d_name, ".") || !strcmp(entry->d_name, "..") || (!sidecar && !folders))
			continue;
		if (is_folder(dirfd(d), entry)) {
			if (folders)
				list_add(folders, xstrdup(entry->d_name));
		} else if (sidecar) {
			list_add(files, xstrdup(entry->d_name));
		}
	}
	int why = errno;

	closedir(d);
	if (files->n)
		qsort(files->v, files->n, sizeof(*files->v), by_bytes);
	if (folders && folders->n)
		qsort(folders->v, folders->n, sizeof(*folders->v), by_bytes);
	return -why;
}

struct seen {
	struct place {
		dev_t dev;
		ino_t ino;
	} * v;
	size_t n;
};

/* The same folder by another name was looked into before. */
static bool seen_before(struct seen *s, int fd)
{
	struct stat st;

	if (fstat(fd, &st) < 0)
		return false;
	for (size_t i = 0; i < s->n; i++) {
		if (s->v[i].dev == st.st_dev && s->v[i].ino == st.st_ino)
			return true;
	}
	s->v = xreallocarray(s->v, s->n + 1, sizeof(*s->v));
	s->v[s->n++] = (struct place){ st.st_dev, st.st_ino };
	return false;
}

static void add_path(struct collection *c, char *path)
{
	struct list l = { c->paths, c->n };

	list_add(&l, path);
	c->paths = l.v;
	c->n = l.n;
}

static void subfolder(struct collection *c, const char *name, struct seen *seen)
{
	int fd = openat(c->dir, name, O_RDONLY | O_DIRECTORY | O_CLOEXEC), r;
	struct list files = { 0 };

	if (fd < 0) {
		collect_bad(c, name, strerror(errno));
		return;
	}
	if (seen_before(seen, fd)) {
		close(fd);
		return;
	}
	r = names_in(fd, &files, NULL);
	if (r < 0)
		collect_bad(c, name, strerror(-r));
	for (size_t i = 0; i < files.n; i++)
		add_path(c, xasprintf("%s/%s", name, files.v[i]));
	list_free(&files);
}

int collect(struct collection *c, const char *dir, struct err *e)
{
	struct list files = { 0 }, folders = { 0 };
	struct seen seen = { 0 };
	int fd = open(dir, O_RDONLY | O_DIRECTORY | O_CLOEXEC), r;

	*c = (struct collection){ .dir = -1 };
	if (fd < 0) {
		err_sys(e, "%s", dir);
		return COLLECT_NONE;
	}
	c->dir = dup(fd);
	(void)seen_before(&seen, fd);
	r = names_in(fd, &files, &folders);
	if (c->dir < 0 || r < 0) {
		errno = r < 0 ? -r : EMFILE;
		err_sys(e, "%s", dir);
		r = COLLECT_NONE;
	}
	for (size_t i = 0; r == 0 && i < files.n; i++)
		add_path(c, TAKE(files.v[i]));
	for (size_t i = 0; r == 0 && i < folders.n; i++)
		subfolder(c, folders.v[i], &seen);
	list_free(&files);
	list_free(&folders);
	free(seen.v);
	return r;
}

static int too_large(uint64_t n, struct err *e)
{
	return err_set(e, X_FAIL, "%" PRIu64 " bytes, more than a sidecar has", n);
}

/* A read that ends where the file ends, by its size, need not be followed by one that finds nothing. */
static int read_text(int fd, uint64_t size, char **text, size_t *cap, size_t *n, struct err *e)
{
	for (*n = 0;;) {
		if (*n + 1 >= *cap) {
			*cap = *n < size ? (size_t)size + 2 : *n * 2 + READ_LEAST;
			*text = xreallocarray(*text, *cap, 1);
		}
		size_t room = *cap - 1 - *n;
		ssize_t got = read(fd, *text + *n, room);

		if (got < 0 && errno == EINTR)
			continue;
		if (got < 0)
			return err_set(e, X_FAIL, "%s", strerror(errno));
		*n += (size_t)got;
		if (*n > SIDECAR_MAX)
			return too_large(*n, e);
		if (!got || ((size_t)got < room && *n == size))
			break;
	}
	(*text)[*n] = '\0';
	return 0;
}

int collect_read(const struct collection *c, const char *path, char **text, size_t *cap, size_t *n, struct err *e)
{
	/* A pipe would wait for its other end. */
	auto_close int fd = openat(c->dir, path, O_RDONLY | O_NONBLOCK | O_NOCTTY | O_CLOEXEC);
	struct stat st;

	if (fd < 0 || fstat(fd, &st) < 0)
		return err_set(e, X_FAIL, "%s", strerror(errno));
	if (!S_ISREG(st.st_mode))
		return err_set(e, X_FAIL, "not a regular file");
	if ((uint64_t)st.st_size > SIDECAR_MAX)
		return too_large((uint64_t)st.st_size, e);
	return read_text(fd, (uint64_t)st.st_size, text, cap, n, e);
}

void collect_bad(struct collection *c, const char *path, const char *why)
{
	if (!(c->n_bad & (c->n_bad - 1))) /* full at the powers of two */
		c->bad = xreallocarray(c->bad, c->n_bad ? c->n_bad * 2 : 1, sizeof(*c->bad));
	c->bad[c->n_bad++] = (struct collect_bad){ xstrdup(path), xstrdup(why) };
}

void collect_free(struct collection *c)
{
	for (size_t i = 0; i < c->n; i++)
		free(c->paths[i]);
	for (size_t i = 0; i < c->n_bad; i++) {
		free(c->bad[i].path);
		free(c->bad[i].why);
	}
	if (c->dir >= 0)
		close(c->dir);
	free(c->paths);
	free(c->bad);
	*c = (struct collection){ .dir = -1 };
}
