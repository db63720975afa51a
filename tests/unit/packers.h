/* packers.h: one stream in every compression that kernels use, made at run time. */
#pragma once
#include <stdint.h>
#include <string.h>

#include <archive.h>
#include <archive_entry.h>

#include "base/mem.h"

struct bytes {
	uint8_t *p;
	size_t n;
};

static inline struct bytes by_filter(const void *data, size_t n, int (*filter)(struct archive *))
{
	struct bytes b = { .p = xcalloc(1, n + 4096) };
	struct archive *a = archive_write_new();
	struct archive_entry *entry = archive_entry_new();

	archive_entry_set_filetype(entry, AE_IFREG);
	archive_entry_set_pathname(entry, "data");
	assert_int_equal(filter(a), ARCHIVE_OK);
	assert_int_equal(archive_write_set_format_raw(a), ARCHIVE_OK);
	archive_write_set_bytes_in_last_block(a, 1);
	assert_int_equal(archive_write_open_memory(a, b.p, n + 4096, &b.n), ARCHIVE_OK);
	assert_int_equal(archive_write_header(a, entry), ARCHIVE_OK);
	assert_int_equal(archive_write_data(a, data, n), n);
	assert_int_equal(archive_write_close(a), ARCHIVE_OK);
	archive_write_free(a);
	archive_entry_free(entry);
	return b;
}

static inline struct bytes gzip(const void *data, size_t n)
{
	return by_filter(data, n, archive_write_add_filter_gzip);
}

static inline struct bytes bzip2(const void *data, size_t n)
{
	return by_filter(data, n, archive_write_add_filter_bzip2);
}

static inline struct bytes lzma(const void *data, size_t n)
{
	return by_filter(data, n, archive_write_add_filter_lzma);
}

static inline struct bytes xz(const void *data, size_t n)
{
	return by_filter(data, n, archive_write_add_filter_xz);
}

static inline struct bytes zstd(const void *data, size_t n)
{
	return by_filter(data, n, archive_write_add_filter_zstd);
}

static inline void put(struct bytes *b, const void *p, size_t n)
{
	b->p = xreallocarray(b->p, b->n + n, 1);
	memcpy(b->p + b->n, p, n);
	b->n += n;
}

static inline void put_byte(struct bytes *b, size_t v)
{
	put(b, &(uint8_t){ (uint8_t)v }, 1);
}

/* The legacy frame with one block of literals. */
static inline struct bytes lz4(const void *data, size_t n)
{
	struct bytes block = { 0 }, b = { 0 };
	uint32_t size;

	put_byte(&block, 0xf0);
	for (size = (uint32_t)n - 15; size >= 255; size -= 255)
		put_byte(&block, 255);
	put_byte(&block, size);
	put(&block, data, n);
	size = (uint32_t)block.n;
	put(&b, "\x02\x21\x4c\x18", 4);
	put(&b, &size, 4);
	put(&b, block.p, block.n);
	free(block.p);
	return b;
}

static inline void put_be32(struct bytes *b, uint32_t v)
{
	put(b, (const uint8_t[]){ (uint8_t)(v >> 24), (uint8_t)(v >> 16), (uint8_t)(v >> 8), (uint8_t)v }, 4);
}

static inline struct bytes lzop_head(void)
{
	static const uint8_t head[] = {
		0x89, 'L',  'Z',  'O',  0,    '\r', '\n', 0x1a, '\n',          /* magic */
		0x10, 0x40, 0x20, 0xa0, 0x09, 0x40, 3,    9,                   /* versions, method, level */
		0,    0,    0,    0,                                           /* flags: no checksums */
		0,    0,    0x81, 0xa4, 0,    0,    0,    0,    0,    0, 0, 0, /* mode, time */
		0,    0,    0,    0,    0,                                     /* no name, checksum */
	};
	struct bytes b = { 0 };

	put(&b, head, sizeof(head));
	return b;
}

static inline void lzop_block(struct bytes *b, uint32_t to, const struct bytes *from)
{
	put_be32(b, to);
	put_be32(b, (uint32_t)from->n);
	put(b, from->p, from->n);
}

static inline struct bytes lzo_stored(const void *data, size_t n)
{
	struct bytes b = lzop_head(), all = { .p = (uint8_t *)data, .n = n };

	lzop_block(&b, (uint32_t)n, &all);
	put_be32(&b, 0);
	return b;
}

static const struct {
	const char *name;
	struct bytes (*pack)(const void *data, size_t n);
} formats[] = {
	{ "gzip", gzip }, { "bzip2", bzip2 }, { "lzma", lzma },      { "xz", xz },
	{ "zstd", zstd }, { "lz4", lz4 },     { "lzo", lzo_stored },
};
