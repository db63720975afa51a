#include "kernel/cache/blob.h"

#include <archive.h>
#include <archive_entry.h>
#include <errno.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>
#include <zlib.h>

#include "base/err.h"
#include "base/file.h"
#include "json/write.h"
#include "base/mem.h"
#include "tar/write.h"
#include "text/text.h"

enum { META_MAX = 1 << 20, SHOWN_MAX = 100 };

static const uint64_t bytes_max = (uint64_t)4 << 30;

enum part { META, IMAGE, VMLINUX, CONFIG, PARTS };

static const struct {
	const char *member, *file; /* in the blob; as we unpack it */
} parts[PARTS] = {
	[META] = { "metadata.json", NULL },
	[IMAGE] = { NULL, BLOB_IMAGE },
	[VMLINUX] = { "vmlinux", BLOB_VMLINUX },
	[CONFIG] = { ".config", BLOB_CONFIG },
};

static bool failed(int r)
{
	return r != ARCHIVE_OK && r != ARCHIVE_WARN;
}

/* Errors of a tar name no more than a member. */
static int packed(int r, struct err *e)
{
	return r < 0 ? err_in(e, "pack the kernel") : 0;
}

static int add_meta(struct tar_out *t, const struct kernel_meta *m, struct err *e)
{
	struct kernel_meta there = *m; /* borrowed strings */
	auto_free char *text = NULL;
	struct jsonw w;
	size_t n;
	FILE *f = xmemstream(&text, &n);

	there.source_tree_path = NULL;
	jsonw_init(&w, f);
	kernel_meta_write(&w, &there);
	jsonw_done(&w);
	fclose(f);
	return packed(tar_text(t, parts[META].member, text, n, e), e);
}

static int add_file(struct tar_out *t, int dir, const char *name, bool must, struct err *e)
{
	auto_close int fd = openat(dir, name, O_RDONLY | O_CLOEXEC | O_NOFOLLOW | O_NONBLOCK);
	struct stat st;

	if (fd < 0 && errno == ENOENT && !must)
		return 0;
	if (fd < 0 || fstat(fd, &st) < 0) {
		err_sys(e, "open %s", name);
		return err_as(e, X_NO_INPUT, "pack the kernel");
	}
	if (!S_ISREG(st.st_mode))
		return err_set(e, X_NO_INPUT, "pack the kernel: %s is not a regular file", name);
	if ((uint64_t)st.st_size >= bytes_max)
		return err_set(e, X_FAIL, "pack the kernel: %s is too large", name);
	return packed(tar_file(t, name, fd, (uint64_t)st.st_size, false, name, e), e);
}

static int write_all_of(struct tar_out *t, int dir, const struct kernel_meta *m, struct err *e)
{
	if (add_meta(t, m, e) < 0 || add_file(t, dir, m->image_name, true, e) < 0 ||
	    (m->vmlinux_name && add_file(t, dir, parts[VMLINUX].member, true, e) < 0))
		return -1;
	return add_file(t, dir, ".config", false, e);
}

int blob_pack(int dir, const struct kernel_meta *m, int out, uint64_t *size, struct err *e)
{
	struct tar_out *t = NULL;
	int r = packed(tar_begin(&t, out, e), e);

	if (r == 0)
		r = write_all_of(t, dir, m, e);
	if (r == 0)
		r = packed(tar_end(t, size, e), e);
	tar_free(t);
	return r;
}

struct reading {
	struct archive *a;
	struct blob *b;
	int dir;
	bool seen[PARTS];
	uint64_t bytes; /* of members so far */
	char *meta;
	size_t meta_n;
	unsigned long config_crc;
	struct err cause;
};

static void reading_drop(struct reading *r)
{
	archive_read_free(r->a);
	free(r->meta);
}
#define auto_reading __attribute__((unused, cleanup(reading_drop)))

static int refuse(const char *name, const char *why, struct err *e)
{
	char buf[SHOWN_MAX];

	return err_set(e, X_BAD_ARCHIVE, "the packed kernel's member %s is refused: %s",
		       text_short(buf, sizeof(buf), name), why);
}

static int damaged(struct reading *r, struct err *e)
{
	const char *why = archive_error_string(r->a);
	char buf[SHOWN_MAX];

	if (!r->cause.code)
		return err_set(e, X_BAD_ARCHIVE, "the packed kernel is damaged: %s",
			       text_short(buf, sizeof(buf), why ? why : "it ends too early"));
	*e = r->cause;
	return -1;
}

static la_ssize_t on_read(struct archive *a, void *arg, const void **data)
{
	struct reading *r = arg;
	size_t n = 0;

	if (r->b->read(r->b->arg, data, &n, &r->cause) < 0) {
		archive_set_error(a, ECANCELED, "stopped");
		return -1;
	}
	return (la_ssize_t)n;
}

static int put(struct reading *r, enum part part, int fd, const void *data, size_t n, struct err *e)
{
	if (part == CONFIG)
		r->config_crc = crc32_z(r->config_crc, data, n);
	if (part != META)
		return write_all(fd, data, n, parts[part].file, e);
	if (n > META_MAX - r->meta_n)
		return refuse(parts[META].member, "it is too large", e);
	r->meta = xreallocarray(r->meta, r->meta_n + n + 1, 1);
	memcpy(r->meta + r->meta_n, data, n);
	r->meta_n += n;
	return 0;
}

