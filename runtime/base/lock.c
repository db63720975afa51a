#include "base/lock.h"

#include <errno.h>
#include <fcntl.h>
#include <stdbool.h>
#include <stddef.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/err.h"
#include "base/mem.h"
#include "base/stop.h"

enum { ASK_AGAIN_MS = 20 };

/* The holder before us removed the file, and another may have made and locked a new one. */
static bool still_named(int dir, const char *name, int fd)
{
	struct stat ours, named;

	return fstat(fd, &ours) == 0 && fstatat(dir, name, &named, AT_SYMLINK_NOFOLLOW) == 0 &&
	       ours.st_dev == named.st_dev && ours.st_ino == named.st_ino;
}

int lock_open(int dir, const char *name, int create)
{
	const int flags = O_RDWR | create | O_CLOEXEC | O_NOFOLLOW;
	int fd = openat(dir, name, flags, 0666);

	if (fd >= 0 || (errno != ELOOP && errno != EISDIR && errno != ENXIO))
		return fd;
	const int why = errno;

	if (unlinkat(dir, name, why == EISDIR ? AT_REMOVEDIR : 0) < 0) {
		errno = why;
		return -1;
	}
	return openat(dir, name, flags, 0666);
}

int flock_try(int dir, const char *name, int *fd, struct err *e)
{
	for (;;) {
		auto_close int new = lock_open(dir, name, O_CREAT);

		if (new < 0)
			return err_sys(e, "open %s", name);
		if (flock(new, LOCK_EX | LOCK_NB) < 0) {
			if (errno == EWOULDBLOCK)
				return LOCK_BUSY;
			if (errno == EINTR)
				continue;
			return err_sys(e, "lock %s", name);
		}
		if (still_named(dir, name, new)) {
			*fd = TAKE_FD(new);
			return LOCK_TAKEN;
		}
	}
}

/* An flock that is given back tells nobody but those blocked in flock(), where no stop can reach us; so we ask again
 * now and then, which is cheap beside anything worth a lock. */
int flock_take(int dir, const char *name, int *fd, long long deadline, struct err *e)
{
	int rc;

	while ((rc = flock_try(dir, name, fd, e)) == LOCK_BUSY) {
		if (deadline >= 0 && now_ms() >= deadline)
			return err_set(e, X_TIMEOUT, "%s is held by another process", name);
		if (stop_poll(NULL, 0, now_ms() + ASK_AGAIN_MS, e) < 0)
			return -1;
	}
	return rc;
}

void flock_drop(int dir, const char *name, int *fd)
{
	if (*fd < 0)
		return;
	(void)unlinkat(dir, name, 0); /* an empty file that stays is harmless */
	close(TAKE_FD(*fd));
}
