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
	[BUNDLE_HEAD] = "bundle",
	[BUNDLE_TEST] = "test.ktstr",
	[BUNDLE_RUN] = "run.json",
	[BUNDLE_SCHEDULER] = "scheduler",
	[BUNDLE_PAYLOAD] = "payload.pack",
	[BUNDLE_META] = "kernel/metadata.json",
	[BUNDLE_BZIMAGE] = "kernel/bzImage",
	[BUNDLE_IMAGE] = "kernel/Image",
	[BUNDLE_VMLINUX] = "kernel/vmlinux",
	[BUNDLE_CONFIG] = "kernel/.config",
};

/* Of each, unpacked: a vmlinux with all of its debug information has some hundred MiB. */
static const uint64_t sizes[BUNDLE_PARTS] = {
	[BUNDLE_HEAD] = 64 << 10,       [BUNDLE_TEST] = 128 << 10,  [BUNDLE_RUN] = 256 << 20,
	[BUNDLE_SCHEDULER] = 512 << 20, [BUNDLE_PAYLOAD] = 1 << 30, [BUNDLE_META] = 1 << 20,
	[BUNDLE_BZIMAGE] = 512 << 20,   [BUNDLE_IMAGE] = 512 << 20, [BUNDLE_VMLINUX] = (uint64_t)2 << 30,
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

static int open_file(const struct bundle_file *x, struct stat *st, struct err *e)
{
	int fd = open(x->path, O_RDONLY | O_CLOEXEC | O_NONBLOCK);

	if (fd < 0 || fstat(fd, st) < 0) {
		err_sys(e, "open %s", x->path);
		(void)err_as(e, X_NO_INPUT, "pack");
	} else if (!S_ISREG(st->st_mode) || (uint64_t)st->st_size > sizes[x->part]) {
		(void)err_set(e, X_NO_INPUT, "pack %s: %s", x->path,
			      S_ISREG(st->st_mode) ? "it is too large" : "it is not a regular file");
	} else {
		return fd;
	}
	if (fd >= 0)
		close(fd);
	return -1;
}

int bundle_bytes(const struct bundle_file *v, size_t n, uint64_t *bytes, struct err *e)
{
	*bytes = 0;
	for (size_t i = 0; i < n; i++) {
		struct stat st = { .st_size = (off_t)v[i].n };
		auto_close int fd = v[i].path ? open_file(&v[i], &st, e) : -1;

		if (v[i].path && fd < 0)
			return -1;
		*bytes += (uint64_t)st.st_size;
	}
	return 0;
}

static int put_file(struct archive *a, const char *to, const struct bundle_file *x, struct err *e)
{
	auto_free char *piece = xmalloc(PIECE);
	struct stat st;
	auto_close int fd = open_file(x, &st, e);

	if (fd < 0)
		return -1;
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

/* One that is being read. */
struct reading {
	struct archive *a;
	const char *path;
	uint64_t left; /* bytes that may still come */
	bool *there;
};

/* To fd, or into *text. */
static int take_content(struct reading *r, enum bundle_part part, int fd, char **text, size_t *text_n, struct err *e)
{
	uint64_t end = 0, most = part != BUNDLE_HEAD && r->left < sizes[part] ? r->left : sizes[part];
	const void *data;
	la_int64_t at;
	size_t n;
	int rc;

	while (!failed(rc = archive_read_data_block(r->a, &data, &n, &at))) {
		if ((uint64_t)at != end || n > most - end)
			return refuse(r->path, bundle_names[part], "it is too large, or has holes", e);
		if (text) {
			*text = xreallocarray(*text, end + n + 1, 1);
			memcpy(*text + end, data, n);
			(*text)[end + n] = '\0';
			*text_n = end + n;
		} else if (write_all(fd, data, n, bundle_names[part], e) < 0) {
			return -1;
		}
		end += n;
		if (stop_pending())
			return stop_err(e);
	}
	if (part != BUNDLE_HEAD)
		r->left -= end;
	return rc == ARCHIVE_EOF ? 0 : damaged(r->a, r->path, e);
}

/* Negative: it is none that a bundle has there. */
static int find_part(const struct reading *r, struct archive_entry *entry, struct err *e)
{
	const char *name = archive_entry_pathname(entry);
	enum bundle_part part = 0;

	while (name && part < BUNDLE_PARTS && strcmp(name, bundle_names[part]) != 0)
		part++;
	if (!name || part == BUNDLE_PARTS)
		return refuse(r->path, name, "no bundle has such a one", e);
	if (archive_entry_filetype(entry) != AE_IFREG || archive_entry_hardlink(entry))
		return refuse(r->path, name, "it is not a regular file", e);
	if (r->there[part])
		return refuse(r->path, name, "it is there twice", e);
	if (part != BUNDLE_HEAD && !r->there[BUNDLE_HEAD])
		return refuse(r->path, name, "it stands in front of what says what the bundle is", e);
	r->there[part] = true;
	return (int)part;
}

static int take(struct reading *r, struct archive_entry *entry, int dir, struct err *e)
{
	int part = find_part(r, entry, e);

	if (part < 0)
		return -1;
	const char *base = strrchr(bundle_names[part], '/');
	auto_close int fd =
		openat(dir, base ? base + 1 : bundle_names[part], O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC | O_NOFOLLOW,
		       part == BUNDLE_SCHEDULER ? 0755 : 0644);

	return fd < 0 ? err_sys(e, "unpack %s", bundle_names[part])
		      : take_content(r, (enum bundle_part)part, fd, NULL, NULL, e);
}

/* The caller frees r->a, whatever comes of it. */
static int begin(struct reading *r, int *fd, struct err *e)
{
	*fd = open(r->path, O_RDONLY | O_CLOEXEC | O_NONBLOCK);
	r->a = archive_read_new();
	memset(r->there, 0, BUNDLE_PARTS * sizeof(*r->there));
	archive_read_support_filter_zstd(r->a);
	archive_read_support_format_cpio(r->a);
	if (*fd < 0) {
		err_sys(e, "open %s", r->path);
		return err_as(e, X_NO_INPUT, "bundle");
	}
	return failed(archive_read_open_fd(r->a, *fd, PIECE)) ? damaged(r->a, r->path, e) : 0;
}

int bundle_head(const char *path, char **text, size_t *n, struct err *e)
{
	bool there[BUNDLE_PARTS];
	struct reading r = { .path = path, .there = there };
	struct archive_entry *entry;
	auto_close int fd = -1;
	int result = begin(&r, &fd, e);

	*text = xcalloc(1, 1);
	*n = 0;
	if (result == 0 && failed(archive_read_next_header(r.a, &entry)))
		result = damaged(r.a, path, e);
	if (result == 0 && (result = find_part(&r, entry, e)) >= 0)
		result = take_content(&r, BUNDLE_HEAD, -1, text, n, e);
	archive_read_free(r.a);
	return result < 0 ? -1 : 0;
}

int bundle_read(const char *path, int dir, uint64_t most, bool there[BUNDLE_PARTS], struct err *e)
{
	struct reading r = { .path = path, .left = most, .there = there };
	struct archive_entry *entry;
	auto_close int fd = -1;
	int rc = ARCHIVE_OK, result = begin(&r, &fd, e);

	while (result == 0 && !failed(rc = archive_read_next_header(r.a, &entry)))
		result = take(&r, entry, dir, e);
	if (result == 0 && rc != ARCHIVE_EOF)
		result = damaged(r.a, path, e);
	archive_read_free(r.a);
	if (result == 0 &&
	    (!there[BUNDLE_HEAD] || !there[BUNDLE_TEST] || !there[BUNDLE_RUN] || !there[BUNDLE_META] ||
	     there[BUNDLE_BZIMAGE] == there[BUNDLE_IMAGE] || there[BUNDLE_SCHEDULER] != there[BUNDLE_PAYLOAD]))
		return err_set(e, X_BAD_ARCHIVE, "%s is no bundle of ktstr: parts of it are missing", path);
	return result < 0 ? -1 : 0;
}
