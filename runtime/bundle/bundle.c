#include "bundle/bundle.h"

#include <archive.h>
#include <archive_entry.h>
#include <ctype.h>
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

enum { PIECE = 256 << 10, SHOWN_MAX = 100, NAME_MAX_BYTES = 64 };
/* cpio(5), "New ASCII Format": bytes; numbers of fields. */
enum { CPIO_MAGIC = 6, CPIO_DIGITS = 8, CPIO_HEADER = 110, CPIO_ALIGN = 4 };
enum { CPIO_MODE = 1, CPIO_SIZE = 6, CPIO_NAME = 11 };

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

/* One that is being read. libarchive decompresses; the headers are read here, since what they say may not decide how much memory that takes. */
struct reading {
	struct archive *a;
	const char *path;
	uint64_t left; /* bytes that may still come */
	bool *there;
};

struct member {
	int part; /* -1: the end */
	uint64_t size;
};

/* The next n bytes. */
static int take_bytes(struct reading *r, void *to, size_t n, struct err *e)
{
	for (size_t got = 0; got < n;) {
		la_ssize_t more = archive_read_data(r->a, (char *)to + got, n - got);

		if (more == ARCHIVE_RETRY || more == ARCHIVE_WARN)
			continue;
		if (more <= 0)
			return damaged(r->a, r->path, e);
		got += (size_t)more;
		if (stop_pending())
			return stop_err(e);
	}
	return 0;
}

/* To fd, or into text when that is not NULL, which has room. */
static int take_content(struct reading *r, const struct member *m, int fd, char *text, struct err *e)
{
	auto_free char *piece = xmalloc(PIECE);
	char pad[CPIO_ALIGN];

	for (uint64_t at = 0; at < m->size;) {
		size_t n = m->size - at < PIECE ? (size_t)(m->size - at) : PIECE;

		if (take_bytes(r, piece, n, e) < 0)
			return -1;
		if (text)
			memcpy(text + at, piece, n);
		else if (write_all(fd, piece, n, bundle_names[m->part], e) < 0)
			return -1;
		at += n;
	}
	return take_bytes(r, pad, -m->size % CPIO_ALIGN, e);
}

/* A field of eight hexadecimal digits. */
static bool read_field(const char *header, size_t field, uint64_t *out)
{
	const char *p = header + CPIO_MAGIC + field * CPIO_DIGITS;

	*out = 0;
	for (size_t i = 0; i < CPIO_DIGITS; i++) {
		const char *digit = strchr("0123456789abcdef", tolower((unsigned char)p[i]));

		if (!p[i] || !digit)
			return false;
		*out = *out * 16 + (uint64_t)(digit - "0123456789abcdef");
	}
	return true;
}

static int find_part(const struct reading *r, const char *name, uint64_t mode, struct err *e)
{
	enum bundle_part part = 0;

	while (part < BUNDLE_PARTS && strcmp(name, bundle_names[part]) != 0)
		part++;
	if (part == BUNDLE_PARTS)
		return refuse(r->path, name, "no bundle has such a one", e);
	if (!S_ISREG((mode_t)mode))
		return refuse(r->path, name, "it is not a regular file", e);
	if (r->there[part])
		return refuse(r->path, name, "it is there twice", e);
	if (part != BUNDLE_HEAD && !r->there[BUNDLE_HEAD])
		return refuse(r->path, name, "it stands in front of what says what the bundle is", e);
	return (int)part;
}

