/* snapshot.h: a booted guest as files, and a guest from them. Errors as in vm.h. */
#pragma once
#include <stdint.h>
struct err;
struct vm;

/* snapshot_dir: files made by vm_save. seed: of a guest in virtual time, whose snapshots have none. */
int vm_restore(struct vm *vm, const char *snapshot_dir, uint64_t seed, struct err *e);
/* As vm_restore. A snapshot that cannot be continued is booted from kernel and initrd instead, as the machine it was saved
 * with (note: vm_start()); *why (caller frees; NULL: it was continued) then says what was wrong. What says nothing about the snapshot stays an
 * error: a stop, QEMU missing, its description gone, a host that stood still meanwhile (base/still.h). So does all that is wrong with a snapshot of virtual time:
 * a guest that was booted runs otherwise than one that was continued. */
int vm_continue(struct vm *vm, const char *snapshot_dir, uint64_t seed, const char *kernel, const char *initrd,
		char **why, void (*note)(const char *text), struct err *e);
/* Stops the guest and writes "state", "machine", "hello", "topology" (as it sees it, topology/seen.h) and "console.log" into dir,
 * which holds its RAM already (vm_start with ram_dir == dir). The guest stays stopped; close it. SAVE_INEXACT: a
 * guest in virtual time was not stopped where all of its kind are; nothing is written. */
enum { SAVE_DONE = 0, SAVE_INEXACT = 1 };
int vm_save(struct vm *vm, const char *dir, struct err *e);
