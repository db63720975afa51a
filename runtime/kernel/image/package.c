/* A .deb is an ar archive whose member data.tar.* is the package; an .rpm is a lead in front of a compressed cpio; those of
 * Arch are compressed tars.
 * Both are streams that may lie: every size is bounded, and a stream is read to its end so that a cut one is noticed. */
#include "kernel/image/package.h"

#include "base/err.h"
#include "base/mem.h"
#include "base/stop.h"
#include "kernel/image/filters.h"
#include <archive.h>
#include <archive_entry.h>
#include <errno.h>
#include <fcntl.h>
#include <stdint.h>

#define MIB ((uint64_t)1 << 20)

enum { BLOCK = 256 << 10 };

static const struct {
	const char *name;
	uint64_t max;
} part_file[PART_COUNT] = {
	[PART_IMAGE] = { "image", 512 * MIB },
	[PART_CONFIG] = { "config", 8 * MIB },
	[PART_VMLINUX] = { "vmlinux", 4096 * MIB },
};

/* More than any distribution's debug package unpacks to, in all and for a byte of it. A small one may say anything. */
static const uint64_t total_max = 64 * 1024 * MIB, ratio_max = 200, ratio_from = 256 * MIB;

void parts_free(struct parts *p)
{
	for (size_t i = 0; i < PART_COUNT; i++) {
		free(p->v[i].path);
		free(p->v[i].release);
		free(p->v[i].from);
	}
	*p = (struct parts){ 0 };
}

static int same_kernel(const struct parts *p, const struct part *new, struct err *e)
{
	for (size_t i = 0; i < PART_COUNT; i++) {
		const struct part *old = &p->v[i];

		if (!old->release || !new->release || !strcmp(old->release, new->release))
			continue;
		if (!strcmp(old->from, new->from))
			return err_set(e, X_BAD_KERNEL, "%s holds different kernels: %s and %s", new->from,
				       old->release, new->release);
		return err_set(e, X_BAD_KERNEL, "these are different kernels: %s is %s, %s is %s", old->from,
			       old->release, new->from, new->release);
	}
	return 0;
}

int parts_add(struct parts *p, enum part_kind kind, const struct part *new, struct err *e)
{
	struct part *slot = &p->v[kind];

	if (same_kernel(p, new, e) < 0)
		return -1;
	if (slot->path)
		return 0;
	*slot = (struct part){
		.path = xstrdup(new->path),
		.release = new->release ? xstrdup(new->release) : NULL,
		.from = xstrdup(new->from),
		.ours = new->ours,
	};
	return 0;
}

static bool has_prefix(const char *s, const char *prefix, const char **rest)
{
	size_t n = strlen(prefix);

	if (strncmp(s, prefix, n) != 0)
		return false;
	*rest = s + n;
	return true;
}

/* The path's component before end, which points at a slash or behind the path. */
static const char *component(const char *path, const char *end, size_t *n)
{
	const char *p = end;

	while (p > path && p[-1] != '/')
		p--;
	*n = (size_t)(end - p);
	return p;
}

static bool is(const char *p, size_t n, const char *name)
{
	return n == strlen(name) && !memcmp(p, name, n);
}

static bool take_release(const char *p, size_t n, char *out, size_t max)
{
	if (!n || n >= max || *p < '0' || *p > '9')
		return false;
	for (size_t i = 0; i < n; i++)
		if (p[i] <= ' ' || p[i] >= 0x7f)
			return false;
	memcpy(out, p, n);
	out[n] = '\0';
	return true;
}

static const struct {
	const char *in_boot, *in_modules;
	enum part_kind kind;
} wanted[] = {
	{ "vmlinuz-", "vmlinuz", PART_IMAGE },
	{ "config-", "config", PART_CONFIG },
	{ "vmlinux-", "vmlinux", PART_VMLINUX },
};

/* The vmlinux beside an image is packed by openSUSE; the kernel in the image is the same one. */
static bool is_packed(const char *name, size_t n)
{
	static const char *const ends[] = { ".gz", ".xz", ".zst", ".bz2", ".lzma" };

	for (size_t i = 0; i < countof(ends); i++)
		if (n > strlen(ends[i]) && !strcmp(name + n - strlen(ends[i]), ends[i]))
			return true;
	return false;
}

