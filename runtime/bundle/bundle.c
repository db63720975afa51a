#include "bundle/bundle.h"

#include <archive.h>
#include <archive_entry.h>
#include <errno.h>
#include <fcntl.h>
#include <stdint.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/err.h"
#include "base/file.h"
#include "base/mem.h"
#include "base/stop.h"
#include "text/text.h"

enum { PIECE = 256 << 10, SHOWN_MAX = 100 };

const char *const bundle_names[BUNDLE_PARTS] = {
	[BUNDLE_HEAD] = "bundle",         [BUNDLE_TEST] = "test.ktstr",           [BUNDLE_RUN] = "run.json",
	[BUNDLE_SCHEDULER] = "scheduler", [BUNDLE_META] = "kernel/metadata.json", [BUNDLE_BZIMAGE] = "kernel/bzImage",
	[BUNDLE_IMAGE] = "kernel/Image",  [BUNDLE_VMLINUX] = "kernel/vmlinux",    [BUNDLE_CONFIG] = "kernel/.config",
};

/* Of each, unpacked: a vmlinux with all of its debug information has some hundred MiB. */
static const uint64_t sizes[BUNDLE_PARTS] = {
	[BUNDLE_HEAD] = 64 << 10,   [BUNDLE_TEST] = 128 << 10,
	[BUNDLE_RUN] = 256 << 20,   [BUNDLE_SCHEDULER] = 512 << 20,
	[BUNDLE_META] = 1 << 20,    [BUNDLE_BZIMAGE] = 512 << 20,
	[BUNDLE_IMAGE] = 512 << 20, [BUNDLE_VMLINUX] = (uint64_t)2 << 30,
	[BUNDLE_CONFIG] = 4 << 20,
};

static bool failed(int r)
{
	return r != ARCHIVE_OK && r != ARCHIVE_WARN;
}

static int cannot(struct archive *a, const char *path, struct err *e)
{
	const char *why = archive_error_string(a);

	return err_set(e, archive_errno(a) == ENOSPC ? X_DISK_FULL : X_FAIL, "write %s: %s", path,
		       why ? why : "libarchive cannot");
}

static int put_header(struct archive *a, enum bundle_part part, uint64_t size)
{
	struct archive_entry *entry = archive_entry_new();

	archive_entry_set_pathname(entry, bundle_names[part]);
	archive_entry_set_filetype(entry, AE_IFREG);
	archive_entry_set_perm(entry, part == BUNDLE_SCHEDULER ? 0755 : 0644);
	archive_entry_set_size(entry, (la_int64_t)size);
	int r = archive_write_header(a, entry);

	archive_entry_free(entry);
	return failed(r) ? -1 : 0;
}

static int put_file(struct archive *a, const char *to, const struct bundle_file *x, struct err *e)
{
	auto_close int fd = open(x->path, O_RDONLY | O_CLOEXEC | O_NONBLOCK);
	auto_free char *piece = xmalloc(PIECE);
	struct stat st;

	if (fd < 0 || fstat(fd, &st) < 0) {
		err_sys(e, "open %s", x->path);
		return err_as(e, X_NO_INPUT, "pack");
	}
	if (!S_ISREG(st.st_mode) || (uint64_t)st.st_size > sizes[x->part])
		return err_set(e, X_NO_INPUT, "pack %s: %s", x->path,
			       S_ISREG(st.st_mode) ? "it is too large" : "it is not a regular file");
	if (put_header(a, x->part, (uint64_t)st.st_size) < 0)
		return cannot(a, to, e);
	for (off_t left = st.st_size; left;) {
		ssize_t n = read(fd, piece, left < PIECE ? (size_t)left : PIECE);

		if (n < 0 && errno == EINTR)
			continue;
		if (n <= 0)
			return n < 0 ? err_sys(e, "read %s", x->path)
				     : err_set(e, X_FAIL, "%s became shorter while it was read", x->path);
		if (archive_write_data(a, piece, (size_t)n) != n)
			return cannot(a, to, e);
		left -= n;
		if (stop_pending())
			return stop_err(e);
	}
	return 0;
}

static int put(struct archive *a, const char *to, const struct bundle_file *x, struct err *e)
{
	if (x->path)
		return put_file(a, to, x, e);
	if (put_header(a, x->part, x->n) < 0 || archive_write_data(a, x->text, x->n) != (la_ssize_t)x->n)
		return cannot(a, to, e);
	return 0;
}

