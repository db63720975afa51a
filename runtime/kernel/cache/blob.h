/* blob.h: an entry of the kernel cache as one file, for caches elsewhere: tar, compressed with zstd (libarchive).
 *
 * Members are metadata.json (first; source_tree_path null, since it means something on one machine only), the image under
 * its own name, vmlinux and .config where there are any. What comes back is hostile: a tar, compressed with zstd or not, of
 * regular files with flat names, each once; any name but the three fixed ones is the image's. No name in it ever reaches
 * the file system. Both ways, a few hundred KiB are in memory at a time. */
#pragma once
#include "kernel/cache/entry.h"

/* dir: of the entry, open. Writes behind what is in out; *size is how much. X_NO_INPUT when a file of it is missing. */
int blob_pack(int dir, const struct kernel_meta *m, int out, uint64_t *size, struct err *e);

/* What a blob is unpacked to, under names of ours. */
#define BLOB_IMAGE "image"
#define BLOB_VMLINUX "vmlinux"
#define BLOB_CONFIG "config"

struct blob {
	uint64_t max; /* bytes of all files together; 0: 4 GiB */
	/* Next piece: *data stays valid until the next call; 0 bytes at the end. A negative return ends it. */
	int (*read)(void *arg, const void **data, size_t *n, struct err *e);
	void *arg;
	/* Filled: */
	struct kernel_meta meta; /* caller frees */
	bool vmlinux, config;    /* there is such a file */
};

/* dir: an empty folder, open. The metadata is good by kernel_meta_parse() and true as far as it can be checked: .config
 * has its config_hash, and vmlinux is there when it says so. X_BAD_ARCHIVE; what was unpacked by then stays. */
int blob_unpack(struct blob *b, int dir, struct err *e);
