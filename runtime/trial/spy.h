/* spy.h: looks into a guest of virtual time while it runs and knows nothing of it: a thread of ours reads QEMU's memory as fast as it can. The
 * guest is not stopped, so its schedule is what it would be; what moved while it was read is thrown away. Several runs of one seed are one
 * run, so what one look misses another run's may see.
 *
 * What it has seen is JSON, one look a line:
 *
 *   {"format": 1, "looks": [{now, turns, director, nr, scx, flags, local, clock, curr, dsqs, waiting, tasks, idle}, …], "thrown": n}
 *     now     the latest clock of all run queues, ns
 *     turns   how often CPUs have been given to tasks, all together
 *     director  whether it runs: at each mark it does, by which the times of looks and of run.json are laid over each other
 *     the rest as in monitor/series.h; queues and tasks only where they did not move either */
#pragma once
#include <stdbool.h>
#include <stddef.h>
struct err;
struct spy;
struct vm;

/* It looks no more when it has as many looks, or as much text: with thousands of tasks one is some hundred KiB. */
enum { SPY_LOOKS = 20000, SPY_BYTES = 64 << 20 };

/* boot: folder of the bootable step. The guest goes on when this has returned; until spy_end() its QEMU is not to be ended. X_VM: nothing can
 * be read in it. NULL and e filled. */
struct spy *spy_begin(struct vm *vm, const char *boot, struct err *e);
/* What was seen, for the caller to free; s is gone. NULL: s is NULL. */
char *spy_end(struct spy *s);
