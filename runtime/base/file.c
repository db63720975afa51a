/* file.c: drafts, whole-file reads and writes, copies. Trees and well-known places: tree.c. */
#include "base/file.h"

#include <errno.h>
#include <linux/fs.h>
#include <poll.h>
#include <stdint.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/err.h"
#include "base/mem.h"
#include "base/stop.h"
#include "base/syscalls.h"
#include "system/refused.h"

/* "dir/.name.XXXXXX.tmp" beside "dir/name"; a very long name is shortened to stay within NAME_MAX. */
static char *draft_name(const char *name)
{
	static const char letters[] = "abcdefghijklmnopqrstuvwxyz012345";
	const char *slash = strrchr(name, '/');
	const char *base = slash ? slash + 1 : name;
	unsigned char bytes[6] = { 0 };
	char random[sizeof(bytes) + 1] = "";

	/* A short read only makes a clash likelier, and O_EXCL notices those. */
	(void)random_bytes(bytes, sizeof(bytes));
	for (size_t i = 0; i < sizeof(bytes); i++)
		random[i] = letters[bytes[i] % (sizeof(letters) - 1)];
	return xasprintf("%.*s.%.200s.%s.tmp", (int)(base - name), name, base, random);
}

int draft_open(struct draft *d, int dir, const char *name, struct err *e)
{
	for (int tries = 0; tries < 100; tries++) {
		char *tmp = draft_name(name);
		int fd = openat(dir, tmp, O_RDWR | O_CREAT | O_EXCL | O_CLOEXEC, 0666);

		if (fd >= 0) {
			*d = (struct draft){ .f = fdopen(fd, "w+"), .dir = dir, .tmp = tmp };
			if (d->f)
				return 0;
			err_sys(e, "create %s", name);
			close(fd);
			draft_drop(d);
			return -1;
		}
		free(tmp);
		if (errno != EEXIST)
			return err_sys(e, "create %s", name);
	}
	errno = EEXIST;
	return err_sys(e, "create %s", name);
}

static int draft_finish(struct draft *d, const char *name, bool sync, struct err *e)
{
	if (fflush(d->f) < 0)
		return err_sys(e, "write %s", name);
	if (ferror(d->f))
		return err_set(e, X_FAIL, "write %s: an earlier write failed", name);
	if (sync && fsync(fileno(d->f)) < 0)
		return err_sys(e, "write %s", name);
	if (fclose(TAKE(d->f)) < 0)
		return err_sys(e, "write %s", name);
	if (renameat(d->dir, d->tmp, d->dir, name) < 0)
		return err_sys(e, "put %s in place", name);
	free(TAKE(d->tmp));
	return 0;
}

int draft_publish(struct draft *d, const char *name, bool sync, struct err *e)
{
	int r = draft_finish(d, name, sync, e);

	draft_drop(d);
	return r;
}

void draft_drop(struct draft *d)
{
	if (d->f)
		fclose(d->f);
	if (d->tmp) {
		unlinkat(d->dir, d->tmp, 0);
		free(d->tmp);
	}
	*d = (struct draft){ 0 };
}

/* Named pipes are opened without blocking, so a wait for their writer stays interruptible. */
static ssize_t read_some(int fd, void *buf, size_t n, const char *what, struct err *e)
{
	for (;;) {
		ssize_t got = read(fd, buf, n);

		if (got >= 0)
			return got;
		if (errno == EAGAIN) {
			struct pollfd p = { .fd = fd, .events = POLLIN };

			if (stop_poll(&p, 1, -1, e) < 0)
				return err_in(e, "read %s", what);
		} else if (errno != EINTR) {
			return err_sys(e, "read %s", what);
		}
	}
}

static size_t size_hint(int fd, size_t max)
{
	struct stat st;

	if (fstat(fd, &st) < 0 || !S_ISREG(st.st_mode) || st.st_size <= 0)
		return 4096;
	return (uintmax_t)st.st_size < max ? (size_t)st.st_size + 1 : max;
}

int file_read_fd(int fd, const char *what, size_t max, char **text, size_t *n, struct err *e)
{
	auto_free char *buf = NULL;
	size_t len = 0, cap = size_hint(fd, max);

	/* One byte beyond max tells "more" from "just fits"; one more holds the NUL. */
	if (max > SIZE_MAX / 2)
		max = SIZE_MAX / 2;
	buf = xmalloc(cap + 2);
	for (;;) {
		ssize_t got = read_some(fd, buf + len, cap + 1 - len, what, e);

		if (got < 0)
			return (int)got;
		if (got == 0)
			break;
		len += (size_t)got;
		if (len > max)
			return err_set(e, X_FAIL, "read %s: larger than %zu bytes", what, max);
		if (len > cap) {
			cap = cap > max / 2 ? max : cap * 2;
			buf = xreallocarray(buf, cap + 2, 1);
		}
	}
	buf[len] = '\0';
	*text = TAKE(buf);
	if (n)
		*n = len;
	return 0;
}

int file_read(int dir, const char *path, size_t max, char **text, size_t *n, struct err *e)
{
	auto_close int fd = openat(dir, path, O_RDONLY | O_CLOEXEC | O_NONBLOCK | O_NOCTTY);

	if (fd < 0)
		return err_sys(e, "open %s", path);
	return file_read_fd(fd, path, max, text, n, e);
}

