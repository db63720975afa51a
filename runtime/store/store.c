/* store.c: the folder itself: opened, explained when it cannot be, and cleared of what dead processes left. */
#include "store/store.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/err.h"
#include "base/file.h"
#include "base/mem.h"
#include "base/syscalls.h"
#include "store/error.h"
#include "store/format.h"
#include "store/lock.h"
#include "text/name.h"
#include "store/private.h"
#include "store/recipe.h"
#include "store/try.h"

static const char *const folders[] = { "objects", "drafts", "locks", "hashes", "graphs" };

/* Drafts are called {key}.{pid}, locks {key}, where the key is a result's or the name (name.h) of something else. The pid only tells
 * people whose it was; the lock says who is alive. */
static void collect(struct store *st, const char *folder, const char *name)
{
	auto_free char *path = xasprintf("%s/%s", folder, name);
	size_t n = strspn(name, "0123456789abcdef");
	char key[KEY_LEN + 1];
	struct err ignored;
	int lock = -1;

	if ((n != KEY_LEN && n != NAME_LEN) || (name[n] && name[n] != '.'))
		return;
	memcpy(key, name, n);
	key[n] = '\0';
	if (lock_try(st, key, &lock, &ignored) != LOCK_TAKEN)
		return;
	/* What cannot be removed now (a child of the dead still writes there) goes next time. */
	if (name[n])
		(void)rmtree(st->dir, path, &ignored);
	lock_drop(st, key, &lock);
}

static int collect_all(struct store *st, const char *folder, struct err *e)
{
	int fd = openat(st->dir, folder, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	DIR *list = fd < 0 ? NULL : fdopendir(fd);
	struct dirent *d;

	if (!list) {
		err_sys(e, "list %s", folder);
		if (fd >= 0)
			close(fd);
		return -1;
	}
	while ((d = readdir(list)))
		collect(st, folder, d->d_name);
	closedir(list);
	return 0;
}

/* What the results hold may be private: others see a new store when this user's files are for a group, or its folder is in one
 * that is. */
static int make_root(const char *path, struct err *e)
{
	const char *slash = strrchr(path, '/');
	auto_free char *above = xstrndup(path, slash > path ? (size_t)(slash - path) : 1);
	mode_t mask = umask(0077);
	struct stat st;

	(void)umask(mask);
	if (mkdir_p(AT_FDCWD, above, 0777, e) < 0)
		return -1;
	bool shared = !(mask & S_IWGRP) ||
		      (stat(above, &st) == 0 && (st.st_mode & (S_ISGID | S_IWGRP)) == (S_ISGID | S_IWGRP));

	return mkdir_p(AT_FDCWD, path, shared ? 0777 : 0700, e);
}

/* Folders that are refused are told before anything fails in them for a reason that nobody can see. */
static int make_folders(const struct store *st, struct err *e)
{
	for (size_t i = 0; i < countof(folders); i++) {
		if (access_at(st->dir, folders[i], R_OK | W_OK | X_OK) == 0)
			continue;
		bool refused = errno == EACCES;

		if (mkdir_p(st->dir, folders[i], 0777, e) < 0)
			return -1;
		if (refused)
			return store_owner_err(st->dir, folders[i], e);
	}
	return 0;
}

/* Nearly always it is there. */
static int open_root(struct store *st, struct err *e)
{
	const int flags = O_RDONLY | O_DIRECTORY | O_CLOEXEC;
	char real[PATH_MAX];

	st->dir = open(st->path, flags);
	if (st->dir < 0) {
		if (make_root(st->path, e) < 0)
			return -1;
		st->dir = open(st->path, flags);
	}
	if (st->dir < 0)
		return err_sys(e, "open %s", st->path);
	if (!realpath(st->path, real))
		return err_sys(e, "find %s", st->path);
	free(st->path);
	st->path = xstrdup(real);
	return 0;
}

static int open_folders(struct store *st, struct err *e)
{
	if (open_root(st, e) < 0 || store_format(&st->path, &st->dir, try_new, e) < 0 || make_folders(st, e) < 0)
		return -1;
	private_collect(st);
	return collect_all(st, "drafts", e) < 0 ? -1 : collect_all(st, "locks", e);
}

/* Errors name the whole path, so that it is clear which folder is meant. */
static char *absolute(const char *path)
{
	char here[PATH_MAX];

	return *path == '/' || !getcwd(here, sizeof(here)) ? xstrdup(path) : xasprintf("%s/%s", here, path);
}

int store_open(struct store *st, const char *path, struct err *e)
{
	auto_free char *usual = path ? NULL : cache_path("KTSTR_STORE", "store", e);
	struct store new = { .dir = -1 };

	if (!path && !usual)
		return -1;
	new.path = absolute(path ? path : usual);
	if (open_folders(&new, e) < 0) {
		store_err(&new, e);
		store_close(&new);
		return -1;
	}
	*st = new;
	return 0;
}

void store_close(struct store *st)
{
	if (st->dir >= 0)
		close(st->dir);
	free(st->path);
	*st = (struct store){ .dir = -1 };
}
