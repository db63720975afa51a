#include "host/cgroup_tree.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <linux/magic.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/vfs.h>
#include <unistd.h>

#include "base/err.h"
#include "base/file.h"
#include "base/mem.h"
#include "base/stop.h"

enum { DEPTH_MAX = 64, LIST_MAX = 4 << 20, PATIENCE_MS = 5000, PAUSE_MS = 20 };

/* What is done to each group, the ones below it first or last. */
struct walk {
	int root_procs; /* cgroup.procs of the hierarchy's root */
	long long deadline;
};

static int move_all(const struct walk *w, int dir, const char *name, struct err *e)
{
	auto_free char *list = NULL;
	char *save = NULL;
	auto_close int procs = openat(dir, "cgroup.procs", O_RDONLY | O_CLOEXEC);

	if (procs < 0 || file_read_fd(procs, name, LIST_MAX, &list, NULL, e) < 0) {
		/* Of a threaded group the processes stand in the one above it, which was there before. */
		if (procs < 0 ? errno == ENOENT || errno == ENODEV : true)
			return 0;
		return err_sys(e, "read %s/cgroup.procs", name);
	}
	for (char *pid = strtok_r(list, "\n", &save); pid; pid = strtok_r(NULL, "\n", &save)) {
		/* One that has ended meanwhile is not there, and one that is 0 lives outside of our PID namespace. */
		if (write(w->root_procs, pid, strlen(pid)) < 0 && errno != ESRCH && errno != EINVAL)
			return err_sys(e, "move process %s from %s to the root group", pid, name);
	}
	return 0;
}

/* Until its last process, which may still be ending, is gone from it. */
static int remove_group(const struct walk *w, int parent, const char *name, struct err *e)
{
	while (unlinkat(parent, name, AT_REMOVEDIR) < 0) {
		if (errno == ENOENT)
			return 0;
		if (errno != EBUSY)
			return err_sys(e, "remove the control group %s", name);
		if (now_ms() > w->deadline)
			return err_set(e, X_TIMEOUT,
				       "the control group %s is still in use; its cgroup.procs says by which processes",
				       name);
		if (stop_poll(NULL, 0, now_ms() + PAUSE_MS, e) < 0)
			return -1;
	}
	return 0;
}

static int clear_below(const struct walk *w, int dir, const char *name, unsigned depth, struct err *e);

static int clear_one(const struct walk *w, int dir, const char *name, const char *below, unsigned depth, struct err *e)
{
	auto_free char *path = xasprintf("%s/%s", name, below);
	auto_close int sub = openat(dir, below, O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);

	if (sub < 0)
		return errno == ENOENT ? 0 : err_sys(e, "open %s", path);
	if (move_all(w, sub, path, e) < 0 || clear_below(w, sub, path, depth + 1, e) < 0)
		return -1;
	return remove_group(w, dir, below, e) < 0 ? err_in(e, "%s", name) : 0;
}

static int clear_below(const struct walk *w, int dir, const char *name, unsigned depth, struct err *e)
{
	auto_close int again = openat(dir, ".", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	DIR *d = again < 0 ? NULL : fdopendir(again);
	struct dirent *entry;
	int r = 0;

	if (!d)
		return err_sys(e, "open %s", name);
	again = -1;
	if (depth > DEPTH_MAX)
		r = err_set(e, X_FAIL, "%s: control groups more than %d deep", name, DEPTH_MAX);
	while (r == 0 && (entry = readdir(d))) {
		if (entry->d_type == DT_DIR && strcmp(entry->d_name, ".") != 0 && strcmp(entry->d_name, "..") != 0)
			r = clear_one(w, dir, name, entry->d_name, depth, e);
	}
	closedir(d);
	return r;
}

static int check(const char *mount, const char *path, int dir, struct err *e)
{
	auto_free char *real = realpath(path, NULL), *root = realpath(mount, NULL);
	struct statfs fs;

	if (fstatfs(dir, &fs) < 0)
		return err_sys(e, "%s", path);
	if (fs.f_type != CGROUP2_SUPER_MAGIC)
		return err_set(e, X_USAGE, "%s is no control group of version 2", path);
	if (!real || !root || !strcmp(real, root))
		return err_set(e, X_USAGE, "%s is the root of all control groups, not one that a run has made", path);
	return 0;
}

int cgroup_tree_clear(const char *mount, const char *path, struct err *e)
{
	auto_close int dir = open(path, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	auto_free char *root = xasprintf("%s/cgroup.procs", mount);

	if (dir < 0)
		return errno == ENOENT ? 0 : err_sys(e, "open the control group %s", path);
	if (check(mount, path, dir, e) < 0)
		return -1;
	auto_close int procs = open(root, O_WRONLY | O_CLOEXEC);
	const struct walk w = { .root_procs = procs, .deadline = now_ms() + PATIENCE_MS };

	if (procs < 0)
		return err_sys(e, "open %s (control groups belong to root)", root);
	return move_all(&w, dir, path, e) < 0 ? -1 : clear_below(&w, dir, path, 0, e);
}

int cgroup_tree_remove(const char *mount, const char *path, struct err *e)
{
	const struct walk w = { .deadline = now_ms() + PATIENCE_MS };

	if (cgroup_tree_clear(mount, path, e) < 0)
		return -1;
	return remove_group(&w, AT_FDCWD, path, e);
}
