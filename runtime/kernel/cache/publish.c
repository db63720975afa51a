/* Putting an entry into the kernel cache: whole or not at all, one writer per key, readers never disturbed. */
#include "kernel/cache/entry.h"

#include "base/err.h"
#include "system/kill.h"
#include "base/file.h"
#include "json/write.h"
#include "base/lock.h"
#include "base/mem.h"
#include "base/room.h"
#include "base/stop.h"
#include "base/syscalls.h"
#include "system/refused.h"
#include <dirent.h>
#include <errno.h>
#include <limits.h>
#include <signal.h>
#include <sys/stat.h>
#include <time.h>

enum { LOCK_WAIT_MS = 120 * 1000, CONFIG_MAX = 16 << 20, QUIET_S = 3600 };

/* An image, and an ELF file with its BTF: far more in general, and never less. */
static const uint64_t entry_least = 20000000;

/* A draft of ours is called ".tmp-{key}.pid{pid}": whoever writes it holds the key's lock, so the pid only tells people whose
 * it was. ktstr 0.3.2 calls its ".tmp-{key}-{pid}" and knows no locks. */
static const char own_mark[] = ".pid", their_mark[] = "-";

static char *own_draft(const char *key)
{
	return xasprintf(".tmp-%s%s%d", key, own_mark, getpid());
}

/* Whether name is a draft; its key, which the caller frees, and the writer's pid when it is none of ours, else 0. */
static bool draft_of(const char *name, char **key, pid_t *theirs)
{
	static const char prefix[] = ".tmp-";
	const char *end = name + strlen(name), *start = name + sizeof(prefix) - 1;

	if (strncmp(name, prefix, sizeof(prefix) - 1) != 0)
		return false;
	while (end > start && end[-1] >= '0' && end[-1] <= '9')
		end--;
	long pid = strtol(end, NULL, 10);
	bool ours = end - start > (ptrdiff_t)strlen(own_mark) &&
		    !strncmp(end - strlen(own_mark), own_mark, strlen(own_mark));
	const char *mark = ours ? own_mark : their_mark;

	end -= strlen(mark);
	if (pid <= 0 || pid > INT_MAX || end <= start || strncmp(end, mark, strlen(mark)) != 0)
		return false;
	*theirs = ours ? 0 : (pid_t)pid;
	*key = xstrndup(start, (size_t)(end - start));
	return true;
}

static bool gone(pid_t pid)
{
	return kill_process(pid, 0) < 0 && errno == ESRCH;
}

/* Nobody has written there for so long that nobody will. */
static bool is_quiet(int root, const char *name)
{
	int fd = openat(root, name, O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);
	DIR *d = fd < 0 ? NULL : fdopendir(fd);
	const time_t before = time(NULL) - QUIET_S;
	struct stat st;
	bool quiet = d != NULL;

	for (const struct dirent *ent; quiet && (ent = readdir(d));)
		quiet = strcmp(ent->d_name, "..") == 0 ||
			(fstatat(fd, ent->d_name, &st, AT_SYMLINK_NOFOLLOW) == 0 && st.st_mtime < before);
	if (d)
		closedir(d);
	return quiet;
}

/* What is left of writers of this key that are gone. We hold its lock, so all that is called as ours is. A pid that is not there
 * may be another container's, whose writer is at work: of theirs what is quiet goes. */
