/* name.h: short names for what has a long one: build folders, objects of a source tree, locks, tables of a stat cache.
 *
 * XXH3-128, which is quick and which anybody can make collide: nobody gains by it where two owners of a name find out that it
 * is not theirs. What a result is known by is digest.h's. */
#pragma once
#include <stddef.h>

#define NAME_LEN 32 /* hex digits */

/* hex: 33 bytes. The same on every machine; `printf … | xxhsum -H2` prints it. */
void name_hex(const void *data, size_t n, char hex[NAME_LEN + 1]);
