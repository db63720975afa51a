/* mirror.c: make refuses to build beside a tree that was configured in place, and would use what lies there. So it gets
 * another one, of links. */
#include "fetch/tree/srctree.h"

#include "base/err.h"
#include "base/file.h"
#include "base/mem.h"
#include "base/stop.h"
#include "fetch/tree/files.h"
#include <dirent.h>
#include <errno.h>
#include <limits.h>

enum { DEPTH_MAX = 64 };

/* The links that are there, sorted. */
struct links {
	char **v;
	size_t n, cap;
};

static void links_drop(struct links *l)
{
	for (size_t i = 0; i < l->n; i++)
		free(l->v[i]);
	free(l->v);
}
#define auto_links __attribute__((unused, cleanup(links_drop)))

static bool ours(const char *dir, const char *name)
{
	return !*dir && !strncmp(name, "ktstr-", strlen("ktstr-"));
}

/* Takes fd over. */
static int list(struct links *l, int fd, const char *dir, unsigned depth, struct err *e)
{
	DIR *d = fd < 0 ? NULL : fdopendir(fd);
	int r = 0;

	if (!d || depth > DEPTH_MAX) {
		r = d ? err_set(e, X_STORE, "%s: folders nested too deep", dir) : err_sys(e, "open %s", dir);
		if (d)
			closedir(d);
		return r;
	}
	for (const struct dirent *ent; r == 0 && (ent = readdir(d));) {
		const char *name = ent->d_name;
		auto_free char *path = NULL;

		if (!strcmp(name, ".") || !strcmp(name, "..") || ours(dir, name))
			continue;
		path = *dir ? xasprintf("%s/%s", dir, name) : xstrdup(name);
		if (ent->d_type == DT_DIR) {
			r = list(l, openat(fd, name, O_RDONLY | O_DIRECTORY | O_CLOEXEC | O_NOFOLLOW), path, depth + 1,
				 e);
			continue;
		}
		if (l->n == l->cap)
			l->v = xreallocarray(l->v, l->cap = l->cap ? l->cap * 2 : 4096, sizeof(*l->v));
		l->v[l->n++] = TAKE(path);
	}
	closedir(d);
	return r;
}

static int by_name(const void *a, const void *b)
{
	return strcmp(*(char *const *)a, *(char *const *)b);
}

/* The folders that get empty go too: one that stays could stand where a file comes. */
static int take_away(int dir, char *path, struct err *e)
{
	char *slash;

	if (unlinkat(dir, path, 0) < 0)
		return err_sys(e, "remove %s", path);
	while ((slash = strrchr(path, '/'))) {
		*slash = '\0';
		if (unlinkat(dir, path, AT_REMOVEDIR) < 0)
			break;
	}
	return 0;
}

static int link_to(int dir, const char *target, const char *path, struct err *e)
{
	auto_free char *folder = NULL;
	const char *slash = strrchr(path, '/');

	if (symlinkat(target, dir, path) == 0)
		return 0;
	if (errno != ENOENT || !slash)
		return err_sys(e, "link %s", path);
	folder = xstrndup(path, (size_t)(slash - path));
	if (mkdir_p(dir, folder, 0777, e) < 0)
		return -1;
	return symlinkat(target, dir, path) < 0 ? err_sys(e, "link %s", path) : 0;
}

/* A link of the tree is copied, so that it leads to the mirror's files; *target is what the mirror has at its place. */
static int target_of(const struct source_files *f, const struct source_file *x, const char *source, char *target,
		     struct err *e)
{
	ssize_t n;

	if (!S_ISLNK(x->st.st_mode)) {
		if (snprintf(target, PATH_MAX, "%s/%s", source, x->path) >= PATH_MAX)
			return err_set(e, X_NO_INPUT, "%s/%s: the path is too long", source, x->path);
		return 0;
	}
	n = readlinkat(f->root, x->path, target, PATH_MAX - 1);
	if (n < 0)
		return err_sys(e, "read link %s", x->path);
	target[n] = '\0';
	return 0;
}

static bool leads_to(int dir, const char *path, const char *target)
{
	char is[PATH_MAX];
	ssize_t n = readlinkat(dir, path, is, sizeof(is));

	return n >= 0 && (size_t)n == strlen(target) && !memcmp(is, target, (size_t)n);
}

/* First what is there too much, then what is missing: a file may have become a folder. */
static int take_away_all(const struct source_files *f, struct links *l, const char *source, int dir, struct err *e)
{
	char target[PATH_MAX];
	size_t kept = 0;

	for (size_t i = 0, j = 0; i < l->n; i++) {
		while (j < f->n && strcmp(f->v[j].path, l->v[i]) < 0)
			j++;
		bool there = j < f->n && !strcmp(f->v[j].path, l->v[i]);

		if (there && target_of(f, &f->v[j], source, target, e) < 0)
			return -1;
		if (there && leads_to(dir, l->v[i], target)) {
			char *path = l->v[kept];

			l->v[kept++] = l->v[i];
			l->v[i] = path;
		} else if (take_away(dir, l->v[i], e) < 0) {
			return -1;
		}
		if (i % 1024 == 0 && stop_pending())
			return stop_err(e);
	}
	while (l->n > kept)
		free(l->v[--l->n]);
	return 0;
}

static int add_all(const struct source_files *f, const struct links *l, const char *source, int dir, struct err *e)
{
	char target[PATH_MAX];

	for (size_t i = 0, j = 0; i < f->n; i++) {
		if (j < l->n && !strcmp(l->v[j], f->v[i].path)) {
			j++;
			continue;
		}
		if (target_of(f, &f->v[i], source, target, e) < 0 || link_to(dir, target, f->v[i].path, e) < 0)
			return -1;
		if (i % 1024 == 0 && stop_pending())
			return stop_err(e);
	}
	return 0;
}

int srctree_mirror(const char *source, const char *dir, struct err *e)
{
	auto_source_files struct source_files f = { .root = -1 };
	auto_links struct links l = { 0 };
	auto_close int fd = -1;

	if (source_files_find(&f, source, e) < 0 || mkdir_p(AT_FDCWD, dir, 0777, e) < 0)
		return -1;
	fd = open(dir, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	if (fd < 0)
		return err_sys(e, "open %s", dir);
	if (list(&l, openat(fd, ".", O_RDONLY | O_DIRECTORY | O_CLOEXEC), "", 0, e) < 0)
		return err_in(e, "%s", dir);
	if (l.v)
		qsort(l.v, l.n, sizeof(*l.v), by_name);
	if (take_away_all(&f, &l, source, fd, e) < 0 || add_all(&f, &l, source, fd, e) < 0)
		return err_in(e, "%s", dir);
	return 0;
}
