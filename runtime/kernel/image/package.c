/* A .deb is an ar archive whose member data.tar.* is the package; an .rpm is a lead in front of a compressed cpio; those of
 * Arch are compressed tars.
 * Both are streams that may lie: every size is bounded, and a stream is read to its end so that a cut one is noticed. */
#include "kernel/image/package.h"

#include "base/err.h"
#include "base/mem.h"
#include "base/stop.h"
#include "kernel/image/filters.h"
#include "kernel/image/member.h"
#include <archive.h>
#include <archive_entry.h>
#include <errno.h>
#include <fcntl.h>
#include <stdint.h>
#include <unistd.h>

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
	const char *why = archive_error_string(a), *ours = filters_ours(a);

	if (stop_pending())
		return stop_err(e);
	if (ours)
		return err_set(e, X_FAIL, "unpack %s: %s", r->file, ours);
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
		archive_set_error(a, archive_errno(r->outer), "%s", archive_error_string(r->outer));
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

/* By its content: a name may be wrong. */
static int unpack_single(const struct reader *of, const char *from, const char *to, uint64_t max, struct err *e)
{
	auto_reader struct reader r = { .file = of->file, .a = archive_read_new() };
	struct archive_entry *entry;

	filters_add(r.a);
	archive_read_support_format_raw(r.a);
	if (failed(archive_read_open_filename(r.a, from, BLOCK)) || failed(archive_read_next_header(r.a, &entry)))
		return damaged(&r, r.a, e);
	return member_save(&r, to, max, e);
}

static int save_packed(struct reader *r, const char *path, uint64_t max, struct err *e)
{
	auto_free char *packed = xasprintf("%s.packed", path);
	int s = member_save(r, packed, max, e);

	if (s == 0)
		s = unpack_single(r, packed, path, max, e);
	(void)unlink(packed);
	return s;
}

static int member_take(struct reader *r, struct archive_entry *entry, const char *dir, struct parts *p, struct err *e)
{
	const char *name = archive_entry_pathname(entry);
	auto_free char *path = NULL;
	struct kernel_member m;
	struct part new;

	/* A hard link's data comes with the last of its names. */
	if (!name || archive_entry_filetype(entry) != AE_IFREG || archive_entry_size(entry) == 0 ||
	    !member_parse(&m, name))
		return member_data(r, -1, total_max, e);
	path = xasprintf("%s/%s", dir, part_file[m.kind].name);
	new = (struct part){
		.path = path, .release = *m.release ? m.release : NULL, .from = (char *)r->file, .ours = true
	};
	if (p->v[m.kind].path)
		return parts_add(p, m.kind, &new, e) < 0 ? -1 : member_data(r, -1, total_max, e);
	if (parts_add(p, m.kind, &new, e) < 0)
		return -1;
	return (m.packed ? save_packed : member_save)(r, path, part_file[m.kind].max, e);
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
