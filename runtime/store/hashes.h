/* hashes.h: content hashes of files (digest.h), remembered by (device, inode, size, mtime, ctime), so that asking again
 * costs a stat.
 *
 * One table per scope, a text file below the store ("hashes/{scope}"), read whole, rewritten atomically when something
 * new was learnt; of concurrent writers one may forget what the other learnt, which costs a rehash. A file that changed
 * less than 50 ms before it was hashed is not remembered: its next change could carry the same times. What nobody asked
 * for in 60 days is forgotten.
 *
 * Results of the store are linked into many folders, and every link changes the ctime; as they are never edited, theirs
 * is not looked at, and all links of one share what is known about it, until the machine boots again: after a power failure a
 * file may have its size and its time, and other bytes. */
#pragma once
#include <stdbool.h>
#include <stdint.h>
struct err;
struct hashes;
struct stat;

/* root: the store's folder. scope: a file name. Never fails for a damaged table: it is forgotten. */
int hashes_open(struct hashes **h, const char *root, const char *scope, struct err *e);
/* hex: 65 bytes. Only regular files (links are followed). size may be NULL. */
int hashes_file(struct hashes *h, int dir, const char *path, char *hex, uint64_t *size, struct err *e);
/* Whether the file this is the stat of is remembered; hex as above. For who has looked at it anyway. */
bool hashes_known(struct hashes *h, const struct stat *st, char *hex);
/* States the hash of a file that equals one of the store's, so that it is never read: hex from its list of contents. */
void hashes_learn(struct hashes *h, int dir, const char *path, const char *hex);

/* What a program answered to a question (its --version), remembered the same way. NULL when not known; the caller
 * frees. Nothing is remembered about scripts and about programs called by another than their own name (ccache, rustup):
 * those answer for a program we do not see. */
char *hashes_recall(struct hashes *h, const char *program, const char *question);
void hashes_remember(struct hashes *h, const char *program, const char *question, const char *answer);

/* How many were answered without reading the file, for tests and --explain. */
unsigned hashes_hits(const struct hashes *h);
/* Writes what is new (failure to write is not an error: it only costs time later) and frees. NULL is fine. */
void hashes_close(struct hashes *h);
