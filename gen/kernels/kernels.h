/* kernels.h: the kernels a request asks for: those that are there, and those that must be made first.
 *
 * The one place where words become kernels, for all verbs. kernels_find() may ask the network or read a source tree: it runs
 * a small graph of its own (rules "releases", "remote-ref", "tree") and then knows the identity of every source.
 * kernels_plan() adds what is missing to the verb's own graph. */
#pragma once
#include "gen/kernels/how.h"
#include "gen/kernels/target.h"
#include <stddef.h>
struct err;
struct home;
struct plan;
struct run;

/* For verbs that boot kernels: each id as `--kernel` has it (docs/kernels.md): path (image, entry, build tree, source
 * tree), version, key, release, "running", range "6.12..6.16". n 0: the default kernel. Equal kernels are named once;
 * names and labels differ from each other. X_NO_KERNEL with near matches and the command that gets one. */
int kernels_find(struct kernels *w, const struct home *home, const char *const *ids, size_t n,
		 const struct kernels_opts *o, struct err *e);
/* For `kernel build`: versions, prefixes and ranges, n 0: the latest stable; a folder; a repository. Each is READY when
 * the cache has it, fresh and of the same identity, and o->force is not set. */
int kernels_of_versions(struct kernels *w, const struct home *home, const char *const *versions, size_t n,
			const struct kernels_opts *o, struct err *e);
int kernels_of_tree(struct kernels *w, const struct home *home, const char *dir, const struct kernels_opts *o,
		    struct err *e);
int kernels_of_git(struct kernels *w, const struct home *home, const char *url, const char *ref,
		   const struct kernels_opts *o, struct err *e);
/* Edges that make what is not READY, and the rules they need: source, build, entry (without the last one for a dirty tree). Fills the k's paths:
 * "build/BRIEF/bzImage" and so on, and the handles of its steps. May be called for several graphs, the last one counts. */
int kernels_plan(struct plan *p, const struct home *home, struct kernels *w, const struct kernels_opts *o,
		 struct err *e);

/* After a run of that plan: what could not be checked of what was fetched, and what became of kernels that were to be shared
 * with other runs. */
void kernels_tell_made(const struct kernels *w, const struct run *r);

/* The folder with image, vmlinux and .config of a kernel that is there: READY, or made by r (NULL when all are READY).
 * An entry of the cache, a build tree, or the result of a build that makes no entry; what $KTSTR_KERNEL names for tests.
 * NULL: e says what to do about an image that is not in such a folder. Caller frees. */
char *target_folder(const struct target *w, const struct run *r, struct err *e);
