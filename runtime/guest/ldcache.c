/* ldcache.c: /etc/ld.so.cache as ldconfig of glibc 2.32 and later writes it.
 *
 * A head of 48 bytes ("glibc-ld.so.cache1.1", number of entries, length of the strings, …), then entries of 24 bytes:
 * flags, offset of the soname, offset of the path (both from the start of the file), an OS version, hardware
 * capabilities. Entries that need a capability are for particular CPUs, which a guest's need not be. */
#include "guest/payload.h"
#include <elf.h>
#include <string.h>

static const char magic[] = "glibc-ld.so.cache1.1";

struct entry {
	int32_t flags;
	uint32_t soname, path;
	uint32_t os_version;
	uint64_t hwcap;
};

enum {
	HEAD = 48,
	HEAD_COUNT = 20,
	FLAG_LIBC6 = 3,
	FLAG_X86_64 = 0x300,
	FLAG_AARCH64 = 0xa00,
};

/* The NUL-ended string at an offset, or NULL. */
static const char *string_at(const char *data, size_t len, uint32_t off)
{
	return off < len && memchr(data + off, 0, len - off) ? data + off : NULL;
}

int ldcache_find(const void *data, size_t len, const char *soname, uint16_t machine, const char **path)
{
	int32_t flags = FLAG_LIBC6 | (machine == EM_AARCH64 ? FLAG_AARCH64 : FLAG_X86_64);
	const char *p = data;
	uint32_t count;

	if (len < HEAD || memcmp(p, magic, sizeof magic - 1) != 0)
		return -1;
	memcpy(&count, p + HEAD_COUNT, sizeof count);
	if (count > (len - HEAD) / sizeof(struct entry))
		return -1;
	for (uint32_t i = 0; i < count; i++) {
		struct entry ent;
		const char *name, *where;

		memcpy(&ent, p + HEAD + i * sizeof ent, sizeof ent);
		name = string_at(p, len, ent.soname);
		where = string_at(p, len, ent.path);
		if (!name || !where)
			return -1;
		if (ent.flags != flags || ent.hwcap || strcmp(name, soname) != 0 || where[0] != '/')
			continue;
		*path = where;
		return 0;
	}
	return 1;
}
