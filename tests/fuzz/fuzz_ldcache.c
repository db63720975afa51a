/* fuzz_ldcache.c: an ld.so.cache from anybody. */
#include "fuzz.h"

#include "guest/ldcache.h"
#include <elf.h>

int LLVMFuzzerInitialize(int *argc, char ***argv)
{
	static const char strings[] = "libc.so.6\0/lib/libc.so.6";
	const struct {
		char magic[20];
		uint32_t count, size, rest[5];
		uint32_t flags, soname, path, os;
		uint64_t hwcap;
		char strings[sizeof strings];
	} cache = {
		"glibc-ld.so.cache1.1", 1, sizeof strings, { 0 }, 0x303, 72, 82, 0, 0, "libc.so.6\0/lib/libc.so.6"
	};

	(void)argc, (void)argv;
	fuzz_seed("cache", &cache, 72 + sizeof strings);
	return 0;
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t n)
{
	static const uint16_t machines[] = { EM_X86_64, EM_AARCH64 };
	const char *start = (const char *)data, *path;

	for (size_t i = 0; i < countof(machines); i++) {
		for (uint32_t at = 0; ldcache_find(data, n, "libc.so.6", machines[i], &at, &path) == 0;)
			MUST(path > start && path < start + n && path[0] == '/' &&
			     memchr(path, 0, n - (size_t)(path - start)));
	}
	return 0;
}
