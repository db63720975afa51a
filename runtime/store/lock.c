/* lock.c: flock, and the care that a file which comes and goes needs. */
#include "store/lock.h"

#include <errno.h>
#include <fcntl.h>
#include <stdbool.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/err.h"
#include "base/mem.h"
#include "base/stop.h"
#include "store/error.h"
#include "store/store.h"

enum { ASK_AGAIN_MS = 20 };

/* The holder before us removed the file, and another may have made and locked a new one. */
static bool still_named(struct store *st, const char *path, int fd)
{
	struct stat ours, named;

	return fstat(fd, &ours) == 0 && fstatat(st->dir, path, &named, AT_SYMLINK_NOFOLLOW) == 0 &&
	       ours.st_dev == named.st_dev && ours.st_ino == named.st_ino;
}

int lock_try(struct store *st, const char *key, int *fd, struct err *e)
{
	auto_free char *path = xasprintf("locks/%s", key);

	for (;;) {
		auto_close int new = openat(st->dir, path, O_RDWR | O_CREAT | O_CLOEXEC | O_NOFOLLOW, 0666);

		if (new < 0) {
			err_sys(e, "open %s", path);
			return store_err(st, e);
		}
		if (flock(new, LOCK_EX | LOCK_NB) < 0) {
			if (errno == EWOULDBLOCK)
				return LOCK_BUSY;
			if (errno == EINTR)
				continue;
			err_sys(e, "lock %s", path);
			return store_err(st, e);
		}
		if (still_named(st, path, new)) {
			*fd = TAKE_FD(new);
			return LOCK_TAKEN;
		}
	}
}

/* An flock that is given back tells nobody but those blocked in flock(), where no stop can reach us; so we ask again
 * now and then, which is cheap beside anything worth storing. */
int lock_take(struct store *st, const char *key, int *fd, struct err *e)
{
	int rc;

	while ((rc = lock_try(st, key, fd, e)) == LOCK_BUSY)
		if (stop_poll(NULL, 0, now_ms() + ASK_AGAIN_MS, e) < 0)
			return err_in(e, "waiting for another process that makes the same");
	return rc;
}

void lock_drop(struct store *st, const char *key, int *fd)
{
	auto_free char *path = xasprintf("locks/%s", key);

	if (*fd < 0)
		return;
	unlinkat(st->dir, path, 0);
	close(TAKE_FD(*fd));
}
