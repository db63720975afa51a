/* vm.h: one running guest, from QEMU's start to the last reaped process.
 *
 * vm_start boots cold, vm_restore continues a snapshot; both return when ktstr-init said HELLO (or, restored, when the
 * guest runs again). Every wait has a deadline scaled by the accelerator and watches QEMU itself, the console (panic)
 * and stop_fds(). vm_close kills and reaps; nothing of a guest is left, no socket, no file, no process. */
#pragma once
#include "vm/state.h"

/* Forgets what was there and remembers m. */
void vm_init(struct vm *vm, const struct machine *m);
/* Makes the sockets, starts QEMU with them and greets its monitor. w: kernel, initrd and how RAM is mapped; the rest is
 * filled in. RAM was opened before. */
int vm_launch(struct vm *vm, struct machine_wires *w, struct err *e);

/* A guest's errors have code X_VM (panic, QEMU died, channel broken; the message has the reason and the last console
 * lines) or X_TIMEOUT. After any failure the console's log is still there to be read, and vm_close ends it.
 *
 * Boots cold; a guest that sees another topology than it was to have is an error. With ram_dir the guest's RAM is made of
 * new files "ram0" … in it, for vm_save; without, it has no name. One that panics before it says HELLO while QEMU emulates its
 * vCPUs side by side is booted once more with vCPUs that take turns, and note() is told before; the machine it has is vm->m. */
int vm_start(struct vm *vm, const struct machine *m, const char *kernel, const char *initrd, const char *ram_dir,
	     void (*note)(const char *text), struct err *e);
/* Next message of the guest, or negative: X_TIMEOUT with what we waited for, X_VM when the guest is gone. */
int vm_next(struct vm *vm, struct msg *m, long long deadline, const char *what, struct err *e);
/* Next message must be of this type; LOG frames are skipped, FAILED becomes an error. */
int vm_expect(struct vm *vm, uint32_t type, struct msg *m, long long deadline, const char *what, struct err *e);

/* NOW: the guest goes on at the host's time and with random numbers of its own, however old its snapshot is. Before anything
 * else is asked of a guest that runs; there is no answer, and what is asked next is done after it. */
int vm_tell_now(struct vm *vm, struct err *e);
/* What the guest says comes through its board from now on: it has rung, or was saved as one that does. */
void vm_use_board(struct vm *vm);
/* Behind the answer to what was asked last, nothing else being due: what is said from now on goes through the virtio port, where both
 * sides may speak at any time. Nothing where it does already, nor in virtual time. */
int vm_use_port(struct vm *vm, struct err *e);
/* In virtual time: until MSG_LATE comes, which vm_next() tells as X_TIMEOUT; 0: no deadline any more. In real time, where the
 * host's deadlines are the guest's, nothing. */
int vm_deadline_inside(struct vm *vm, uint64_t ms, struct err *e);
/* In virtual time the guest stands still while it is spoken to: vm_pause waits until it does, vm_resume does nothing. */
int vm_pause(struct vm *vm, struct err *e);
int vm_resume(struct vm *vm, struct err *e);

/* What KVM counted for each vCPU so far; none (n is 0) under TCG and on hosts before Linux 5.14. */
struct kvm_stats;
int vm_kvm_stats(struct vm *vm, struct kvm_stats *s, struct err *e);
/* How long its vCPUs, all together, waited for CPUs of this machine since QEMU began, of a guest in real time. False: nobody knows. */
bool vm_stolen(struct vm *vm, uint64_t *ns);

void vm_close(struct vm *vm);
#define auto_vm __attribute__((unused, cleanup(vm_close)))
