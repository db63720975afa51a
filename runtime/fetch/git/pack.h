/* pack.h: a pack that comes from outside, indexed while it comes, and read as a set of objects (libgit2). */
#pragma once
#include "fetch/rate.h"
#include "fetch/progress.h"
#include <stdbool.h>
#include <stddef.h>
struct err;
struct git_indexer;
struct git_indexer_progress;
struct git_odb;

struct gitpack {
	struct git_indexer *indexer;
	struct git_indexer_progress *stats; /* libgit2 counts in it from call to call */
	char *folder;
	source_progress *progress; /* may be NULL */
	struct rate pace;
	long long told;
	size_t unchecked; /* bytes since we looked for free space */
};

/* folder: empty, ours. */
int gitpack_begin(struct gitpack *p, const char *folder, source_progress *progress, struct err *e);
/* X_BAD_ARCHIVE for what is no pack, or one of more or larger objects than a kernel has. */
int gitpack_add(struct gitpack *p, const void *data, size_t n, struct err *e);
/* The pack is complete: resolves deltas, writes the index. *odb is the caller's (git_odb_free). */
int gitpack_end(struct gitpack *p, struct git_odb **odb, struct err *e);
void gitpack_drop(struct gitpack *p);
#define auto_gitpack __attribute__((unused, cleanup(gitpack_drop)))
