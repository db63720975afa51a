/* ldcache.c: a head of 48 bytes ("glibc-ld.so.cache1.1", number of entries, length of the strings, …), then entries of 24
 * bytes: flags, offset of the soname, offset of the path (both from the start of the head), an OS version, hardware
 * capabilities. In front of that there may be "ld.so-1.7.0", the number of its entries, and those: 12 bytes each. */
#include "guest/ldcache.h"
#include <elf.h>
#include <string.h>

static const char magic[] = "glibc-ld.so.cache1.1", old_magic[] = "ld.so-1.7.0";

struct entry {
	int32_t flags;
	uint32_t soname, path;
	uint32_t os_version;
	uint64_t hwcap;
};

enum {
	HEAD = 48,
	HEAD_COUNT = 20,
	OLD_HEAD = 16,
	OLD_HEAD_COUNT = 12,
	OLD_ENTRY = 12,
	FLAG_LIBC6 = 3,
	FLAG_X86_64 = 0x300,
	FLAG_AARCH64 = 0xa00,
};

/* Set where the rest is no bit mask but the number of a folder of glibc-hwcaps (dl-cache.h of glibc). */
#define HWCAP_FOLDER (1ull << 62)

/* The NUL-ended string at an offset, or NULL. */
static const char *string_at(const char *data, size_t len, uint32_t off)
{
	return off < len && memchr(data + off, 0, len - off) ? data + off : NULL;
}

/* Past the older format, to the head. */
static void skip_old(const char **data, size_t *len)
{
	uint32_t count;
	size_t n;

	if (*len < OLD_HEAD || memcmp(*data, old_magic, sizeof old_magic - 1) != 0)
		return;
	memcpy(&count, *data + OLD_HEAD_COUNT, sizeof count);
	if (count > (*len - OLD_HEAD) / OLD_ENTRY)
		return;
	n = (OLD_HEAD + (size_t)count * OLD_ENTRY + 7) / 8 * 8;
	if (n > *len)
		return;
	*data += n;
	*len -= n;
}

int ldcache_find(const void *data, size_t len, const char *soname, uint16_t machine, uint32_t *at, const char **path)
{
	int32_t flags = FLAG_LIBC6 | (machine == EM_AARCH64 ? FLAG_AARCH64 : FLAG_X86_64);
	const char *p = data;
	uint32_t count;

	skip_old(&p, &len);
	if (len < HEAD || memcmp(p, magic, sizeof magic - 1) != 0)
		return -1;
	memcpy(&count, p + HEAD_COUNT, sizeof count);
	if (count > (len - HEAD) / sizeof(struct entry))
		return -1;
	while (*at < count) {
		struct entry ent;
		const char *name, *where;

		memcpy(&ent, p + HEAD + *at * sizeof ent, sizeof ent);
		++*at;
		name = string_at(p, len, ent.soname);
		where = string_at(p, len, ent.path);
		if (!name || !where)
			return -1;
		if (ent.flags != flags || (ent.hwcap && !(ent.hwcap & HWCAP_FOLDER)) || strcmp(name, soname) != 0 ||
		    where[0] != '/')
			continue;
		*path = where;
		return 0;
	}
	return 1;
}
