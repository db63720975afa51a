/* digest.h: XXH3-128 of a file's content, fast for files that are mostly holes.
 *
 * Guest memory is a file of a gigabyte with some megabytes in it, so a run of whole zero pages (4096 bytes, aligned) is
 * hashed as a record of 24 bytes, "ktstr0pg" and its offset and length as little-endian 64-bit numbers, in its place.
 * Whether such a run is a hole or stored zeros makes no difference. A file without a zero page hashes as its bytes do:
 * `xxhsum -H2` prints the same. */
#pragma once
#include <stddef.h>
#include <stdint.h>
struct err;

#define KEY_LEN 32 /* hex digits of an XXH3-128 */

/* All of a regular file, whatever the offset of fd, which moves. hex: 33 bytes; size may be NULL. what names it in
 * errors. A file that shrinks meanwhile is an error. A stop ends it. */
int digest_fd(int fd, const char *what, char *hex, uint64_t *size, struct err *e);

/* XXH3-128 of bytes as 32 hex digits. */
void hash_hex(const void *data, size_t n, char hex[KEY_LEN + 1]);
