/* tree.c: folders made and removed, and the places we know. The other half of file.h. */
#include "base/file.h"

#include <dirent.h>
#include <errno.h>
#include <limits.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/err.h"
#include "base/mem.h"

static bool is_dir(int dir, const char *path)
{
	struct stat st;

	return fstatat(dir, path, &st, 0) == 0 && S_ISDIR(st.st_mode);
}

int mkdir_p(int dir, const char *path, mode_t mode, struct err *e)
{
	auto_free char *part = xstrdup(path);

	for (char *p = part + (*part == '/');; p++) {
		char here = *p;

		if (here && here != '/')
			continue;
		*p = '\0';
		if (*part && mkdirat(dir, part, mode) < 0) {
			int no = errno;

			/* A read-only parent answers EROFS or EACCES although the folder is there. */
			if (!is_dir(dir, part)) {
				errno = no == EEXIST ? ENOTDIR : no;
				return err_sys(e, "make folder %s", part);
			}
		}
		*p = here;
		if (!here)
			return 0;
	}
}

/* A hostile archive can nest deeper than we have descriptors: what lies below this many levels is moved up beside the
 * root's entries and removed by a further round. */
enum { TREE_DEPTH = 64 };

struct removal {
	int top;
	unsigned long moved;
};

static int open_dir(int dir, const char *name)
{
	const int flags = O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC;
	int fd = openat(dir, name, flags);

	if (fd < 0 && errno == EACCES && fchmodat(dir, name, 0700, AT_SYMLINK_NOFOLLOW) == 0)
		fd = openat(dir, name, flags);
	return fd;
}

static int move_aside(struct removal *r, int dir, const char *name)
{
	for (;;) {
		char aside[32];

		snprintf(aside, sizeof(aside), ".deep.%lu", r->moved++);
		/* Its ".." changes, which only who may write to it is allowed to do. */
		(void)!fchmodat(dir, name, 0700, AT_SYMLINK_NOFOLLOW);
		if (renameat(dir, name, r->top, aside) == 0)
			return 0;
		if (errno != EEXIST && errno != ENOTEMPTY && errno != ENOTDIR)
			return -1;
	}
}

static int empty_dir(struct removal *r, int fd, unsigned depth);

static int remove_entry(struct removal *r, int dir, const char *name, unsigned depth)
{
	if (unlinkat(dir, name, 0) == 0 || errno == ENOENT)
		return 0;
	if (errno != EISDIR && errno != EPERM)
		return -1;
	if (depth >= TREE_DEPTH)
		return move_aside(r, dir, name);
	int fd = open_dir(dir, name);
	if (fd < 0)
		return errno == ENOENT ? 0 : -1;
	if (empty_dir(r, fd, depth + 1) < 0)
		return -1;
	if (unlinkat(dir, name, AT_REMOVEDIR) < 0 && errno != ENOENT)
		return -1;
	return 0;
}

/* Owns fd. A folder may be read-only (stored results are): make room to remove its entries. */
static int empty_dir(struct removal *r, int fd, unsigned depth)
{
	struct stat st;
	struct dirent *d;
	int rc = 0;

	if (fstat(fd, &st) == 0 && (st.st_mode & 0700) != 0700)
		(void)!fchmod(fd, 0700);
	DIR *list = fdopendir(fd);
	if (!list) {
		close(fd);
		return -1;
	}
	while (rc == 0 && (d = readdir(list)))
		if (strcmp(d->d_name, ".") != 0 && strcmp(d->d_name, "..") != 0)
			rc = remove_entry(r, dirfd(list), d->d_name, depth);
	int no = errno;
	closedir(list);
	errno = no;
	return rc;
}

int rmtree(int dir, const char *path, struct err *e)
{
	if (unlinkat(dir, path, 0) == 0 || errno == ENOENT)
		return 0;
	if (errno != EISDIR && errno != EPERM)
		return err_sys(e, "remove %s", path);
	for (;;) {
		auto_close int top = open_dir(dir, path);
		struct removal r = { .top = top };

		if (top < 0)
			return errno == ENOENT ? 0 : err_sys(e, "remove %s", path);
		int fd = fcntl(top, F_DUPFD_CLOEXEC, 3);
		if (fd < 0 || empty_dir(&r, fd, 0) < 0)
			return err_sys(e, "remove %s", path);
		if (unlinkat(dir, path, AT_REMOVEDIR) == 0 || errno == ENOENT)
			return 0;
		if (errno != ENOTEMPTY || !r.moved)
			return err_sys(e, "remove %s", path);
	}
}

static const char *env_or(const char *name, const char *fallback)
{
	const char *v = getenv(name);

	return v && *v ? v : fallback;
}

char *tmpdir_make(const char *what, struct err *e)
{
	char *path = xasprintf("%s/ktstr-%s.XXXXXX", env_or("TMPDIR", "/tmp"), what);

	if (mkdtemp(path))
		return path;
	err_sys(e, "make a temporary folder %s", path);
	free(path);
	return NULL;
}

bool file_exists(const char *path)
{
	return access(path, F_OK) == 0;
}

char *self_dir(struct err *e)
{
	char path[PATH_MAX];
	ssize_t n = readlink("/proc/self/exe", path, sizeof(path) - 1);

	if (n < 0) {
		err_sys(e, "find our own program");
		return NULL;
	}
	path[n] = '\0';
	char *slash = strrchr(path, '/');
	if (!slash) {
		err_set(e, X_FAIL, "find our own program: %s is not a path", path);
		return NULL;
	}
	*(slash == path ? slash + 1 : slash) = '\0';
	return xstrdup(path);
}

char *cache_path(const char *env, const char *sub, struct err *e)
{
	const char *own = env ? env_or(env, NULL) : NULL;
	const char *xdg = env_or("XDG_CACHE_HOME", NULL);
	const char *home = env_or("HOME", NULL);

	if (own)
		return xstrdup(own);
	/* The XDG rules say that a relative value is to be ignored. */
	if (xdg && *xdg == '/')
		return xasprintf("%s/ktstr/%s", xdg, sub);
	if (home)
		return xasprintf("%s/.cache/ktstr/%s", home, sub);
	err_set(e, X_STORE, "no place for the cache: set HOME, XDG_CACHE_HOME%s%s", env ? " or " : "", env ? env : "");
	return NULL;
}
