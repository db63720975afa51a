/* snapshot.h: a booted guest as files, and a guest from them. Errors as in vm.h. */
#pragma once
struct err;
struct vm;

/* snapshot_dir: files made by vm_save. */
int vm_restore(struct vm *vm, const char *snapshot_dir, struct err *e);
/* As vm_restore. A snapshot that cannot be continued is booted from kernel and initrd instead, as the machine it was saved
 * with; *why (caller frees; NULL: it was continued) then says what was wrong. What says nothing about the snapshot stays an
 * error: a stop, QEMU missing, its description gone, a host that stood still meanwhile (base/still.h). */
int vm_continue(struct vm *vm, const char *snapshot_dir, const char *kernel, const char *initrd, char **why,
		struct err *e);
/* Stops the guest and writes "state", "machine", "hello", "topology" (as it sees it, topology/seen.h) and "console.log" into dir,
 * which holds its RAM already (vm_start with ram_dir == dir). The guest stays stopped; close it. */
int vm_save(struct vm *vm, const char *dir, struct err *e);
