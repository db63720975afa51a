/* srctree.h: a kernel source tree by content, so that an unchanged one is known without running make.
 *
 * Every regular file and link below the folder counts, with its relative path and its executable bit, a link
 * with what it leads to (link.h). What does not:
 * ".git"; in a git work tree what git ignores, so that a tree built in place is the same as a clean one; and, unless git
 * tracks it, what has the name of something make, editors or tag programs leave (objects, their .cmd files, …). So a
 * clean tree is the same one with git and without.
 *
 * What this user may not read (somebody's perf.data, a folder of root's) and git does not track is no source that could be
 * built here: it counts by its size and the time of its last change. */
#pragma once
#include <stddef.h>
struct err;

/* hex: 65 bytes. Files are read once and remembered by stat in the store (hashes.h, one scope per tree). progress may be
 * NULL. *shut (unless NULL): what may not be read, for people ("perf.data and 2 others"), or NULL; caller frees. X_NO_INPUT when source is
 * no kernel source tree, or git tracks what may not be read. */
int srctree_hash(const char *store, const char *source, char *hex, char **shut,
		 void (*progress)(unsigned long done, unsigned long total, const char *note), struct err *e);
struct source_files;
/* The same, and what it is a hash of: the files (files.h) and, in their order, "path\0kind hash\n" each. The caller frees
 * *text and drops f ({.root = -1} before). */
int srctree_list(const char *store, const char *source, struct source_files *f, char **text, size_t *n, char *hex,
		 void (*progress)(unsigned long done, unsigned long total, const char *note), struct err *e);
/* Makes dir a mirror of exactly the files that count: folders of symbolic links to them. What is right already stays as
 * it is. Names at its top that start with "ktstr-" are not the mirror's and are left alone. source is absolute. */
int srctree_mirror(const char *source, const char *dir, struct err *e);
