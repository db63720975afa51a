/* remote.h: the names a repository has now, by `git ls-remote`, or by libgit2 for one on this machine (by git where libgit2
 * cannot read it: SHA-256, reftable). */
#pragma once
#include "fetch/git/refs.h"
struct err;
struct git_address;

struct remote_ref {
	char commit[GIT_ID]; /* the commit, also when ref is an annotated tag */
	char *name;          /* "refs/heads/master", "refs/tags/v6.14"; NULL when ref was a commit id */
};

/* What ref means at url now: full name, branch, tag (in this order), or a full commit id (which is not asked about).
 * X_NETWORK when it cannot be asked, X_NO_INPUT when it is no repository or has no such ref (with near ones named). */
int remote_ref_find(const char *url, const char *ref, struct remote_ref *r, struct err *e);
void remote_ref_free(struct remote_ref *r);
#define auto_remote_ref __attribute__((unused, cleanup(remote_ref_free)))

/* All of its names. */
int remote_refs(const struct git_address *a, struct git_refs *refs, struct err *e);
