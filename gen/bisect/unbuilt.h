/* unbuilt.h: that a commit of a kernel does not build, kept in the store, where otherwise only what was built is.
 *
 * Recipe: the commit's tree, ktstr's kconfig, and ARCH, LLVM and CROSS_COMPILE. Compilers are not in it, as with built.h. */
#pragma once
struct commits;
struct err;
struct home;

enum { UNBUILT_UNKNOWN = 0, UNBUILT_KNOWN = 1 };
/* *why: one line, the caller's. */
int unbuilt_find(const struct commits *c, const char *id, const struct home *home, char **why, struct err *e);
int unbuilt_keep(const struct commits *c, const char *id, const struct home *home, const char *why, struct err *e);