int bundle_write(const char *path, const struct bundle_file *v, size_t n, struct err *e)
{
	auto_draft struct draft d = { 0 };
	int r = 0;

	if (draft_open(&d, AT_FDCWD, path, e) < 0)
		return -1;
	struct archive *a = archive_write_new();

	if (failed(archive_write_add_filter_zstd(a)) || failed(archive_write_set_format_cpio_newc(a)) ||
	    failed(archive_write_open_fd(a, fileno(d.f))))
		r = cannot(a, path, e);
	for (size_t i = 0; i < n && r == 0; i++)
		r = put(a, path, &v[i], e);
	if (r == 0 && failed(archive_write_close(a)))
		r = cannot(a, path, e);
	archive_write_free(a);
	return r == 0 && draft_publish(&d, path, false, e) == 0 ? 0 : -1;
}

static int refuse(const char *path, const char *name, const char *why, struct err *e)
{
	char buf[SHOWN_MAX];

	return err_set(e, X_BAD_ARCHIVE, "%s: its member %s is refused: %s", path,
		       text_short(buf, sizeof(buf), name ? name : "without a name"), why);
}

static int damaged(struct archive *a, const char *path, struct err *e)
{
	const char *why = archive_error_string(a);
	char buf[SHOWN_MAX];

	return err_set(e, X_BAD_ARCHIVE, "%s is no bundle of ktstr, or damaged: %s", path,
		       text_short(buf, sizeof(buf), why ? why : "it ends too early"));
}

static int take_content(struct archive *a, const char *path, enum bundle_part part, int fd, struct err *e)
{
	uint64_t end = 0;
	const void *data;
	la_int64_t at;
	size_t n;
	int rc;

	while (!failed(rc = archive_read_data_block(a, &data, &n, &at))) {
		if ((uint64_t)at != end || n > sizes[part] - end)
			return refuse(path, bundle_names[part], "it is too large, or has holes", e);
		if (write_all(fd, data, n, bundle_names[part], e) < 0)
			return -1;
		end += n;
		if (stop_pending())
			return stop_err(e);
	}
	return rc == ARCHIVE_EOF ? 0 : damaged(a, path, e);
}

static int take(struct archive *a, const char *path, struct archive_entry *entry, int dir, bool there[BUNDLE_PARTS],
		struct err *e)
{
	const char *name = archive_entry_pathname(entry);
	enum bundle_part part = 0;

	while (name && part < BUNDLE_PARTS && strcmp(name, bundle_names[part]) != 0)
		part++;
	if (!name || part == BUNDLE_PARTS)
		return refuse(path, name, "no bundle has such a one", e);
	if (archive_entry_filetype(entry) != AE_IFREG || archive_entry_hardlink(entry))
		return refuse(path, name, "it is not a regular file", e);
	if (there[part])
		return refuse(path, name, "it is there twice", e);
	there[part] = true;
	const char *base = strrchr(bundle_names[part], '/');
	auto_close int fd =
		openat(dir, base ? base + 1 : bundle_names[part], O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC | O_NOFOLLOW,
		       part == BUNDLE_SCHEDULER ? 0755 : 0644);

	return fd < 0 ? err_sys(e, "unpack %s", name) : take_content(a, path, part, fd, e);
}

int bundle_read(const char *path, int dir, bool there[BUNDLE_PARTS], struct err *e)
{
	auto_close int fd = open(path, O_RDONLY | O_CLOEXEC | O_NONBLOCK);
	struct archive *a = archive_read_new();
	struct archive_entry *entry;
	int r = 0, rc = ARCHIVE_OK;

	memset(there, 0, BUNDLE_PARTS * sizeof(*there));
	archive_read_support_filter_zstd(a);
	archive_read_support_format_cpio(a);
	if (fd < 0) {
		err_sys(e, "open %s", path);
		r = err_as(e, X_NO_INPUT, "bundle");
	} else if (failed(archive_read_open_fd(a, fd, PIECE))) {
		r = damaged(a, path, e);
	}
	while (r == 0 && !failed(rc = archive_read_next_header(a, &entry)))
		r = take(a, path, entry, dir, there, e);
	if (r == 0 && rc != ARCHIVE_EOF)
		r = damaged(a, path, e);
	archive_read_free(a);
	if (r == 0 && (!there[BUNDLE_HEAD] || !there[BUNDLE_TEST] || !there[BUNDLE_RUN] || !there[BUNDLE_META] ||
		       there[BUNDLE_BZIMAGE] == there[BUNDLE_IMAGE]))
		return err_set(e, X_BAD_ARCHIVE, "%s is no bundle of ktstr: parts of it are missing", path);
	return r < 0 ? -1 : 0;
}
