/* unpack.h: a source archive into a folder, while its bytes arrive (libarchive).
 *
 * The archive is hostile: only regular files, folders and symbolic links that stay inside are made; absolute paths, "..",
 * hard links out, devices, fifos, set-id bits, a member through a link, too many members, too many bytes, or more than
 * 200 times the bytes of the archive are errors. Everything lands below dir; one leading folder, which must be the same for
 * all members, is taken off. */
#pragma once
#include <stddef.h>
#include <stdint.h>
struct err;

struct unpack {
	uint64_t max_bytes;   /* 0: 8 GiB */
	uint64_t max_members; /* 0: 400,000 */
	/* Next piece of the archive: *data stays valid until the next call; 0 bytes at the end. A negative return ends it. */
	int (*read)(void *arg, const void **data, size_t *n, struct err *e);
	void *arg;
	uint64_t members, bytes; /* so far */
};

/* dir: an empty folder, open. X_BAD_ARCHIVE for a damaged or hostile archive, with the member's name. */
int unpack_tree(struct unpack *u, int dir, struct err *e);