/* newc: "070701", thirteen fields, the name with its NUL, padded. */
static int take_header(struct reading *r, struct member *m, struct err *e)
{
	char header[CPIO_HEADER + 1] = { 0 }, name[NAME_MAX_BYTES + CPIO_ALIGN];
	uint64_t mode, name_n;

	if (take_bytes(r, header, CPIO_HEADER, e) < 0)
		return -1;
	if (memcmp(header, "070701", CPIO_MAGIC) != 0 || !read_field(header, CPIO_MODE, &mode) ||
	    !read_field(header, CPIO_SIZE, &m->size) || !read_field(header, CPIO_NAME, &name_n))
		return damaged(r->a, r->path, e);
	if (!name_n || name_n > NAME_MAX_BYTES)
		return refuse(r->path, NULL, "no bundle has such a one", e);
	if (take_bytes(r, name, (size_t)name_n + (-(CPIO_HEADER + name_n) % CPIO_ALIGN), e) < 0)
		return -1;
	name[name_n - 1] = '\0';
	if (!strcmp(name, "TRAILER!!!")) {
		m->part = -1;
		return 0;
	}
	m->part = find_part(r, name, mode, e);
	if (m->part < 0)
		return -1;
	r->there[m->part] = true;
	if (m->size > sizes[m->part] || (m->part != BUNDLE_HEAD && m->size > r->left))
		return refuse(r->path, name, "it is too large", e);
	if (m->part != BUNDLE_HEAD)
		r->left -= m->size;
	return 0;
}

static int take(struct reading *r, const struct member *m, int dir, struct err *e)
{
	const char *base = strrchr(bundle_names[m->part], '/');
	auto_close int fd =
		openat(dir, base ? base + 1 : bundle_names[m->part],
		       O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC | O_NOFOLLOW, m->part == BUNDLE_SCHEDULER ? 0755 : 0644);

	return fd < 0 ? err_sys(e, "unpack %s", bundle_names[m->part]) : take_content(r, m, fd, NULL, e);
}

/* The caller frees r->a, whatever comes of it. */
static int begin(struct reading *r, int *fd, struct err *e)
{
	struct archive_entry *entry;

	*fd = open(r->path, O_RDONLY | O_CLOEXEC | O_NONBLOCK);
	r->a = archive_read_new();
	memset(r->there, 0, BUNDLE_PARTS * sizeof(*r->there));
	archive_read_support_filter_zstd(r->a);
	archive_read_support_format_raw(r->a);
	if (*fd < 0) {
		err_sys(e, "open %s", r->path);
		return err_as(e, X_NO_INPUT, "bundle");
	}
	return failed(archive_read_open_fd(r->a, *fd, PIECE)) || failed(archive_read_next_header(r->a, &entry))
		       ? damaged(r->a, r->path, e)
		       : 0;
}

int bundle_head(const char *path, char **text, size_t *n, struct err *e)
{
	bool there[BUNDLE_PARTS];
	struct reading r = { .path = path, .there = there };
	struct member m = { 0 };
	auto_close int fd = -1;
	int result = begin(&r, &fd, e);

	if (result == 0)
		result = take_header(&r, &m, e);
	if (result == 0 && m.part < 0)
		result = damaged(r.a, path, e);
	*n = result == 0 ? (size_t)m.size : 0;
	*text = xcalloc(*n + 1, 1);
	if (result == 0)
		result = take_content(&r, &m, -1, *text, e);
	archive_read_free(r.a);
	return result < 0 ? -1 : 0;
}

int bundle_read(const char *path, int dir, uint64_t most, bool there[BUNDLE_PARTS], struct err *e)
{
	struct reading r = { .path = path, .left = most, .there = there };
	struct member m = { 0 };
	auto_close int fd = -1;
	int result = begin(&r, &fd, e);

	while (result == 0 && (result = take_header(&r, &m, e)) == 0 && m.part >= 0)
		result = take(&r, &m, dir, e);
	archive_read_free(r.a);
	if (result == 0 &&
	    (!there[BUNDLE_HEAD] || !there[BUNDLE_TEST] || !there[BUNDLE_RUN] || !there[BUNDLE_META] ||
	     there[BUNDLE_BZIMAGE] == there[BUNDLE_IMAGE] || there[BUNDLE_SCHEDULER] != there[BUNDLE_PAYLOAD]))
		return err_set(e, X_BAD_ARCHIVE, "%s is no bundle of ktstr: parts of it are missing", path);
	return result < 0 ? -1 : 0;
}
