/* srctree.h: a kernel source tree by content, so that an unchanged one is known without running make.
 *
 * Every regular file and link below the folder counts, with its relative path and its executable bit, except ".git",
 * what make leaves behind (objects, their .cmd files, archives, …) and what editors and tag programs leave. Git's
 * opinion on a file is not asked: a tree that differs from its commit is simply another tree. */
#pragma once
struct err;

/* hex: 33 bytes. Files are read once and remembered by stat in the store (hashes.h, one scope per tree). progress may be
 * NULL. X_NO_INPUT when source is no kernel source tree. */
int srctree_hash(const char *store, const char *source, char *hex,
		 void (*progress)(unsigned long done, unsigned long total, const char *note), struct err *e);
