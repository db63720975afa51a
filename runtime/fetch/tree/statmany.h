/* statmany.h: the lstat of many files, by several threads.
 *
 * Looking at the 90,000 files of a Linux tree is most of what it costs to know that nothing in it changed, and the kernel
 * does that on all CPUs alike. */
#pragma once
#include <stdbool.h>
#include <stddef.h>
#include <sys/stat.h>
struct err;

struct source_file {
	char *path; /* relative */
	struct stat st;
	bool shut; /* a file, or a folder as a whole, that this user may not read (srctree.h) */
};

/* Fills st of each of v, whose paths are below the folder open as root. Files that are gone meanwhile have st_mode 0. Quickest
 * when those of a folder stand together. X_NO_INPUT, or stop_err(). */
int statmany(int root, struct source_file *v, size_t n, struct err *e);
