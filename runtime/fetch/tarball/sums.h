/* sums.h: published lists of checksums, as kernel.org's sha256sums.asc: lines "HEX  NAME", signed in the clear or not.
 *
 * The text may come from anywhere. All of it must be such a list: what a captive portal sends is none. */
#pragma once
#include <stddef.h>
struct err;

enum { SUMS_MAX = 16 << 20 };

enum { SUMS_FOUND = 0, SUMS_ABSENT = 1 };
/* The SHA-256 of a file. Negative (X_NETWORK) when the text is no list, or has two different ones of this name. */
int sums_find(const void *text, size_t n, const char *name, char hex[65], struct err *e);

/* The newest release "linux-V.tar.xz" that the text names of the series of version ("6.12" of "6.12.99"), release candidates
 * left out; empty when there is none. */
void sums_newest(const void *text, size_t n, const char *version, char newest[32]);

enum { SUMS_NO_KEYRING = 0, SUMS_KEYRING = 1 };
/* $KTSTR_KERNEL_KEYRING (X_NO_INPUT when it is not there), else ktstr/kernel.org.gpg in $XDG_CONFIG_HOME or ~/.config
 * when that is there. The path is absolute; caller frees. */
int sums_keyring(char **path, struct err *e);

/* Asks gpgv. *body is the signed text and nothing around it; caller frees. X_CHECKSUM when it is not signed, or not by a
 * key of the keyring; X_NO_TOOL without gpgv. */
int sums_verify(const char *text, size_t n, const char *keyring, char **body, size_t *n_body, struct err *e);
