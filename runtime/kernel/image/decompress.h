/* decompress.h: one compressed stream in memory, as kernel images carry it. The stream may be hostile. */
#pragma once
#include <stddef.h>
#include <stdint.h>
struct err;

/* "gzip" "bzip2" "lzma" "xz" "lzo" "lz4" "zstd" by the first bytes, or NULL. */
const char *decompress_format(const void *data, size_t n);
/* Unpacks a stream that must give exactly want bytes. out is malloc'd. X_BAD_KERNEL. */
int decompress(const void *data, size_t n, size_t want, void **out, struct err *e);
/* The first bytes of what it unpacks to, at most max; 0 when that does not work. */
size_t decompress_head(const void *data, size_t n, void *out, size_t max);

/* lzo.c: an lzop file (the format behind "lzo" images) into out. 0, or -1 when it is damaged or is not want bytes. */
int lzop_unpack(const uint8_t *data, size_t n, uint8_t *out, size_t want);
