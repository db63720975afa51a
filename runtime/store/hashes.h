/* hashes.h: content hashes of files, remembered by (path, size, mtime, ctime, inode), so that asking again costs a stat.
 *
 * One table per scope, a text file below the store ("hashes/{scope}"), read whole, rewritten atomically when something
 * new was learnt; concurrent writers merge by last rename, which costs at most a rehash. A file that changed less than
 * 50 ms before it was hashed is not remembered: its next change could carry the same times. */
#pragma once
#include <stdint.h>
struct err;
struct hashes;

/* root: the store's folder. scope: a file name. Never fails for a damaged table: it is forgotten. */
int hashes_open(struct hashes **h, const char *root, const char *scope, struct err *e);
/* hex: 33 bytes. Only regular files (links are followed). size may be NULL. */
int hashes_file(struct hashes *h, int dir, const char *path, char *hex, uint64_t *size, struct err *e);
/* How many were answered without reading the file, for tests and --explain. */
unsigned hashes_hits(const struct hashes *h);
/* Writes what is new (failure to write is not an error: it only costs time later) and frees. NULL is fine. */
void hashes_close(struct hashes *h);
