/* tree.h: the files of a commit into a folder.
 *
 * The objects are hostile: every folder and file is made by us, anew, so nothing is written through a link; names like ".."
 * and ".git" and control characters are refused; at most 400,000 entries, 128 folders deep, 8 GiB. Content is as
 * committed: what .gitattributes says about line ends or filters is not done. Submodules are empty folders. */
#pragma once
#include "fetch/progress.h"
struct err;
struct git_odb;

/* dir: an empty folder, open. X_NO_INPUT when odb has no such commit, X_BAD_ARCHIVE for hostile, damaged or missing
 * objects. */
int gittree_write(struct git_odb *odb, const char *commit, int dir, source_progress *progress, struct err *e);
