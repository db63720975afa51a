/* Putting an entry into the kernel cache: whole or not at all, one writer per key, readers never disturbed. */
#include "kernel/entry.h"

#include "base/err.h"
#include "base/file.h"
#include "base/jsonw.h"
#include "base/mem.h"
#include "base/stop.h"
#include <dirent.h>
#include <errno.h>
#include <signal.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <time.h>

enum { LOCK_WAIT_MS = 120 * 1000, LOCK_RETRY_MS = 20, CONFIG_MAX = 16 << 20 };

/* The lock file goes away with its last user; who locked a file that is gone by then tries again with the new one. */
static int lock_try(int root, const char *name, int *fd, struct err *e)
{
	auto_close int f = openat(root, name, O_RDWR | O_CREAT | O_CLOEXEC | O_NOFOLLOW, 0666);
	struct stat mine, there;

	if (f < 0)
		return err_sys(e, "open %s", name);
	if (flock(f, LOCK_EX | LOCK_NB) < 0)
		return errno == EWOULDBLOCK ? 1 : err_sys(e, "lock %s", name);
	if (fstat(f, &mine) < 0 || fstatat(root, name, &there, 0) < 0 || mine.st_ino != there.st_ino)
		return 1;
	*fd = TAKE_FD(f);
	return 0;
}

static int lock_take(int root, const char *name, int *fd, struct err *e)
{
	long long deadline = now_ms() + LOCK_WAIT_MS;

	for (;;) {
		int r = lock_try(root, name, fd, e);

		if (r <= 0)
			return r;
		if (now_ms() > deadline)
			return err_set(e, X_TIMEOUT, "%s is held by another process", name);
		if (stop_poll(NULL, 0, now_ms() + LOCK_RETRY_MS, e) < 0)
			return -1;
	}
}

