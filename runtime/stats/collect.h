/* collect.h: the sidecar files of a folder. */
#pragma once
#include <stddef.h>
struct err;

/* Paths below a folder, which stays open: files of its own first, then those of its direct subfolders; each sorted. */
struct collection {
	int dir;
	char **paths; /* relative to dir */
	size_t n;
	struct collect_bad {
		char *path, *why; /* relative to dir */
	} * bad;
	size_t n_bad;
};

/* "{…}.json" with ".ktstr." in it, and no folder. Folders (and links to such) are looked into once, one level deep; one that
 * cannot be listed is bad. COLLECT_NONE: there is no such folder, or it cannot be listed, and e says why; c is empty then. */
enum { COLLECT_OK = 0, COLLECT_NONE = 1 };
int collect(struct collection *c, const char *dir, struct err *e);
/* The file's whole text, with a NUL behind its n bytes, into *text, which has room for *cap and grows: the caller's, for the
 * next file too. X_FAIL when it is not a regular file, larger than SIDECAR_MAX, or cannot be read; never blocks. */
int collect_read(const struct collection *c, const char *path, char **text, size_t *cap, size_t *n, struct err *e);
void collect_bad(struct collection *c, const char *path, const char *why);
void collect_free(struct collection *c);
#define auto_collection __attribute__((unused, cleanup(collect_free)))
/* Whether a file of this name is a sidecar. */
int collect_name(const char *name);
