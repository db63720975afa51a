/* lock.h: one holder per key, among all processes that use a store.
 *
 * A lock is an flock on {root}/locks/{key}; the kernel gives it back when its holder dies. The file goes when the lock is
 * given back, so the folder holds only what is being worked on. */
#pragma once
struct err;
struct store;

enum { LOCK_TAKEN = 0, LOCK_BUSY = 1 };
int lock_try(struct store *st, const char *key, int *fd, struct err *e);
/* Waits for the holder; a stop ends the wait. */
int lock_take(struct store *st, const char *key, int *fd, struct err *e);
/* fd becomes -1; harmless on -1. */
void lock_drop(struct store *st, const char *key, int *fd);
