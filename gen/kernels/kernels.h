/* kernels.h: the kernels a request asks for: those that are there, and those that must be made first.
 *
 * The one place where words become kernels, for all verbs. kernels_find() may ask the network or read a source tree: it runs
 * a small graph of its own (rules "releases", "remote-ref", "tree") and then knows the identity of every source.
 * kernels_plan() adds what is missing to the verb's own graph. */
#pragma once
#include "kernel/name/id.h"
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
struct err;
struct home;
struct plan;
struct run;

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
	bool fetched;     /* the cache of GitHub Actions had it, and now ours has */
	char *key;        /* the entry it is or becomes; NULL for a path and for a dirty tree */
};

struct kernels {
	struct target *v;
	size_t n;
};

enum kernels_build { KERNELS_BUILD_NO, KERNELS_BUILD_ASK, KERNELS_BUILD_YES };

struct kernels_opts {
	enum kernels_build
		build; /* what to do about a version that is not in the cache; ASK: on a terminal, else as NO */
	bool force;    /* build also what is there */
	bool clean;    /* make mrproper in a source tree first */
	bool explain;
	/* A folder with sources is built also when it has an image, and from the .config in it, if there is one. */
	bool own_config;
	const char *kconfig;      /* --kconfig FILE or NULL */
	const char *arch;         /* from $ARCH ("arm64" is aarch64); NULL: this machine's */
	const char *llvm, *cross; /* $LLVM, $CROSS_COMPILE; NULL when empty */
	uint64_t jobs;            /* of make; 0: CPUs we may use */
};

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
void kernels_free(struct kernels *w);
#define auto_kernels __attribute__((unused, cleanup(kernels_free)))

/* Fills arch, llvm and cross from the environment; relative tool paths there become absolute. X_USAGE for an
 * architecture we cannot build. */
int kernels_environment(struct kernels_opts *o, struct err *e);

/* Edges that make what is not READY, and the rules they need: source, build, entry (without the last one for a dirty tree). Fills the k's paths:
 * "build/BRIEF/bzImage" and so on. May be called for several graphs. */
int kernels_plan(struct plan *p, const struct home *home, struct kernels *w, const struct kernels_opts *o,
		 struct err *e);

/* After a run of that plan: what could not be checked of what was fetched, and what became of kernels that were to be shared
 * with other runs. */
void kernels_tell_made(const struct kernels *w, const struct run *r, const struct plan *p);

/* The folder with image, vmlinux and .config of a kernel that is there: READY, or made by r (NULL when all are READY).
 * An entry of the cache, a build tree, or the result of a build that makes no entry; what $KTSTR_KERNEL names for tests.
 * NULL: e says what to do about an image that is not in such a folder. Caller frees. */
char *target_folder(const struct target *w, const struct run *r, struct err *e);

/* Marks a cached kernel as used now, for `kernel list`. */
void target_used(const struct target *w);
