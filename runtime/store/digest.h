/* digest.h: SHA-256 of a file's content, fast for files that are mostly holes.
 *
 * A file in which no page (4096 bytes, aligned) is all zeros has the hash of its bytes: `sha256sum` prints the same. Guest memory
 * is a file of a gigabyte with some megabytes in it, so zero pages are not hashed: such a file has the complement (every bit
 * turned over) of the SHA-256 of all its longest runs of zero pages, in order, each as its offset and length in little-endian 64-bit
 * numbers, followed by the 32 bytes of the SHA-256 of all other bytes. Whether a run is a hole or stored zeros makes no difference.
 * Runs and bytes are kept apart, and the complement is the hash of no bytes that anybody knows: so no file can be written to look
 * like another by having the numbers of a run in its bytes. */
#pragma once
#include <stddef.h>
#include <stdint.h>
struct err;

#define KEY_LEN 64 /* hex digits of an SHA-256 */

/* All of a regular file, whatever the offset of fd, which moves. hex: 65 bytes; size may be NULL. what names it in
 * errors. A file that shrinks meanwhile is an error. A stop ends it. */
int digest_fd(int fd, const char *what, char *hex, uint64_t *size, struct err *e);

/* SHA-256 of bytes as 64 hex digits. */
void hash_hex(const void *data, size_t n, char hex[KEY_LEN + 1]);

/* The same of bytes as they come. */
struct sha {
	uint64_t state[14]; /* digest.c's */
};
void sha_begin(struct sha *s);
void sha_add(struct sha *s, const void *data, size_t n);
void sha_end(struct sha *s, char hex[KEY_LEN + 1]);
/* HMAC-SHA-256 (RFC 2104) of bytes. */
void hash_mac(const char *secret, const void *data, size_t n, char hex[KEY_LEN + 1]);
