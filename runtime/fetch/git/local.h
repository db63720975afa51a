/* local.h: what git says about a source tree on this machine: by libgit2, and by git itself where libgit2 cannot read it
 * (asked.h). Both say the same.
 *
 * A repository further up that is not the tree's own does not count: its work tree must be this very folder. */
#pragma once
#include "fetch/git/refs.h"
#include <stdbool.h>
struct err;

struct localgit; /* an opened repository */

/* 0 with *g NULL when dir is not a work tree of its own. Damage to a repository is an error; X_NO_TOOL where only git
 * could read it and is not installed. */
int localgit_open(struct localgit **g, const char *dir, struct err *e);
void localgit_close(struct localgit *g);

/* Commit of HEAD; "" before the first commit. */
int localgit_head(struct localgit *g, char commit[GIT_ID], struct err *e);
/* Where its index is: a file that is replaced when anything in it changes. */
const char *localgit_index(struct localgit *g);
/* Whether a tracked file differs from HEAD, in the index or on disk. A difference of times alone is none. */
int localgit_dirty(struct localgit *g, bool *dirty, struct err *e);
/* Whether path (relative to the tree; a folder's ends with '/') is in the index, or something below it is. */
bool localgit_tracked(struct localgit *g, const char *path);
/* Whether path (the same) is neither tracked nor wanted: ignored by .gitignore and
 * its like. Called for each file of the tree: cheap for tracked ones. */
int localgit_ignored(struct localgit *g, const char *path, bool *ignored, struct err *e);
