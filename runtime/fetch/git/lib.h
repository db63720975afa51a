/* lib.h: libgit2, set up once, and its errors as ours. For local.c and clone.c only.
 *
 * libgit2 never runs a program: no hooks, no filters of a .gitattributes, no pagers, no askers for passwords. */
#pragma once
struct err;

/* Harmless when called again. Damaged or foreign configuration is no concern of it. */
int gitlib_init(struct err *e);
/* What libgit2 said last, behind "{context}: "; -1. A full disk is X_DISK_FULL, an abort after a stop is told as such. */
int gitlib_err(struct err *e, int code, const char *fmt, ...) __attribute__((format(printf, 3, 4), cold));
/* *e is what git says of a repository of which libgit2 said *lib: both, and that a newer git reads it when this one is too old. -1. */
int gitlib_nor_git(const struct err *lib, struct err *e);
