#include "gen/graph/folder.h"
#include "base/err.h"
#include "base/file.h"
#include "base/lock.h"
#include "progress/log.h"
#include "progress/pace.h"
#include "base/mem.h"
#include "base/stop.h"
#include "base/syscalls.h"
#include "gen/graph/ninja.h"
#include "gen/graph/plan.h"
#include "arch/arch.h"
#include "host/tool.h"
#include "vm/qemu.h"
#include "store/gc.h"
#include "text/name.h"
#include "store/error.h"
#include "store/store.h"
#include "store/try.h"
#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <sys/file.h>
#include <sys/stat.h>

static int lock_folder(int dir, struct err *e)
{
	int fd = lock_open(dir, "lock", O_CREAT);

	if (fd < 0)
		return errno == EACCES ? store_owner_err(dir, "lock", e) : err_sys(e, "open the build folder's lock");
	bool told = false;

	while (flock(fd, LOCK_EX | LOCK_NB) < 0) {
		if (errno != EWOULDBLOCK && errno != EINTR) {
			(void)err_sys(e, "lock the build folder");
			close(fd);
			return -1;
		}
		if (!told)
			log_info("waiting for an equal request that is already running");
		told = true;
		if (stop_poll(NULL, 0, now_ms() + 50, e) < 0) {
			close(fd);
			return -1;
		}
	}
	return fd;
}

/* Whoever threw it out (store/inventory.h) had both locks. */
static bool still_named(const char *path, int dir)
{
	struct stat ours, named;

	return fstat(dir, &ours) == 0 && stat(path, &named) == 0 && ours.st_ino == named.st_ino &&
	       ours.st_dev == named.st_dev;
}

/* What has one of our names and is something else: ninja would wait for a pipe's writer, and no file can be put in the place
 * of a folder. */
static void clear_unless(int dir, const char *name, mode_t type)
{
	struct err ignored;
	struct stat st;

	if (fstatat(dir, name, &st, AT_SYMLINK_NOFOLLOW) == 0 && (st.st_mode & S_IFMT) != type)
		(void)rmtree(dir, name, &ignored);
}

static void clear_strangers(int dir)
{
	static const char *const files[] = { ".ninja_log", ".ninja_deps", "build.ninja", "sizes", "inputs" };

	for (size_t i = 0; i < countof(files); i++)
		clear_unless(dir, files[i], S_IFREG);
	clear_unless(dir, "tools", S_IFDIR);
}

/* The build folder rel of the store, and ours alone. */
static int take(struct folder *b, const struct store *st, const char *rel, struct err *e)
{
	for (;;) {
		clear_unless(st->dir, rel, S_IFDIR);
		if (mkdir_p(st->dir, rel, 0777, e) < 0)
			return err_as(e, e->code == X_DISK_FULL ? X_DISK_FULL : X_STORE,
				      "the store %s cannot be used (KTSTR_STORE can name another folder)", st->path);
		auto_close int fd = open(b->path, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
		auto_close int lock = -1, used = -1;

		if (fd >= 0 && access_at(fd, ".", W_OK) < 0 && errno == EACCES) {
			(void)store_owner_err(st->dir, rel, e);
			return store_err(st, e);
		}

		if (fd < 0 && errno == ENOENT)
			continue;
		if (fd < 0)
			return err_sys(e, "open %s", b->path);
		if ((lock = lock_folder(fd, e)) < 0 || (used = store_use_graph(fd, e)) < 0) {
			if (e->code != X_INTERRUPTED && !still_named(b->path, fd))
				continue;
			return store_err(st, e);
		}
		if (!still_named(b->path, fd))
			continue;
		b->dir = TAKE_FD(fd);
		b->used = TAKE_FD(used);
		b->lock = TAKE_FD(lock);
		clear_strangers(b->dir);
		return 0;
	}
}

/* Ninja sees another program by these files. */
static int write_tools(int dir, const struct plan *p, struct err *e)
{
	if (p->tools.n && mkdir_p(dir, "tools", 0777, e) < 0)
		return -1;
	for (size_t i = 0; i < p->tools.n; i++) {
		const char *name = p->tools.v[i];
		bool qemu = !strcmp(name, qemu_program(&arch_x86_64));
		auto_free char *facts = qemu ? qemu_facts(&arch_x86_64) : tool_facts(name),
			       *file = plan_tool_file(name);

		clear_unless(dir, file, S_IFREG);
		if (file_write(dir, file, facts, strlen(facts), e) < 0)
			return -1;
	}
	return 0;
}

int folder_take(struct folder *b, const struct plan *p, struct err *e)
{
	auto_store struct store st = { .dir = -1 };
	auto_free char *text = NULL;
	char hex[NAME_LEN + 1];
	size_t n;

	auto_pace struct pace pace;

	*b = FOLDER_NONE;
	pace_begin(&pace, "writing down", p->n_edges, "steps");
	if (plan_check(p, e) < 0 || store_open(&st, NULL, e) < 0 || store_try(&st, e) < 0)
		return -1;
	FILE *f = xlongstream(&text, &n);

	ninja_write(f, p, false, &pace);
	fclose(f);
	name_hex(text, n, hex);
	auto_free char *rel = xasprintf("graphs/%s-%.10s", p->name, hex);

	b->path = xasprintf("%s/%s", st.path, rel);
	if (take(b, &st, rel, e) < 0)
		return -1;
	/* The order in which steps begin is no part of what is asked for. */
	if (plan_is_ranked(p)) {
		free(TAKE(text));
		f = xlongstream(&text, &n);
		pace_end(&pace);
		pace_begin(&pace, "putting in order", p->n_edges, "steps");
		ninja_write(f, p, true, &pace);
		fclose(f);
	}
	if (file_write(b->dir, "build.ninja", text, n, e) < 0 || write_tools(b->dir, p, e) < 0)
		return store_err(&st, e);
	return 0;
}

bool folder_alone(struct folder *b)
{
	bool locked = b->lock >= 0;

	if (!locked) {
		b->lock = lock_open(b->dir, "lock", 0);
		if (b->lock < 0 || flock(b->lock, LOCK_EX | LOCK_NB) < 0) {
			folder_unlock(b);
			return false;
		}
	}
	bool alone = b->used >= 0 && flock(b->used, LOCK_EX | LOCK_NB) == 0;

	if (!alone && b->used >= 0)
		(void)flock(b->used, LOCK_SH);
	return alone;
}

void folder_unlock(struct folder *b)
{
	if (b->lock >= 0)
		close(TAKE_FD(b->lock));
}

void folder_release(struct folder *b)
{
	folder_unlock(b);
	if (b->used >= 0)
		close(TAKE_FD(b->used));
	if (b->dir >= 0)
		close(TAKE_FD(b->dir));
	free(b->path);
	b->path = NULL;
}
