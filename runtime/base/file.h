/* file.h: files that appear whole or not at all, and the few tree operations we need.
 *
 * Paths are relative to a directory descriptor (AT_FDCWD for the current one). */
#pragma once
#include <fcntl.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdio.h>
#include <sys/types.h>
struct err;

/* A file being written beside its final place, unlinked unless published. {0} is "none". */
struct draft {
	FILE *f;
	int dir;   /* where it lives; not owned */
	char *tmp; /* its name until published */
};
/* Creates ".{name}.XXXXXX.tmp" in dir for a later publish as name. */
int draft_open(struct draft *d, int dir, const char *name, struct err *e);
/* Flushes, checks for write errors, fsyncs when sync is set, renames to name. */
int draft_publish(struct draft *d, const char *name, bool sync, struct err *e);
void draft_drop(struct draft *d);
#define auto_draft __attribute__((unused, cleanup(draft_drop)))

/* Whole file, NUL added behind *n bytes. More than max bytes is an error. ENOENT: returns -ENOENT. */
int file_read(int dir, const char *path, size_t max, char **text, size_t *n, struct err *e);
/* Same from an open descriptor, from its current offset. */
int file_read_fd(int fd, const char *what, size_t max, char **text, size_t *n, struct err *e);
/* Atomic whole-file write; leaves the file (and its times) alone when the content is already equal.
 * Returns 0 unchanged, 1 written. */
int file_write(int dir, const char *path, const void *data, size_t n, struct err *e);
/* Fills buf as far as the file goes. -1 with errno. */
ssize_t read_full(int fd, void *buf, size_t n);
int write_all(int fd, const void *data, size_t n, const char *what, struct err *e);

int mkdir_p(int dir, const char *path, mode_t mode, struct err *e);
/* Removes path and everything below it; no error when it is not there. Never follows links. */
int rmtree(int dir, const char *path, struct err *e);
/* A folder for this process alone below $TMPDIR or /tmp, mode 0700. Caller frees the path and calls rmtree. */
char *tmpdir_make(const char *what, struct err *e);

/* Copies a regular file by reflink, else copy_file_range, else read/write; holes stay holes. Creates dst (O_EXCL). */
int file_copy(int sdir, const char *src, int ddir, const char *dst, mode_t mode, struct err *e);

bool file_exists(const char *path);
/* The folder of the running executable, without a trailing slash. Caller frees. */
char *self_dir(struct err *e);
/* $XDG_CACHE_HOME/ktstr, else $HOME/.cache/ktstr, unless the variable env is set and not empty: then its value.
 * sub ("store", "kernels") is appended to the first two only. Caller frees. */
char *cache_path(const char *env, const char *sub, struct err *e);
