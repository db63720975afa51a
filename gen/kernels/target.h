/* target.h: a kernel that a request names, there or to be made. */
#pragma once
#include "kernel/name/id.h"
#include <stdbool.h>
#include <stddef.h>
struct edge;

enum target_from { TARGET_READY, TARGET_TARBALL, TARGET_GIT, TARGET_LOCAL };

struct target {
	char *id; /* as it was asked for; NULL: the default */
	enum target_from from;
	struct kernel k;  /* READY: complete. Else name and label; paths below the build folder after kernels_plan() */
	char *brief;      /* not READY: short name for folders and lines of progress, "6.14.2", "v6.14", "linux" */
	char *version;    /* TARBALL: "6.12.117"; LOCAL: of its Makefile */
	char *url, *ref;  /* GIT */
	char *commit;     /* GIT, LOCAL in a work tree: 40 hex digits */
	char *dir, *tree; /* LOCAL: the folder, the hash of its content */
	char *base;       /* LOCAL: its .config, when the build begins with that (kernels_opts.own_config); else NULL */
	char base_kc[9];  /* CRC-32 of base */
	bool dirty;       /* LOCAL: is built, but makes no entry */
	bool repeated;    /* another word of the request means it as well */
	bool fetched;     /* the cache of GitHub Actions had it, and now ours has */
	char *key;        /* the entry it is or becomes; NULL for a path and for a dirty tree */
	/* Its steps in the plan that kernels_plan() was called for last; NULL: it has no such step. made: the last one of them that
	 * it takes to have the kernel, whose outcome is the kernel's. */
	const struct edge *fetch, *made, *share;
};

struct kernels {
	struct target *v;
	size_t n;
};

void target_free(struct target *w);
void kernels_free(struct kernels *w);
#define auto_kernels __attribute__((unused, cleanup(kernels_free)))

/* Marks a cached kernel as used now, for `kernel list`. */
void target_used(const struct target *w);