int write_all(int fd, const void *data, size_t n, const char *what, struct err *e)
{
	const char *p = data;

	while (n > 0) {
		ssize_t put = write(fd, p, n);

		if (put < 0 && errno == EAGAIN) {
			struct pollfd w = { .fd = fd, .events = POLLOUT };

			if (stop_poll(&w, 1, -1, e) < 0)
				return err_in(e, "write %s", what);
			continue;
		}
		if (put < 0 && errno == EINTR)
			continue;
		if (put < 0)
			return err_sys(e, "write %s", what);
		p += put;
		n -= (size_t)put;
	}
	return 0;
}

ssize_t read_full(int fd, void *buf, size_t n)
{
	char *to = buf;
	size_t have = 0;

	while (have < n) {
		ssize_t got = read(fd, to + have, n - have);

		if (got < 0 && errno == EINTR)
			continue;
		if (got < 0)
			return -1;
		if (got == 0)
			break;
		have += (size_t)got;
	}
	return (ssize_t)have;
}

/* Whether fd is a regular file that holds exactly these bytes. */
static bool holds(int fd, const char *data, size_t n)
{
	struct stat st;
	char buf[16384];

	if (fstat(fd, &st) < 0 || !S_ISREG(st.st_mode) || (uintmax_t)st.st_size != n)
		return false;
	for (size_t off = 0; off < n;) {
		size_t want = n - off < sizeof(buf) ? n - off : sizeof(buf);

		if (read_full(fd, buf, want) != (ssize_t)want || memcmp(buf, data + off, want) != 0)
			return false;
		off += want;
	}
	return true;
}

int file_write(int dir, const char *path, const void *data, size_t n, struct err *e)
{
	auto_close int fd = openat(dir, path, O_RDONLY | O_CLOEXEC | O_NONBLOCK | O_NOCTTY | O_NOFOLLOW);
	auto_draft struct draft d = { 0 };

	if (fd >= 0 && holds(fd, data, n))
		return 0;
	if (draft_open(&d, dir, path, e) < 0)
		return -1;
	if (write_all(fileno(d.f), data, n, path, e) < 0)
		return -1;
	return draft_publish(&d, path, false, e) < 0 ? -1 : 1;
}

/* The kernel's ways to copy refuse some pairs of file systems; those are no failures. */
static bool unsupported(int no)
{
	return no == EXDEV || syscall_refused(no);
}

static int copy_plain(int in, int out, off_t off, off_t end, const char *name, struct err *e)
{
	enum { BLOCK = 256 * 1024 };
	auto_free char *buf = xmalloc(BLOCK);

	if (lseek(in, off, SEEK_SET) < 0 || lseek(out, off, SEEK_SET) < 0)
		return err_sys(e, "copy %s", name);
	while (off < end) {
		size_t want = end - off < BLOCK ? (size_t)(end - off) : BLOCK;
		ssize_t got = read_full(in, buf, want);

		if (got < 0)
			return err_sys(e, "copy %s", name);
		if (got == 0)
			return err_set(e, X_FAIL, "copy %s: it became shorter meanwhile", name);
		if (write_all(out, buf, (size_t)got, name, e) < 0)
			return -1;
		off += got;
		if (stop_pending())
			return stop_err(e);
	}
	return 0;
}

static int copy_segment(int in, int out, off_t off, off_t end, const char *name, struct err *e)
{
	while (off < end) {
		off_t from = off, to = off;
		size_t want = end - off < (64 << 20) ? (size_t)(end - off) : 64 << 20;
		ssize_t got = copy_file_range(in, &from, out, &to, want, 0);

		/* Files of /proc and the like answer 0 although they hold data. */
		if (got == 0 || (got < 0 && unsupported(errno)))
			return copy_plain(in, out, off, end, name, e);
		if (got < 0 && errno != EINTR)
			return err_sys(e, "copy %s", name);
		if (got > 0)
			off += got;
		if (stop_pending())
			return stop_err(e);
	}
	return 0;
}

static int copy_data(int in, int out, off_t size, const char *name, struct err *e)
{
	off_t off = 0;

	if (ioctl(out, FICLONE, in) == 0)
		return 0;
	while (off < size) {
		off_t data = lseek(in, off, SEEK_DATA);

		if (data < 0 && errno == ENXIO)
			break;
		off_t end = data < 0 ? size : lseek(in, data, SEEK_HOLE);
		if (data < 0)
			data = off;
		if (end < 0 || end > size)
			end = size;
		if (copy_segment(in, out, data, end, name, e) < 0)
			return -1;
		off = end;
	}
	if (ftruncate(out, size) < 0)
		return err_sys(e, "copy %s", name);
	return 0;
}

int file_copy(int sdir, const char *src, int ddir, const char *dst, mode_t mode, struct err *e)
{
	struct stat st;
	auto_close int in = openat(sdir, src, O_RDONLY | O_CLOEXEC | O_NONBLOCK | O_NOCTTY);

	if (in < 0 || fstat(in, &st) < 0)
		return err_sys(e, "open %s", src);
	if (!S_ISREG(st.st_mode))
		return err_set(e, X_FAIL, "copy %s: not a regular file", src);
	auto_close int out = openat(ddir, dst, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, mode);
	if (out < 0)
		return err_sys(e, "create %s", dst);
	if (copy_data(in, out, st.st_size, src, e) < 0 ||
	    (close(TAKE_FD(out)) < 0 && err_sys(e, "write %s", dst) < 0)) {
		unlinkat(ddir, dst, 0);
		return -1;
	}
	return 0;
}
