/* lock.h: one holder per name in a folder, among all processes.
 *
 * A lock is an flock on a file that its first taker creates; the kernel gives it back when its holder dies. Its file goes
 * when the lock is given back, so that nothing is left of one. */
#pragma once
struct err;

/* The lock's file, made when create is O_CREAT; or -1 and errno. A link, socket or empty folder by its name makes room
 * first; a folder with something in it is somebody's: EISDIR. */
int lock_open(int dir, const char *name, int create);

enum { LOCK_TAKEN = 0, LOCK_BUSY = 1 };
int flock_try(int dir, const char *name, int *fd, struct err *e);
/* Waits for the holder; a stop ends the wait, deadline (now_ms() scale; -1: none) as well: X_TIMEOUT. */
int flock_take(int dir, const char *name, int *fd, long long deadline, struct err *e);
/* fd becomes -1; harmless on -1. */
void flock_drop(int dir, const char *name, int *fd);
