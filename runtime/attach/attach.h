/* attach.h: a guest in virtual time that is kept when its scheduler has attached, and continued from there.
 *
 * Behind the message that the scheduler is attached a guest is stopped at one exact instruction (vm/park.h) and saved: the state of its
 * devices, the pages that differ from the snapshot it came from, and what it has said since the scheduler was started. Whoever goes
 * on goes on from there, also the one that made it, so that all are the same guest. */
#pragma once
#include <stddef.h>
#include <stdint.h>
struct err;
struct vm;

/* Starts "/scheduler", which was pushed, with these arguments; what the guest says from here on is recorded in virtual time. ms: of
 * the guest's time, until it must be attached. */
int attach_start(struct vm *vm, const char *const *args, size_t n, uint64_t ms, long long deadline, struct err *e);
/* The same in a guest that nobody will keep: nothing is recorded, and its deadline stays as it is. */
int attach_again(struct vm *vm, const char *const *args, size_t n, long long deadline, struct err *e);

enum { ATTACH_SAVED = 0, ATTACH_INEXACT = 1 };
/* A guest that was made by vm_restore_own() from snapshot_dir and was just heard to be attached: into the folder open as dir, "state",
 * "pages" (pages.h) and "heard" (frames of guest/proto.h). *from: how many bytes of that were handed out already. It has no deadline
 * from there on, and stays stopped; close it. ATTACH_INEXACT: it stopped elsewhere; nothing is written. X_VM also when it said more than
 * CHAN_RECORD bytes. */
int attach_save(struct vm *vm, const char *snapshot_dir, int dir, size_t *from, struct err *e);
/* From such a folder. What it said is heard again by chan_next(), from that byte on: 0, from the scheduler's start. X_VM: it cannot
 * be continued. */
int attach_restore(struct vm *vm, const char *snapshot_dir, int dir, uint64_t seed, size_t from, struct err *e);
