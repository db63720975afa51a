/* fetch.h: one commit without its history into a repository of ours, by `git fetch --depth 1`. */
#pragma once
#include "fetch/progress.h"
struct err;
struct git_address;

struct git_wanted {
	const struct git_address *remote;
	const char *commit; /* full id; its length tells the kind of repository */
	const char *ref;    /* what it was asked for by; may be NULL */
	source_progress *progress;
};

/* repository: a folder that is not there yet. When the server gives out no ids, a name that stands at the commit is asked
 * for. X_NO_INPUT when it does not give out the commit, X_NETWORK when ref means another one now, or there is no getting
 * through; X_BAD_ARCHIVE for damaged or hostile objects (git checks them), or more than a kernel has. */
int git_fetch(const struct git_wanted *w, const char *repository, struct err *e);