static void collect(int root, const char *key)
{
	int fd = openat(root, ".", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	DIR *d = fd < 0 ? NULL : fdopendir(fd);
	struct err ignored;

	if (!d)
		return;
	for (const struct dirent *ent; (ent = readdir(d));) {
		auto_free char *of = NULL;
		pid_t theirs;

		if (draft_of(ent->d_name, &of, &theirs) && !strcmp(of, key) &&
		    (!theirs || (gone(theirs) && is_quiet(root, ent->d_name))))
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
	if (file_copy(AT_FDCWD, src, dir, name, 0666, e) < 0)
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
	if (rename_exchange(root, tmp, key) == 0)
		return rmtree(root, tmp, e);
	if (!syscall_refused(errno))
		return err_sys(e, "exchange");
	/* A file system without exchange: readers may see no entry for a moment. */
	if (rmtree(root, key, e) < 0)
		return -1;
	return renameat(root, tmp, root, key) < 0 ? err_sys(e, "rename") : 0;
}

static int publish(int root, const char *key, const struct kernel_meta *m, const struct kernel_files *f, struct err *e)
{
	auto_free char *tmp = own_draft(key);
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

	if (flock_take(root, lock_name, &lock, now_ms() + LOCK_WAIT_MS, e) < 0)
		return -1;
	collect(root, key);
	r = publish(root, key, m, f, e);
	flock_drop(root, lock_name, &lock);
	return r;
}

static int open_root(const char *path, struct err *e)
{
	if (mkdir_p(AT_FDCWD, path, 0777, e) < 0)
		return err_as(e, e->code == X_DISK_FULL ? X_DISK_FULL : X_STORE,
			      "kernel cache (KTSTR_CACHE_DIR can name another folder)");
	int root = open(path, O_RDONLY | O_DIRECTORY | O_CLOEXEC);

	if (root >= 0)
		return root;
	err_sys(e, "open %s", path);
	return err_as(e, X_STORE, "kernel cache");
}

/* As publish() does, but for the file. */
static int try_root(int root, struct err *e)
{
	auto_free char *name = xasprintf(".try-%d", getpid());
	auto_close int lock = -1;

	if (flock_try(root, name, &lock, e) < 0)
		return -1;
	int r = fsync(root) < 0 ? err_sys(e, "sync") : 0;

	flock_drop(root, name, &lock);
	return r;
}

int kernel_store_try(struct err *e)
{
	auto_free char *path = kernel_root(e);
	auto_close int root = path ? open_root(path, e) : -1;
	uint64_t room;

	if (root < 0)
		return -1;
	if (try_root(root, e) < 0)
		return err_as(e, e->code == X_FAIL ? X_STORE : e->code,
			      "no kernel can be added to %s (KTSTR_CACHE_DIR can name another folder)", path);
	if (!room_fd(root, &room) || room >= entry_least)
		return 0;
	return err_set(
		e, X_DISK_FULL,
		"no kernel can be added to %s: %.1f MB are free there, and the smallest takes %.0f; make room or name "
		"another folder by KTSTR_CACHE_DIR",
		path, (double)room / 1e6, (double)entry_least / 1e6);
}

int kernel_store(const char *key, const struct kernel_meta *m, const struct kernel_files *f, struct err *e)
{
	struct kernel_meta full = *m; /* borrowed strings, never freed through this copy */
	char hash[9], now[32];
	auto_free char *path = NULL;

	if (kernel_key_check(key, e) < 0 || !(path = kernel_root(e)))
		return -1;
	if (f->config && config_hash(f->config, hash, e) < 0)
		return -1;
	stamp(now, sizeof(now));
	full.config_hash = f->config ? hash : NULL;
	full.vmlinux_name = f->vmlinux ? (char *)"vmlinux" : NULL;
	if (!full.built_at)
		full.built_at = now;
	auto_close int root = open_root(path, e);

	if (root < 0)
		return -1;
	if (store_locked(root, key, &full, f, e) < 0)
		return err_as(e, e->code == X_FAIL ? X_STORE : e->code,
			      "kernel cache entry %s in %s (KTSTR_CACHE_DIR can name another folder)", key, path);
	return 0;
}

/* Out of sight by one rename, so that nobody finds half an entry. */
static int remove_locked(int root, const struct kernel_entry *k, struct err *e)
{
	auto_free char *tmp = own_draft(k->key);
	struct stat st;

	collect(root, k->key);
	if (fstatat(root, k->key, &st, 0) == 0 && st.st_ino != k->inode)
		return KERNEL_IN_WORK;
	if (renameat(root, k->key, root, tmp) == 0)
		return rmtree(root, tmp, e);
	return errno == ENOENT ? KERNEL_REMOVED : err_sys(e, "remove");
}

/* A name that leaves no room for the names of lock and draft is nobody's entry: neither we nor 0.3.2 can write it. */
static bool is_writable(const char *key)
{
	return strlen(key) + sizeof(".lock-") - 1 + sizeof(".pid4194304") - 1 <= NAME_MAX;
}

int kernel_remove(const struct kernel_entry *k, struct err *e)
{
	auto_free char *path = kernel_root(e);
	auto_free char *lock_name = xasprintf(".lock-%s", k->key);
	auto_close int root = -1, lock = -1;
	int r;

	if (!path)
		return -1;
	if (strchr(k->key, '/') || k->key[0] == '.')
		return err_set(e, X_FAIL, "\"%s\" cannot be a cache entry", k->key);
	root = open(path, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	if (root < 0)
		return err_sys(e, "open %s", path);
	if (!is_writable(k->key))
		return rmtree(root, k->key, e) < 0 ? err_in(e, "remove %s", k->key) : KERNEL_REMOVED;
	r = flock_try(root, lock_name, &lock, e);
	if (r == LOCK_BUSY)
		return KERNEL_IN_WORK;
	if (r == 0) {
		r = remove_locked(root, k, e);
		flock_drop(root, lock_name, &lock);
	}
	return r < 0 ? err_in(e, "remove %s", k->key) : r;
}

/* Whoever has the lock works on that key, perhaps in another container. */
static void collect_key(int root, const char *key)
{
	auto_free char *lock_name = xasprintf(".lock-%s", key);
	auto_close int lock = -1;
	struct err ignored;

	if (flock_try(root, lock_name, &lock, &ignored) != LOCK_TAKEN)
		return;
	collect(root, key);
	flock_drop(root, lock_name, &lock);
}

void kernel_collect(void)
{
	struct err ignored = { 0 };
	auto_free char *path = kernel_root(&ignored);
	DIR *d = path ? opendir(path) : NULL;

	if (!d)
		return;
	for (const struct dirent *ent; (ent = readdir(d));) {
		auto_free char *key = NULL;
		pid_t theirs;

		if (!strncmp(ent->d_name, ".lock-", 6))
			collect_key(dirfd(d), ent->d_name + 6);
		else if (draft_of(ent->d_name, &key, &theirs))
			collect_key(dirfd(d), key);
	}
	closedir(d);
}
