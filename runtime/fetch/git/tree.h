/* tree.h: the files of a commit into a folder.
 *
 * The objects are hostile: every folder and file is made by us, anew, so nothing is written through a link; names like ".."
 * and ".git" and control characters are refused; at most 400,000 entries, 128 folders deep, 8 GiB. Content is as
 * committed: what .gitattributes says about line ends or filters is not done. Submodules are empty folders. */
#pragma once
#include "fetch/progress.h"
#include <stdbool.h>
struct err;
struct git_store;

/* dir: an empty folder, open. commit: a full id. X_NO_INPUT when the store has no such commit, X_BAD_ARCHIVE for hostile or
 * damaged objects; *absent is set when that is because one is not there. */
int gittree_write(struct git_store *s, const char *commit, int dir, source_progress *progress, bool *absent,
		  struct err *e);
