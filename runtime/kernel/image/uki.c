/* Offsets are those of Microsoft's "PE Format". */
#include "kernel/image/uki.h"

#include "base/err.h"
#include <string.h>

enum { PE_AT = 0x3c, COFF = 24, SECTION = 40, SECTIONS_MAX = 96 };

static uint32_t u32(const uint8_t *p)
{
	return p[0] | (uint32_t)p[1] << 8 | (uint32_t)p[2] << 16 | (uint32_t)p[3] << 24;
}

static unsigned u16(const uint8_t *p)
{
	return p[0] | (unsigned)p[1] << 8;
}

int uki_kernel(const void *data, size_t n, const void **kernel, size_t *len, struct err *e)
{
	const uint8_t *p = data, *pe;
	size_t at;

	if (n < 64 || memcmp(p, "MZ", 2) != 0)
		return 1;
	at = u32(p + PE_AT);
	if (at > n || n - at < COFF || memcmp(p + at, "PE\0\0", 4) != 0)
		return 1;
	pe = p + at;
	at += COFF + u16(pe + 20); /* behind the optional header */
	for (unsigned i = 0, count = u16(pe + 6); i < count && i < SECTIONS_MAX; i++, at += SECTION) {
		if (at > n || n - at < SECTION)
			return 1;
		const uint8_t *s = p + at;
		size_t bytes = u32(s + 8), raw = u32(s + 16), from = u32(s + 20);

		if (memcmp(s, ".linux\0\0", 8) != 0)
			continue;
		/* The raw size is rounded up; older tools leave the other one 0. */
		if (bytes == 0 || bytes > raw)
			bytes = raw;
		if (from > n || n - from < bytes || !bytes)
			return err_set(e, X_BAD_KERNEL, "its section .linux lies outside of the file");
		*kernel = p + from;
		*len = bytes;
		return 0;
	}
	return 1;
}