/* ".tmp-{key}-{pid}" whose process is gone; with a key, those of it, also our own: we hold its lock. */
static void collect(int root, const char *key)
{
	int fd = openat(root, ".", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	DIR *d = fd < 0 ? NULL : fdopendir(fd);
	struct err ignored;

	if (!d)
		return;
	for (const struct dirent *ent; (ent = readdir(d));) {
		const char *dash = strrchr(ent->d_name, '-');
		size_t prefix = strlen(".tmp-");
		char *end;

		if (!dash || strncmp(ent->d_name, ".tmp-", prefix) != 0 || dash < ent->d_name + prefix)
			continue;
		size_t n = (size_t)(dash - ent->d_name) - prefix;
		long pid = strtol(dash + 1, &end, 10);

		if (*end || pid <= 0 || (key && (strlen(key) != n || strncmp(ent->d_name + prefix, key, n) != 0)))
			continue;
		if ((key && pid == getpid()) || (kill((pid_t)pid, 0) < 0 && errno == ESRCH))
			(void)rmtree(root, ent->d_name, &ignored); /* costs space, not correctness */
	}
	closedir(d);
}

static int sync_path(int dir, const char *name, struct err *e)
{
	auto_close int fd = openat(dir, name, O_RDONLY | O_CLOEXEC);

	if (fd < 0 || fsync(fd) < 0)
		return err_sys(e, "sync %s", name);
	return 0;
}

static int add_file(int dir, const char *src, const char *name, struct err *e)
{
	if (!src)
		return 0;
	if (file_copy(AT_FDCWD, src, dir, name, 0644, e) < 0)
		return err_in(e, "copy %s", name);
	return sync_path(dir, name, e);
}

static int add_meta(int dir, const struct kernel_meta *m, struct err *e)
{
	auto_draft struct draft d = { 0 };
	struct jsonw w;

	if (draft_open(&d, dir, "metadata.json", e) < 0)
		return -1;
	jsonw_init(&w, d.f);
	kernel_meta_write(&w, m);
	jsonw_done(&w);
	return draft_publish(&d, "metadata.json", true, e);
}

static int fill(int dir, const struct kernel_meta *m, const struct kernel_files *f, struct err *e)
{
	if (add_file(dir, f->image, m->image_name, e) < 0 || add_file(dir, f->vmlinux, "vmlinux", e) < 0 ||
	    add_file(dir, f->config, ".config", e) < 0 || add_meta(dir, m, e) < 0)
		return -1;
	return fsync(dir) < 0 ? err_sys(e, "sync") : 0;
}

/* One rename; a present entry changes places with ours and is removed under the temporary name afterwards. */
static int exchange(int root, const char *tmp, const char *key, struct err *e)
{
	if (renameat(root, tmp, root, key) == 0)
		return 0;
	if (errno != ENOTEMPTY && errno != EEXIST && errno != ENOTDIR)
		return err_sys(e, "rename");
	if (renameat2(root, tmp, root, key, RENAME_EXCHANGE) == 0)
		return rmtree(root, tmp, e);
	if (errno != EINVAL && errno != ENOSYS)
		return err_sys(e, "exchange");
	/* A file system without exchange: readers may see no entry for a moment. */
	if (rmtree(root, key, e) < 0)
		return -1;
	return renameat(root, tmp, root, key) < 0 ? err_sys(e, "rename") : 0;
}

static int publish(int root, const char *key, const struct kernel_meta *m, const struct kernel_files *f, struct err *e)
{
	auto_free char *tmp = xasprintf(".tmp-%s-%d", key, getpid());
	auto_close int dir = -1;
	struct err ignored;
	int r = -1;

	if (mkdirat(root, tmp, 0777) < 0)
		return err_sys(e, "create %s", tmp);
	dir = openat(root, tmp, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	if (dir < 0)
		err_sys(e, "open %s", tmp);
	else if (fill(dir, m, f, e) == 0 && exchange(root, tmp, key, e) == 0)
		r = fsync(root) < 0 ? err_sys(e, "sync") : 0;
	if (r < 0)
		(void)rmtree(root, tmp, &ignored); /* the first error is the one to tell */
	return r;
}

static int config_hash(const char *config, char hex[9], struct err *e)
{
	auto_free char *text = NULL;
	size_t n;

	if (file_read(AT_FDCWD, config, CONFIG_MAX, &text, &n, e) < 0)
		return -1;
	crc_hex(text, n, hex);
	return 0;
}

static void stamp(char *text, size_t max)
{
	time_t now = time(NULL);
	struct tm tm;

	strftime(text, max, "%Y-%m-%dT%H:%M:%SZ", gmtime_r(&now, &tm));
}

static int store_locked(int root, const char *key, const struct kernel_meta *m, const struct kernel_files *f,
			struct err *e)
{
	auto_free char *lock_name = xasprintf(".lock-%s", key);
	auto_close int lock = -1;
	int r;

	if (lock_take(root, lock_name, &lock, e) < 0)
		return -1;
	collect(root, key);
	r = publish(root, key, m, f, e);
	(void)unlinkat(root, lock_name, 0); /* an empty file that stays is harmless */
	return r;
}

int kernel_store(const char *key, const struct kernel_meta *m, const struct kernel_files *f, struct err *e)
{
	struct kernel_meta full = *m; /* borrowed strings, never freed through this copy */
	char hash[9], now[32];
	auto_free char *path = NULL;
	auto_close int root = -1;

	if (kernel_key_check(key, e) < 0 || !(path = kernel_root(e)))
		return -1;
	if (f->config && config_hash(f->config, hash, e) < 0)
		return -1;
	stamp(now, sizeof(now));
	full.config_hash = f->config ? hash : NULL;
	full.vmlinux_name = f->vmlinux ? (char *)"vmlinux" : NULL;
	if (!full.built_at)
		full.built_at = now;
	if (mkdir_p(AT_FDCWD, path, 0777, e) < 0)
		return err_as(e, e->code == X_DISK_FULL ? X_DISK_FULL : X_STORE,
			      "kernel cache (KTSTR_CACHE_DIR can name another folder)");
	if ((root = open(path, O_RDONLY | O_DIRECTORY | O_CLOEXEC)) < 0) {
		err_sys(e, "open %s", path);
		return err_as(e, X_STORE, "kernel cache");
	}
	if (store_locked(root, key, &full, f, e) < 0)
		return err_as(e, e->code == X_FAIL ? X_STORE : e->code,
			      "kernel cache entry %s in %s (KTSTR_CACHE_DIR can name another folder)", key, path);
	return 0;
}

/* Out of sight by one rename, so that nobody finds half an entry. */
static int remove_locked(int root, const char *key, struct err *e)
{
	auto_free char *lock_name = xasprintf(".lock-%s", key);
	auto_free char *tmp = xasprintf(".tmp-%s-%d", key, getpid());
	auto_close int lock = -1;
	int r = 0;

	if (lock_take(root, lock_name, &lock, e) < 0)
		return -1;
	collect(root, key);
	if (renameat(root, key, root, tmp) == 0)
		r = rmtree(root, tmp, e);
	else if (errno != ENOENT)
		r = err_sys(e, "remove");
	(void)unlinkat(root, lock_name, 0); /* an empty file that stays is harmless */
	return r;
}

int kernel_remove(const char *key, struct err *e)
{
	auto_free char *path = kernel_root(e);
	auto_close int root = -1;

	if (!path)
		return -1;
	if (strchr(key, '/') || key[0] == '.')
		return err_set(e, X_FAIL, "\"%s\" cannot be a cache entry", key);
	root = open(path, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	if (root < 0)
		return err_sys(e, "open %s", path);
	return remove_locked(root, key, e) < 0 ? err_in(e, "remove %s", key) : 0;
}

void kernel_collect(void)
{
	struct err ignored = { 0 };
	auto_free char *path = kernel_root(&ignored);
	auto_close int root = path ? open(path, O_RDONLY | O_DIRECTORY | O_CLOEXEC) : -1;

	if (root >= 0)
		collect(root, NULL);
}
