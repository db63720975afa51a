/* commits.h: commits of a repository, by git itself, which is asked and never has it write anything there: no ref, no index, no work tree. */
#pragma once
#include "fetch/git/refs.h"
#include "text/argv.h"
#include <stdbool.h>
struct err;
struct hunt;

struct commits {
	char *repository; /* what git calls it: …/.git, or a bare one */
	char *root;       /* folder of that */
	char *below;      /* where in its trees the folder is that was named: "sched/", or "" */
	char *objects;    /* its objects */
	char good[GIT_ID], bad[GIT_ID];
	struct argv bases; /* where the two part, when good is no ancestor of bad */
	bool first_parent; /* of a merge only what it was merged into counts */
};

/* dir: a folder in a work tree, or a bare repository. X_NO_INPUT: there is no repository, or no such commit in it. X_USAGE: the two have nothing in
 * common, are the same, or the bad one is the ancestor. c is to be freed in any case. */
int commits_open(struct commits *c, const char *dir, const char *good, const char *bad, bool first_parent,
		 struct err *e);
/* For hunt.h. */
int commits_left(const struct commits *c, const struct hunt *h, struct argv *ids, struct err *e);
/* Plain text; the caller frees: its subject, and all that `git bisect` ends with. NULL: e says why. */
char *commits_subject(const struct commits *c, const char *id, struct err *e);
char *commits_show(const struct commits *c, const char *id, struct err *e);
/* Id of its tree. */
int commits_tree(const struct commits *c, const char *id, char tree[GIT_ID], struct err *e);
/* Its files into the folder "tree" of dir, which has no such folder yet; "git" beside it is what git needs for that. As in the user's own work
 * trees: line ends and filters as his settings have them, submodules are empty. */
int commits_checkout(const struct commits *c, const char *id, const char *dir, struct err *e);
void commits_free(struct commits *c);