bool package_wants(const char *path, enum part_kind *kind, char *release, size_t max)
{
	size_t n, parent_n, above_n = 0;
	const char *end = path + strlen(path);
	const char *name = component(path, end, &n);
	const char *parent, *above, *rest;

	if (name == path)
		return false;
	parent = component(path, name - 1, &parent_n);
	above = parent > path ? component(path, parent - 1, &above_n) : NULL;
	for (size_t i = 0; i < countof(wanted); i++) {
		*kind = wanted[i].kind;
		if (is(parent, parent_n, "boot") && has_prefix(name, wanted[i].in_boot, &rest))
			return !is_packed(name, n) && take_release(rest, strlen(rest), release, max);
		if (above && is(above, above_n, "modules") && is(name, n, wanted[i].in_modules))
			return take_release(parent, parent_n, release, max);
	}
	return false;
}

enum package_kind package_kind(const void *head, size_t n)
{
	if (n >= 8 && !memcmp(head, "!<arch>\n", 8))
		return PACKAGE_DEB;
	if (n >= 4 && !memcmp(head, "\xed\xab\xee\xdb", 4))
		return PACKAGE_RPM;
	/* What is compressed may be a tar, which shows when it is opened. */
	if (filters_know(head, n) || (n >= 262 && !memcmp((const char *)head + 257, "ustar", 5)))
		return PACKAGE_TAR;
	return PACKAGE_NONE;
}

/* One package on its way through libarchive. For a .deb, a is the inner tar and outer the ar around it. */
struct reader {
	const char *file;
	struct archive *a, *outer;
	uint64_t total;
	char *block;
};

static void reader_free(struct reader *r)
{
	archive_read_free(r->a);
	archive_read_free(r->outer);
	free(r->block);
}
#define auto_reader __attribute__((unused, cleanup(reader_free)))

static int damaged(const struct reader *r, struct archive *a, struct err *e)
{
	const char *why = archive_error_string(a);

	if (stop_pending())
		return stop_err(e);
	if (!why && r->outer)
		why = archive_error_string(r->outer);
	return err_set(e, X_BAD_KERNEL, "%s is damaged: %s", r->file, why ? why : "it ends too early");
}

/* libarchive warns about owners and names it cannot represent; neither matters here. */
static bool failed(int r)
{
	return r != ARCHIVE_OK && r != ARCHIVE_WARN;
}

static struct archive *reader_new(void)
{
	struct archive *a = archive_read_new();

	filters_add(a);
	archive_read_support_format_tar(a);
	archive_read_support_format_cpio(a);
	return a;
}

/* Feeds the inner archive from the ar member the outer one stands on. */
static la_ssize_t feed(struct archive *a, void *ctx, const void **data)
{
	struct reader *r = ctx;
	la_ssize_t n;

	if (stop_pending()) {
		archive_set_error(a, ECANCELED, "interrupted");
		return -1;
	}
	n = archive_read_data(r->outer, r->block, BLOCK);
	if (n < 0) {
		archive_set_error(a, EIO, "%s", archive_error_string(r->outer));
		return -1;
	}
	*data = r->block;
	return n;
}

static int open_deb(struct reader *r, struct err *e)
{
	struct archive_entry *entry;
	int s;

	r->outer = archive_read_new();
	archive_read_support_format_ar(r->outer);
	r->block = xmalloc(BLOCK);
	if (failed(archive_read_open_filename(r->outer, r->file, BLOCK)))
		return damaged(r, r->outer, e);
	while (!failed(s = archive_read_next_header(r->outer, &entry))) {
		const char *name = archive_entry_pathname(entry);

		if (!name || strncmp(name, "data.tar", 8) != 0)
			continue;
		r->a = reader_new();
		return failed(archive_read_open(r->a, r, NULL, feed, NULL)) ? damaged(r, r->a, e) : 0;
	}
	if (s != ARCHIVE_EOF)
		return damaged(r, r->outer, e);
	return err_set(e, X_BAD_KERNEL, "%s is damaged: it has no data.tar", r->file);
}

static int open_rpm(struct reader *r, struct err *e)
{
	r->a = reader_new();
	archive_read_support_filter_rpm(r->a);
	return failed(archive_read_open_filename(r->a, r->file, BLOCK)) ? damaged(r, r->a, e) : 0;
}

