#include "guest/initramfs.h"
#include "base/err.h"
#include "base/file.h"
#include "base/mem.h"
#include "base/syscalls.h"
#include <archive.h>
#include <archive_entry.h>
#include <errno.h>
#include <fcntl.h>
#include <sys/stat.h>
#include <sys/sysmacros.h>

#define INIT_MAX (64u << 20)

static int fail(struct archive *a, const char *name, struct err *e)
{
	int code = archive_errno(a) == ENOSPC ? X_DISK_FULL : X_FAIL;

	return err_set(e, code, "write %s: %s", name, archive_error_string(a));
}

static int add(struct archive *a, const char *path, mode_t mode, dev_t dev, const void *data, size_t n, struct err *e)
{
	struct archive_entry *h = archive_entry_new();
	int r = 0;

	archive_entry_set_pathname(h, path);
	archive_entry_set_mode(h, mode);
	archive_entry_set_rdev(h, dev);
	archive_entry_set_size(h, (la_int64_t)n);
	archive_entry_set_mtime(h, 0, 0);
	archive_entry_set_nlink(h, 1);
	if (archive_write_header(a, h) != ARCHIVE_OK || (n && archive_write_data(a, data, n) != (la_ssize_t)n))
		r = fail(a, path, e);
	archive_entry_free(h);
	return r;
}

struct member {
	const char *path;
	mode_t mode;
	dev_t dev;
	const void *data;
	size_t n;
};

static int write_archive(int dir, const char *name, const struct member *v, size_t n, struct err *e)
{
	auto_close int fd = openat(dir, name, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0644);
	int r = 0;

	if (fd < 0)
		return err_sys(e, "create %s", name);
	struct archive *a = archive_write_new();

	if (archive_write_set_format_cpio_newc(a) != ARCHIVE_OK || archive_write_open_fd(a, fd) != ARCHIVE_OK)
		r = fail(a, name, e);
	for (size_t i = 0; i < n && r == 0; i++)
		r = add(a, v[i].path, v[i].mode, v[i].dev, v[i].data, v[i].n, e);
	if (r == 0 && archive_write_close(a) != ARCHIVE_OK)
		r = fail(a, name, e);
	archive_write_free(a);
	return r;
}

int initramfs_write(int dir, const char *name, const char *init, struct err *e)
{
	auto_free char *text = NULL;
	size_t n;

	if (file_read(AT_FDCWD, init, INIT_MAX, &text, &n, e) < 0)
		return err_as(e, X_NO_INPUT, "guest init");
	const struct member v[] = {
		{ "dev", S_IFDIR | 0755, 0, NULL, 0 },
		{ "dev/console", S_IFCHR | 0600, makedev(5, 1), NULL, 0 },
		{ "init", S_IFREG | 0755, 0, text, n },
	};

	return write_archive(dir, name, v, countof(v), e);
}

int initramfs_write_config(int dir, const char *name, const char *text, size_t n, struct err *e)
{
	const struct member v[] = {
		{ "boot", S_IFDIR | 0755, 0, NULL, 0 },
		{ "boot/config", S_IFREG | 0644, 0, text, n },
	};

	return write_archive(dir, name, v, countof(v), e);
}

static int append(int to, const char *path, struct err *e)
{
	auto_close int from = open(path, O_RDONLY | O_CLOEXEC);
	ssize_t n = from < 0 ? -1 : 1;

	while (n > 0)
		n = send_bytes(to, from, INIT_MAX);
	return n < 0 ? err_sys(e, "initramfs: %s", path) : 0;
}

int initramfs_join(const char *base, const char *more, struct err *e)
{
	auto_close int fd = memory_file("initramfs", 0, 2 * (uint64_t)INIT_MAX, e);

	if (fd < 0)
		return -1;
	/* Both are padded to 512 bytes, and the kernel passes over zeros between two. */
	if (append(fd, base, e) < 0 || append(fd, more, e) < 0)
		return -1;
	return TAKE_FD(fd);
}
