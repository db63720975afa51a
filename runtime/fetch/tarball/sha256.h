/* sha256.h: what kernel.org publishes about its files (libcrypto). */
#pragma once
#include <stddef.h>
struct err;
struct sha256;

enum { SHA256_HEX = 64 };

/* Makes it when *s is NULL; else forgets what it was given. */
int sha256_begin(struct sha256 **s, struct err *e);
int sha256_add(struct sha256 *s, const void *data, size_t n, struct err *e);
/* Of all bytes so far; more may follow. */
int sha256_hex(const struct sha256 *s, char hex[SHA256_HEX + 1], struct err *e);
void sha256_free(struct sha256 **s); /* harmless on NULL */
