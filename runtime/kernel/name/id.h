/* id.h: what the user meant by --kernel, in one place for every verb. docs/kernels.md has the table. */
#pragma once
#include "kernel/cache/entry.h"
#include "kernel/name/kernel.h"
#include <stddef.h>
struct err;
struct kernel_host;
struct kernel_word;

/* The kernel cache as a request sees it: read when a word needs it, and once. */
struct kernel_cache {
	const char *kconfig_hash; /* of the current fragment; not owned */
	struct kernel_list list;  /* without a root: not read yet */
};
void kernel_cache_free(struct kernel_cache *c);
#define auto_kernel_cache __attribute__((unused, cleanup(kernel_cache_free)))

/* One kernel. Nothing is built or fetched.
 *   path     an image file, an entry, a build tree (arch/x86/boot/bzImage or vmlinux); "~" and "~/" are expanded;
 *            X_NO_INPUT when it is not there, X_BAD_KERNEL when the file is no kernel
 *   version  the entry of that version that was added last; "6.12" is the newest patch release of 6.12 that is there.
 *            Entries with a fragment of the user's own have to be named by their key
 *   running  the kernel of this machine: X_NO_SCX without sched_ext, X_NO_INPUT when its image cannot be read
 *   range    X_USAGE: kernel_range() is for those
 *   else     a key, a release, or the beginning of exactly one key
 * A file or folder of that very name is a path when nothing in the cache matches. X_NO_KERNEL with near matches and the
 * command that gets one; a name that misses never becomes another kernel.
 * w NULL or empty: $KTSTR_KERNEL, else the entry added last for this machine that is neither stale nor corrupt, else a
 * build tree in ./linux, ../linux or /lib/modules/{release}/build, else the running kernel if it has sched_ext. */
int kernel_resolve(struct kernel *k, const struct kernel_word *w, struct kernel_cache *c, struct err *e);
/* The same on another machine than this. */
int kernel_resolve_on(const struct kernel_host *h, struct kernel *k, const struct kernel_word *w,
		      struct kernel_cache *c, struct err *e);

/* "6.12..6.16": of each series the newest release in the cache, oldest series first. X_USAGE: no range; X_NO_KERNEL:
 * none of them is there. Caller frees each and the array. */
int kernel_range(struct kernel **v, size_t *n, const struct kernel_word *w, struct kernel_cache *c, struct err *e);

/* What variable has ("KTSTR_KERNEL") without the blanks around it; NULL when that leaves nothing. Caller frees. */
char *kernel_from_environment(const char *variable);
