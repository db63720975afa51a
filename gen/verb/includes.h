/* includes.h: what -i PATH brings into a guest: files, folders, programs found in PATH.
 *
 * A path (with a '/', or there relative to the current folder) is that file or folder; a bare name that is not there is
 * looked for in PATH. Files appear as /include-files/NAME, a folder's regular files as /include-files/FOLDER/…; symbolic links
 * are followed. */
#pragma once
#include <stddef.h>
#include <stdint.h>
struct err;

struct include {
	char *guest; /* "/include-files/strace" */
	char *host;  /* absolute */
};

struct includes {
	struct include *v;
	size_t n;
};

/* X_NO_INPUT when it is not there, X_USAGE for a folder without a name (".", "/") and for a name that no list can hold. A
 * folder without regular files is a warning. */
int includes_add(struct includes *l, const char *arg, struct err *e);
/* Sorts by guest path; X_USAGE when two files want the same place. */
int includes_settle(struct includes *l, struct err *e);
/* Guest folders that hold programs, joined by ':'; "" for none. Caller frees. */
char *includes_path(const struct includes *l);
/* Bytes of guest memory that the files take, whole pages each. */
uint64_t includes_bytes(const struct includes *l);
void includes_free(struct includes *l);
#define auto_includes __attribute__((unused, cleanup(includes_free)))
