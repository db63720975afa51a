#include "store/try.h"

#include <fcntl.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/err.h"
#include "base/mem.h"
#include "store/error.h"
#include "store/store.h"

/* synced: a file to flush, or -1: the new one. */
static int try_folder(int dir, int synced, struct err *e)
{
	auto_free char *name = xasprintf(".try.%ld", (long)getpid());
	auto_close int fd = openat(dir, name, O_RDWR | O_CREAT | O_TRUNC | O_NOFOLLOW | O_CLOEXEC, 0600);
	int r = 0;

	if (fd < 0)
		return 0;
	if (fchmodat(dir, name, 0444, 0) < 0)
		r = err_sys(e, "its file system refuses chmod");
	else if (fsync(synced < 0 ? fd : synced) < 0)
		r = err_sys(e, "its file system refuses fsync");
	else if (flock(fd, LOCK_EX | LOCK_NB) < 0)
		r = err_sys(e, "its file system refuses locks");
	unlinkat(dir, name, 0);
	return r;
}

int try_new(int dir, struct err *e)
{
	return try_folder(dir, -1, e);
}

int store_try(const struct store *st, struct err *e)
{
	auto_close int format = openat(st->dir, "format", O_RDONLY | O_CLOEXEC);

	return try_folder(st->dir, format, e) < 0 ? store_err(st, e) : 0;
}
