/* asked.h: a work tree on this machine by git itself, for what libgit2 cannot read: an index that is split, sparse or without
 * its checksum, SHA-256, reftable, extensions it does not know. Nothing that the repository's configuration names is run:
 * no hook, no file system monitor, no filter. */
#pragma once
#include "fetch/git/refs.h"
#include <stdbool.h>
struct err;
struct askedgit;

/* dir has a ".git". 0 with *g NULL when it is not that repository's work tree. */
int askedgit_open(struct askedgit **g, const char *dir, struct err *e);
void askedgit_close(struct askedgit *g);
/* As in local.h. */
int askedgit_head(struct askedgit *g, char commit[GIT_ID], struct err *e);
const char *askedgit_index(struct askedgit *g);
int askedgit_dirty(struct askedgit *g, bool *dirty, struct err *e);
bool askedgit_tracked(struct askedgit *g, const char *path);
int askedgit_ignored(struct askedgit *g, const char *path, bool *ignored, struct err *e);