/* Of exactly the length that its header says, and never more than all of them may have together. */
static int copy(struct reading *r, enum part part, const char *name, uint64_t size, int fd, struct err *e)
{
	uint64_t end = 0;
	const void *data;
	la_int64_t at;
	size_t n;
	int rc;

	if (size > r->b->max - r->bytes)
		return refuse(name, "it is too large", e);
	while (!failed(rc = archive_read_data_block(r->a, &data, &n, &at))) {
		if ((uint64_t)at != end)
			return refuse(name, "a file with holes", e);
		if (n > size - end)
			return refuse(name, "it is longer than it says", e);
		if (n && put(r, part, fd, data, n, e) < 0)
			return -1;
		end += n;
	}
	if (rc != ARCHIVE_EOF)
		return damaged(r, e);
	r->bytes += end;
	return end == size ? 0 : refuse(name, "it is shorter than it says", e);
}

static int judge(struct reading *r, struct archive_entry *entry, const char *name, enum part *part, struct err *e)
{
	if (archive_entry_filetype(entry) != AE_IFREG || archive_entry_hardlink(entry))
		return refuse(name, "it is not a regular file", e);
	if (strpbrk(name, "/\\") || !strcmp(name, ".") || !strcmp(name, ".."))
		return refuse(name, "not a plain file name", e);
	for (*part = 0; *part < PARTS; (*part)++)
		if (parts[*part].member && !strcmp(name, parts[*part].member))
			break;
	if (*part == PARTS)
		*part = IMAGE;
	if (r->seen[*part])
		return refuse(name, *part == IMAGE ? "a second image" : "it comes twice", e);
	r->seen[*part] = true;
	return archive_entry_size(entry) < 0 ? refuse(name, "it is too large", e) : 0;
}

static int next_member(struct reading *r, struct archive_entry *entry, struct err *e)
{
	const char *name = archive_entry_pathname(entry);
	auto_close int fd = -1;
	enum part part = IMAGE;

	if (!name)
		name = archive_entry_pathname_utf8(entry);
	if (!name || !*name)
		return err_set(e, X_BAD_ARCHIVE, "the packed kernel is damaged: a member without a name");
	if (judge(r, entry, name, &part, e) < 0)
		return -1;
	if (parts[part].file &&
	    (fd = openat(r->dir, parts[part].file, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0644)) < 0)
		return err_sys(e, "create %s", parts[part].file);
	return copy(r, part, name, (uint64_t)archive_entry_size(entry), fd, e);
}

/* The name is given to a file beside these, so it must not be one of theirs. */
static int check_meta(const struct reading *r, const struct kernel_meta *m, struct err *e)
{
	char crc[9];

	if (m->foreign)
		return err_set(e, X_BAD_ARCHIVE, "the packed kernel is of another program");
	if (strcmp(m->image_name, "bzImage") != 0 && strcmp(m->image_name, "Image") != 0)
		return err_set(e, X_BAD_ARCHIVE,
			       "the packed kernel's image_name \"%.100s\" is neither bzImage nor Image", m->image_name);
	if (strcmp(m->arch, "x86_64") != 0 && strcmp(m->arch, "aarch64") != 0)
		return err_set(e, X_BAD_ARCHIVE, "the packed kernel's arch \"%.100s\" is neither x86_64 nor aarch64",
			       m->arch);
	if (m->vmlinux_name && !r->seen[VMLINUX])
		return err_set(e, X_BAD_ARCHIVE, "the packed kernel has no vmlinux, and its metadata says so");
	snprintf(crc, sizeof(crc), "%08lx", r->config_crc & 0xffffffffUL);
	if (m->config_hash && (!r->seen[CONFIG] || strcmp(crc, m->config_hash) != 0))
		return err_set(e, X_BAD_ARCHIVE, "the packed kernel's .config is not the one that its metadata means");
	return 0;
}

static int take_meta(struct reading *r, struct err *e)
{
	struct kernel_meta m = { 0 };

	if (!r->seen[META] || !r->seen[IMAGE])
		return err_set(e, X_BAD_ARCHIVE, "the packed kernel has no %s",
			       r->seen[META] ? "image" : "metadata.json");
	if (kernel_meta_parse(&m, r->meta ? r->meta : "", r->meta_n, e) < 0)
		return err_as(e, X_BAD_ARCHIVE, "the packed kernel's metadata.json");
	if (check_meta(r, &m, e) < 0) {
		kernel_meta_free(&m);
		return -1;
	}
	r->b->meta = m;
	r->b->vmlinux = r->seen[VMLINUX];
	r->b->config = r->seen[CONFIG];
	return 0;
}

int blob_unpack(struct blob *b, int dir, struct err *e)
{
	auto_reading struct reading r = { .a = archive_read_new(), .b = b, .dir = dir };
	struct archive_entry *entry;
	int rc;

	b->max = b->max ? b->max : bytes_max;
	archive_read_support_filter_zstd(r.a);
	archive_read_support_format_tar(r.a);
	if (failed(archive_read_open(r.a, &r, NULL, on_read, NULL)))
		return damaged(&r, e);
	while (!failed(rc = archive_read_next_header(r.a, &entry)))
		if (next_member(&r, entry, e) < 0)
			return -1;
	return rc == ARCHIVE_EOF ? take_meta(&r, e) : damaged(&r, e);
}
