#include "kernel/image/armimage.h"

#include <endian.h>
#include <linux/btf.h>
#include <stdint.h>
#include <string.h>

#include "base/err.h"
#include "kernel/image/decompress.h"

enum {
	HEADER = 64,
	AT_ARM_MAGIC = 56,
	AT_ZIMG = 4,
	AT_ZBOOT_OFFSET = 8,
	AT_ZBOOT_SIZE = 12,
	AT_PE = 60,
	PE_ARM64 = 0xaa64,
	BTF_HEADER_MAX = 256,
	BTF_STEP = 4, /* its section's alignment */
};

static uint32_t le32(const uint8_t *p)
{
	uint32_t v;

	memcpy(&v, p, sizeof(v));
	return le32toh(v);
}

bool armimage_is(const void *head, size_t n)
{
	return n >= HEADER && !memcmp((const uint8_t *)head + AT_ARM_MAGIC, "ARM\x64", 4);
}

bool armimage_is_zboot(const void *head, size_t n)
{
	const uint8_t *d = head;

	return n >= HEADER && !memcmp(d, "MZ", 2) && !memcmp(d + AT_ZIMG, "zimg", 4);
}

static bool pe_is_arm64(const uint8_t *d, size_t n)
{
	size_t pe = le32(d + AT_PE);

	return pe <= n && n - pe >= 6 && !memcmp(d + pe, "PE\0\0", 4) && (d[pe + 4] | d[pe + 5] << 8) == PE_ARM64;
}

/* gzip's own trailer is the size it unpacks to; behind any other stream, and not counted in its length, that is appended. */
int armimage_payload(const void *data, size_t n, const void **p, size_t *len, size_t *unpacked, struct err *e)
{
	const uint8_t *d = data;
	const char *format;
	uint64_t off, size;
	bool gzip;

	if (!armimage_is_zboot(data, n) || !pe_is_arm64(d, n))
		return err_set(e, X_BAD_KERNEL, "an EFI program that is not a kernel for arm64");
	off = le32(d + AT_ZBOOT_OFFSET);
	size = le32(d + AT_ZBOOT_SIZE);
	if (off > n || size > n - off || size < 8)
		return err_set(e, X_BAD_KERNEL,
			       "the header promises %ju bytes of kernel at %ju, the image ends at %zu (truncated?)",
			       (uintmax_t)size, (uintmax_t)off, n);
	format = decompress_format(d + off, size);
	if (!format)
		return err_set(e, X_BAD_KERNEL, "the kernel in the image is compressed in an unknown way");
	gzip = !strcmp(format, "gzip");
	if (!gzip && n - off - size < 4)
		return err_set(e, X_BAD_KERNEL, "the image ends before the size of its kernel (truncated?)");
	*p = d + off;
	*len = size;
	*unpacked = le32(d + off + size - (gzip ? 4 : 0));
	return 0;
}

/* Types and strings as they follow each other, and the strings delimited: no other bytes look like that. */
static size_t btf_here(const uint8_t *d, size_t n)
{
	struct btf_header h;
	uint64_t end;

	if (n < sizeof(h))
		return 0;
	memcpy(&h, d, sizeof(h));
	if (h.hdr_len < sizeof(h) || h.hdr_len > BTF_HEADER_MAX || h.hdr_len % 4 || h.type_off % 4 || !h.type_len ||
	    (uint64_t)h.type_off + h.type_len > h.str_off || !h.str_len)
		return 0;
	end = (uint64_t)h.hdr_len + h.str_off + h.str_len;
	if (end > n || d[h.hdr_len + h.str_off] || d[end - 1])
		return 0;
	return end;
}

const void *armimage_btf(const void *data, size_t n, size_t *len)
{
	static const uint8_t magic[] = { 0x9f, 0xeb, BTF_VERSION, 0 };
	const uint8_t *start = data, *end = start + n, *best = NULL;

	*len = 0;
	for (const uint8_t *p = start; (p = memmem(p, (size_t)(end - p), magic, sizeof(magic))); p++) {
		size_t here = (p - start) % BTF_STEP ? 0 : btf_here(p, (size_t)(end - p));

		if (here <= *len)
			continue;
		best = p;
		*len = here;
	}
	return best;
}
