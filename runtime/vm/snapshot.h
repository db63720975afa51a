/* snapshot.h: a booted guest as files, and a guest from them. Errors as in vm.h. */
#pragma once
#include <stdbool.h>
#include <stdint.h>
struct err;
struct vm;

/* snapshot_dir: files made by vm_save. seed: of a guest in virtual time, whose snapshots have none. */
int vm_restore(struct vm *vm, const char *snapshot_dir, uint64_t seed, struct err *e);
/* The same with memory of its own, for a guest that is to be saved again: QEMU leaves memory out of its state only where that is
 * shared, which a private mapping is not. Costs a copy of what the snapshot has. */
int vm_restore_own(struct vm *vm, const char *snapshot_dir, uint64_t seed, struct err *e);
/* What a guest became later: "state" of the folder open as dir, and pages that lay() writes over the snapshot's RAM, in front of
 * it. The guest is told nothing: it goes on where it was stopped. */
struct layer {
	int dir;
	int (*lay)(struct vm *vm, void *arg, struct err *e);
	void *arg;
};
int vm_restore_layer(struct vm *vm, const char *snapshot_dir, const struct layer *layer, uint64_t seed, struct err *e);
/* As vm_restore. A snapshot that cannot be continued is booted from kernel and initrd instead, as the machine it was saved
 * with (note: vm_start()); *why (caller frees; NULL: it was continued) then says what was wrong. What says nothing about the snapshot stays an
 * error: a stop, QEMU missing, its description gone, a host that stood still meanwhile (base/still.h). So does all that is wrong with a snapshot of virtual time:
 * a guest that was booted runs otherwise than one that was continued. */
int vm_continue(struct vm *vm, const char *snapshot_dir, uint64_t seed, const char *kernel, const char *initrd,
		char **why, void (*note)(const char *text), struct err *e);
/* Whether an error with this code may be the snapshot's own fault, rather than a stop, QEMU missing, or too small a host. */
bool vm_snapshot_blamed(int code);
/* Stops the guest and writes "state", "machine", "hello", "topology" (as it sees it, topology/seen.h) and "console.log" into dir,
 * which holds its RAM already (vm_start with ram_dir == dir). The guest stays stopped; close it. SAVE_INEXACT: a
 * guest in virtual time was not stopped where all of its kind are; nothing is written. */
enum { SAVE_DONE = 0, SAVE_INEXACT = 1 };
int vm_save(struct vm *vm, const char *dir, struct err *e);
/* Of a guest that is stopped: "state" alone, into the folder open as dir. */
int vm_save_state(struct vm *vm, int dir, struct err *e);