/* The data of the current member, to fd, or nowhere when fd is -1. */
static int member_data(struct reader *r, int fd, uint64_t max, struct err *e)
{
	const void *data;
	size_t n;
	la_int64_t at;
	uint64_t end = 0;
	int s;

	while (!failed(s = archive_read_data_block(r->a, &data, &n, &at))) {
		if (stop_pending())
			return stop_err(e);
		r->total += n;
		end = (uint64_t)at + n;
		if (r->total > ratio_from && r->total / ratio_max > (uint64_t)archive_filter_bytes(r->a, -1))
			return err_set(e, X_BAD_KERNEL, "%s is damaged: it unpacks to more than %ju times its size",
				       r->file, (uintmax_t)ratio_max);
		if (end > max || r->total > total_max)
			return err_set(e, X_BAD_KERNEL, "%s is damaged: a member of more than %ju MiB", r->file,
				       (uintmax_t)(max / MIB));
		for (size_t done = 0; fd >= 0 && done < n;) {
			ssize_t w = pwrite(fd, (const char *)data + done, n - done, at + (off_t)done);

			if (w < 0)
				return err_sys(e, "unpack %s", r->file);
			done += (size_t)w;
		}
	}
	return s == ARCHIVE_EOF ? 0 : damaged(r, r->a, e);
}

static int member_save(struct reader *r, const char *path, uint64_t max, struct err *e)
{
	auto_close int fd = open(path, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0644);

	if (fd < 0)
		return err_sys(e, "create %s", path);
	return member_data(r, fd, max, e);
}

static int member_take(struct reader *r, struct archive_entry *entry, const char *dir, struct parts *p, struct err *e)
{
	const char *name = archive_entry_pathname(entry);
	auto_free char *path = NULL;
	char release[128];
	enum part_kind kind;
	struct part new;

	/* A hard link's data comes with the last of its names. */
	if (!name || archive_entry_filetype(entry) != AE_IFREG || archive_entry_size(entry) == 0 ||
	    !package_wants(name, &kind, release, sizeof(release)))
		return member_data(r, -1, total_max, e);
	path = xasprintf("%s/%s", dir, part_file[kind].name);
	new = (struct part){ .path = path, .release = release, .from = (char *)r->file, .ours = true };
	if (p->v[kind].path)
		return parts_add(p, kind, &new, e) < 0 ? -1 : member_data(r, -1, total_max, e);
	if (parts_add(p, kind, &new, e) < 0)
		return -1;
	return member_save(r, path, part_file[kind].max, e);
}

static int take_all(struct reader *r, struct archive_entry *entry, const char *dir, struct parts *p, struct err *e)
{
	int s = entry ? ARCHIVE_OK : archive_read_next_header(r->a, &entry);

	for (; !failed(s); s = archive_read_next_header(r->a, &entry))
		if (member_take(r, entry, dir, p, e) < 0)
			return -1;
	return s == ARCHIVE_EOF ? 0 : damaged(r, r->a, e);
}

int package_read(const char *file, enum package_kind kind, const char *dir, struct parts *p, struct err *e)
{
	auto_reader struct reader r = { .file = file };

	if ((kind == PACKAGE_DEB ? open_deb(&r, e) : open_rpm(&r, e)) < 0)
		return -1;
	return take_all(&r, NULL, dir, p, e);
}

int package_tar(const char *file, const char *dir, struct parts *p, const char *out, struct err *e)
{
	auto_reader struct reader r = { .file = file, .a = archive_read_new() };
	struct archive_entry *entry;

	filters_add(r.a);
	archive_read_support_format_tar(r.a);
	archive_read_support_format_raw(r.a);
	if (failed(archive_read_open_filename(r.a, file, BLOCK)) || failed(archive_read_next_header(r.a, &entry)))
		return damaged(&r, r.a, e);
	if ((archive_format(r.a) & ARCHIVE_FORMAT_BASE_MASK) == ARCHIVE_FORMAT_TAR)
		return take_all(&r, entry, dir, p, e);
	return member_save(&r, out, part_file[PART_VMLINUX].max, e) < 0 ? -1 : PACKAGE_SINGLE;
}
