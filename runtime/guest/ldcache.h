/* ldcache.h: /etc/ld.so.cache as ldconfig writes it: format "glibc-ld.so.cache1.1", alone or behind the older "ld.so-1.7.0"
 * (ldconfig before glibc 2.32). */
#pragma once
#include <stddef.h>
#include <stdint.h>

/* The next entry for soname from number *at on (0 at first; moves on), for 64-bit x86_64 or aarch64 libc6: any CPU's, or for those
 * that a folder of glibc-hwcaps is named after, which is in the path then. Returns 0 with *path, which is absolute, pointing into
 * data; 1 when there is none; negative when the cache is damaged. */
int ldcache_find(const void *data, size_t len, const char *soname, uint16_t machine, uint32_t *at, const char **path);
