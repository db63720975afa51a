/* decompress.c: every filter but lzo is libarchive's; it would run lzop(1) for that one, so lzo.c does it. */
#include "kernel/image/decompress.h"

#include <archive.h>
#include <archive_entry.h>
#include <string.h>

#include "base/err.h"
#include "base/mem.h"
#include "kernel/image/filters.h"

static const struct format {
	const char *name;
	const char *magic;
	size_t len;
	int (*filter)(struct archive *);
} formats[] = {
	{ "gzip", "\x1f\x8b", 2, archive_read_support_filter_gzip },
	{ "bzip2", "BZh", 3, archive_read_support_filter_bzip2 },
	{ "lzma", "\x5d\x00\x00", 3, archive_read_support_filter_lzma },
	{ "xz",
	  "\xfd"
	  "7zXZ\0",
	  6, archive_read_support_filter_xz },
	{ "lzo", "\x89LZO\0\r\n\x1a\n", 9, NULL },
	{ "lz4", "\x02\x21\x4c\x18", 4, archive_read_support_filter_lz4 },
	{ "zstd", "\x28\xb5\x2f\xfd", 4, archive_read_support_filter_zstd },
};

static const struct format *format_of(const void *data, size_t n)
{
	for (size_t i = 0; i < countof(formats); i++)
		if (n >= formats[i].len && !memcmp(data, formats[i].magic, formats[i].len))
			return &formats[i];
	return NULL;
}

const char *decompress_format(const void *data, size_t n)
{
	const struct format *f = format_of(data, n);

	return f ? f->name : NULL;
}

static void drop_archive(struct archive **a)
{
	archive_read_free(*a);
}

static int broken(const struct format *f, const char *why, struct err *e)
{
	return err_set(e, X_BAD_KERNEL, "damaged %s data: %s", f->name, why ? why : "it does not unpack");
}

static int failed(const struct format *f, struct archive *a, struct err *e)
{
	const char *ours = filters_ours(a);

	return ours ? err_set(e, X_FAIL, "unpack %s data: %s", f->name, ours) : broken(f, archive_error_string(a), e);
}

/* One byte more than want is asked for, so that a longer stream is noticed. */
static int read_exactly(struct archive *a, const struct format *f, uint8_t *out, size_t want, struct err *e)
{
	size_t have = 0;
	uint8_t more;

	while (have < want) {
		la_ssize_t got = archive_read_data(a, out + have, want - have);
		if (got < 0)
			return failed(f, a, e);
		if (got == 0)
			return err_set(e, X_BAD_KERNEL, "damaged %s data: %zu bytes unpack to %zu", f->name, want,
				       have);
		have += (size_t)got;
	}
	if (archive_read_data(a, &more, 1) > 0)
		return err_set(e, X_BAD_KERNEL, "damaged %s data: more than %zu bytes unpack", f->name, want);
	return 0;
}

static int filter_unpack(const struct format *f, const void *data, size_t n, uint8_t *out, size_t want, struct err *e)
{
	struct archive *a __attribute__((cleanup(drop_archive))) = archive_read_new();
	struct archive_entry *entry;

	if (!a)
		return broken(f, "libarchive gives no reader", e);
	if (f->filter(a) != ARCHIVE_OK || archive_read_support_format_raw(a) != ARCHIVE_OK)
		return failed(f, a, e);
	if (archive_read_open_memory(a, data, n) != ARCHIVE_OK || archive_read_next_header(a, &entry) != ARCHIVE_OK)
		return failed(f, a, e);
	/* A stream the filter does not take for its own would come out as it is. */
	if (archive_filter_code(a, 0) == ARCHIVE_FILTER_NONE)
		return broken(f, "bad header", e);
	return read_exactly(a, f, out, want, e);
}

size_t decompress_head(const void *data, size_t n, void *out, size_t max)
{
	struct archive *a __attribute__((cleanup(drop_archive))) = archive_read_new();
	const struct format *f = format_of(data, n);
	struct archive_entry *entry;

	if (!a || !f || !f->filter || f->filter(a) != ARCHIVE_OK || archive_read_support_format_raw(a) != ARCHIVE_OK ||
	    archive_read_open_memory(a, data, n) != ARCHIVE_OK || archive_read_next_header(a, &entry) != ARCHIVE_OK)
		return 0;
	la_ssize_t got = archive_read_data(a, out, max);

	return got > 0 ? (size_t)got : 0;
}

int decompress(const void *data, size_t n, size_t want, void **out, struct err *e)
{
	const struct format *f = format_of(data, n);
	auto_free uint8_t *buf = NULL;

	if (!f)
		return err_set(e, X_BAD_KERNEL, "compressed in no way we know");
	buf = xmalloc(want ? want : 1);
	if (f->filter) {
		if (filter_unpack(f, data, n, buf, want, e) < 0)
			return -1;
	} else if (lzop_unpack(data, n, buf, want) < 0) {
		return broken(f, NULL, e);
	}
	*out = TAKE(buf);
	return 0;
}
