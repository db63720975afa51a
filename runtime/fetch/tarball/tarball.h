/* tarball.h: released kernels as kernel.org publishes them: checked, kept, unpacked.
 *
 *   {store}/tarballs/{sha256}.tar.xz    what was downloaded and checked; a ".part" beside it is a download to go on with
 *   {store}/sums/…                      the published lists of checksums, as fetched
 *   {store}/sources/{sha256}/           unpacked, complete or not there; the tree itself, without "linux-6.12/"
 *
 * All three can be deleted at the cost of time. Unpacking runs while the bytes arrive, into a draft that becomes the tree
 * only when the checksum of all of it was right. */
#pragma once
#include "fetch/progress.h"
struct err;
struct store;

/* Where a version is published. Base addresses: $KTSTR_KERNEL_MIRROR instead of https://cdn.kernel.org/pub/linux/kernel,
 * $KTSTR_RC_MIRROR instead of https://git.kernel.org/torvalds/t (release candidates; they have no list of checksums);
 * http, https and file. Strings are the caller's to free (tarball_free). */
struct tarball {
	char *version;   /* "6.12.117" "6.15-rc3" */
	char *url;       /* …/v6.x/linux-6.12.117.tar.xz */
	char *sums;      /* …/v6.x/sha256sums.asc; NULL: none is published */
	char sha256[65]; /* "" until it is known */
};

/* X_USAGE when version is not a kernel version. */
int tarball_where(struct tarball *t, const char *version, struct err *e);
void tarball_free(struct tarball *t);
#define auto_tarball __attribute__((unused, cleanup(tarball_free)))

/* Finds the published checksum: in a list fetched before, else in the list as it is now. The list's signature is checked
 * by gpgv with $KTSTR_KERNEL_KEYRING (default: see the source) when both are there; note (static storage or the caller's
 * buffer of 256 bytes) says in words what was not checked, "" when all was. X_NO_INPUT when the list has no such file. */
int tarball_checksum(struct store *st, struct tarball *t, char note[256], struct err *e);
/* After a mismatch: the list is asked for again next time. */
int tarball_checksum_forget(struct store *st, const struct tarball *t, struct err *e);

/* Makes sure the tree is there and puts its absolute path into *tree (caller frees): present, else unpacked from the kept
 * tarball, else downloaded and unpacked. Fills t->sha256 when it was not known. Concurrent callers share one download.
 * Errors: X_NETWORK, X_NO_INPUT (404), X_CHECKSUM (nothing is kept), X_BAD_ARCHIVE, X_DISK_FULL (also told beforehand,
 * from the free space), X_STORE. */
int tarball_tree(struct store *st, struct tarball *t, char **tree, source_progress *progress, struct err *e);
/* Removes the unpacked tree, not the tarball. */
int tarball_drop_tree(struct store *st, const struct tarball *t, struct err *e);
