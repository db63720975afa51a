/* clone.h: one commit of a repository as a source tree, without its history.
 *
 *   {store}/sources/{commit}/   checked out, complete or not there; no ".git" in it
 *
 * https, http, git, ssh and file URLs, what the user's configuration of git makes one of these, and paths. */
#pragma once
#include "fetch/progress.h"
struct err;
struct store;

/* Makes sure the tree of that commit is there. ref (may be NULL) is asked for when the server does not give out plain
 * commit ids, and must then still mean this commit. Concurrent callers share one fetch. */
int clone_tree(struct store *st, const char *url, const char *ref, const char *commit, char **tree,
	       source_progress *progress, struct err *e);
int clone_drop_tree(struct store *st, const char *commit, struct err *e);
