/* clone.h: one commit of a remote repository as a source tree, without its history.
 *
 *   {store}/sources/{commit}/   checked out, complete or not there; no ".git" in it
 *
 * https, http, git, ssh and file URLs, and paths. libgit2 1.5 cannot fetch without the history, so the request for one
 * commit ("deepen 1") is ours (uploadpack.h); indexing the pack and the checkout are libgit2's. */
#pragma once
#include "fetch/progress.h"
struct err;
struct store;

struct remote_ref {
	char commit[41]; /* 40 hex digits; the commit, also when ref is an annotated tag */
	char *name;      /* "refs/heads/master", "refs/tags/v6.14"; NULL when ref was a commit id */
};

/* What ref means at url now: full name, branch, tag (in this order), or a full commit id (which is not asked about).
 * X_NETWORK when it cannot be asked, X_NO_INPUT when it is no repository or has no such ref (with near ones named). */
int remote_ref_find(const char *url, const char *ref, struct remote_ref *r, struct err *e);
void remote_ref_free(struct remote_ref *r);
#define auto_remote_ref __attribute__((unused, cleanup(remote_ref_free)))

/* Makes sure the tree of that commit is there. ref (may be NULL) is asked for when the server does not give out plain
 * commit ids, and must then still mean this commit. Concurrent callers share one fetch. */
int clone_tree(struct store *st, const char *url, const char *ref, const char *commit, char **tree,
	       source_progress *progress, struct err *e);
int clone_drop_tree(struct store *st, const char *commit, struct err *e);
