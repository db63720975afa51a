#include "fetch/tree/link.h"

#include "base/err.h"
#include "base/file.h"
#include "base/mem.h"
#include "base/stop.h"
#include "base/syscalls.h"
#include "fetch/tree/files.h"
#include "store/hashes.h"
#include <dirent.h>
#include <errno.h>
#include <limits.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

enum { DEPTH_MAX = 64, FILES_MAX = 50000 };

/* The folders from the link to where we are. */
struct walk {
	struct hashes *h;
	FILE *list;
	const struct stat *above[DEPTH_MAX];
	unsigned depth, files;
};

/* What this user may not read counts by size and time. */
static int put_shut(struct walk *w, const char *path, const struct stat *st)
{
	fprintf(w->list, "%s%cshut %lld %lld.%09ld\n", path, '\0', (long long)st->st_size,
		(long long)st->st_mtim.tv_sec, st->st_mtim.tv_nsec);
	return 0;
}

static int walk_folder(struct walk *w, int dir, const char *name, const char *path, struct err *e);

static int walk_entry(struct walk *w, int dir, const char *name, const char *path, struct err *e)
{
	char hex[KEY_LEN + 1];
	struct stat st;

	if (fstatat(dir, name, &st, 0) < 0)
		return errno == ENOENT || errno == ELOOP || errno == EACCES ? 0 : err_sys(e, "look at %s", path);
	if (S_ISDIR(st.st_mode))
		return access_at(dir, name, R_OK | X_OK) < 0 && errno == EACCES ? put_shut(w, path, &st)
										: walk_folder(w, dir, name, path, e);
	if (!S_ISREG(st.st_mode))
		return 0;
	if (++w->files > FILES_MAX)
		return err_set(e, X_NO_INPUT, "it leads to more than %d files outside of the tree", FILES_MAX);
	if (stop_pending())
		return stop_err(e);
	if (access_at(dir, name, R_OK) < 0 && errno == EACCES)
		return put_shut(w, path, &st);
	if (hashes_file(w->h, dir, name, hex, NULL, e) < 0)
		return -1;
	fwrite_unlocked(path, 1, strlen(path) + 1, w->list);
	fprintf(w->list, "%s %s\n", st.st_mode & S_IXUSR ? "exec" : "file", hex);
	return 0;
}

static bool counts(const struct dirent *ent)
{
	return strcmp(ent->d_name, ".") != 0 && strcmp(ent->d_name, "..") != 0 && !source_product(ent->d_name);
}

static int by_name(const void *a, const void *b)
{
	return strcmp(*(char *const *)a, *(char *const *)b);
}

/* Sorted, so that a copy elsewhere is the same. */
static char **names_of(DIR *d, size_t *n)
{
	char **v = NULL;

	*n = 0;
	for (const struct dirent *ent; (ent = readdir(d));) {
		if (!counts(ent))
			continue;
		v = xreallocarray(v, *n + 1, sizeof(*v));
		v[(*n)++] = xstrdup(ent->d_name);
	}
	if (*n)
		qsort(v, *n, sizeof(*v), by_name);
	return v;
}

static int walk_names(struct walk *w, DIR *d, const char *path, struct err *e)
{
	size_t n;
	char **names = names_of(d, &n);
	int r = 0;

	for (size_t i = 0; i < n; i++) {
		auto_free char *name = names[i], *below = xasprintf("%s/%s", path, name);

		if (r == 0)
			r = walk_entry(w, dirfd(d), name, below, e);
	}
	free(names);
	return r;
}

static bool is_above(const struct walk *w, const struct stat *st)
{
	for (unsigned i = 0; i < w->depth; i++) {
		if (w->above[i]->st_ino == st->st_ino && w->above[i]->st_dev == st->st_dev)
			return true;
	}
	return false;
}

static int walk_folder(struct walk *w, int dir, const char *name, const char *path, struct err *e)
{
	int fd = openat(dir, name, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	DIR *d = fd < 0 ? NULL : fdopendir(fd);
	struct stat st;
	int r = 0;

	if (!d) {
		(void)err_sys(e, "open %s", path);
		if (fd >= 0)
			close(fd);
		return -1;
	}
	if (fstat(dirfd(d), &st) < 0) {
		r = err_sys(e, "look at %s", path);
	} else if (is_above(w, &st)) {
		fprintf(w->list, "%s%ccycle\n", path, '\0');
	} else if (w->depth == DEPTH_MAX) {
		r = err_set(e, X_NO_INPUT, "it leads to folders nested too deep");
	} else {
		w->above[w->depth++] = &st;
		r = walk_names(w, d, path, e);
		w->depth--;
	}
	closedir(d);
	return r;
}

/* Whether some file of the tree that counts is in that folder of it. */
static bool has_files(const struct source_files *f, const char *folder)
{
	size_t from = 0, to = f->n, n = strlen(folder);

	while (from < to) {
		size_t middle = from + (to - from) / 2;

		if (strcmp(f->v[middle].path, folder) < 0)
			from = middle + 1;
		else
			to = middle;
	}
	/* Behind "drv" come "drv-x" and "drv.c" before "drv/". */
	for (; from < f->n && !strncmp(f->v[from].path, folder, n); from++)
		if (f->v[from].path[n] == '/')
			return true;
	return false;
}

/* Whether what the link leads to is the tree, or a folder in it of which files count by themselves: not one that git ignores. */
static bool counts_itself(const struct source_files *f, const char *path)
{
	auto_free char *from = xasprintf("/proc/self/fd/%d/%s", f->root, path);
	auto_free char *top = xasprintf("/proc/self/fd/%d", f->root);
	auto_free char *to = realpath(from, NULL), *tree = realpath(top, NULL);
	size_t n = tree ? strlen(tree) : 0;

	if (!to || !tree || strncmp(to, tree, n) != 0 || (to[n] && to[n] != '/'))
		return false;
	return !to[n] || has_files(f, to + n + 1);
}

static int list_target(struct walk *w, const struct source_files *f, const char *path, struct err *e)
{
	int root = f->root;
	struct stat st;

	/* One that leads nowhere, or to a device, is what it says. */
	if (fstatat(root, path, &st, 0) < 0)
		return errno == ENOENT || errno == ELOOP || errno == ENOTDIR || errno == EACCES
			       ? 0
			       : err_sys(e, "follow it");
	if (S_ISDIR(st.st_mode) && counts_itself(f, path))
		return 0;
	return walk_entry(w, root, path, "", e);
}

int srclink_hash(const struct source_files *f, const char *path, struct hashes *h, char hex[KEY_LEN + 1], struct err *e)
{
	struct stat tree; /* its files count themselves */
	struct walk w = { .h = h, .above = { &tree }, .depth = 1 };
	auto_free char *text = NULL;
	char target[PATH_MAX];
	size_t n;
	ssize_t len = readlinkat(f->root, path, target, sizeof(target));

	if (len < 0 || fstat(f->root, &tree) < 0)
		return err_sys(e, "read link %s", path);
	w.list = xmemstream(&text, &n);
	fwrite(target, 1, (size_t)len, w.list);
	fputc('\0', w.list);
	int r = list_target(&w, f, path, e);

	fclose(w.list);
	if (r < 0)
		return err_in(e, "link %s", path);
	hash_hex(text, n, hex);
	return 0;
}
