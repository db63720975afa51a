/* end.h: how long a guest may take, and why it does not answer any more. */
#pragma once
#include <stdbool.h>
#include <stdint.h>
struct err;
struct machine;
struct vm;

/* 1 for KVM, 4 for TCG, more with many CPUs and on a host that is itself emulated. docs/vm.md. */
int vm_scale(const struct machine *m);
/* now_ms() and what may take this many seconds on KVM. */
long long vm_deadline(const struct vm *vm, int seconds);
/* Of what has a deadline of so many seconds inside a guest in virtual time: VM_BOUND_FACTOR times that, and a minute. Only a guest
 * that hangs meets it (vm_is_late()). */
enum { VM_BOUND_FACTOR = 20 };
long long vm_bound(long long seconds);
/* Whether a deadline (now_ms() scale, -1: none) has passed for a guest. In virtual time the time does not count in which QEMU could have
 * run and got no CPU, so that no load of the host ends a guest which goes on by its own clock. What the host does not show counts. */
bool vm_is_late(const struct vm *vm, long long deadline);
/* How long a scheduler may take to attach, in seconds: asked for, or VM_LOAD_S. In virtual time they are the guest's, and are more where
 * instructions take longer than usual: loading is computing. By a real clock they are the host's, scaled. */
long long vm_load_s(const struct machine *m, uint64_t asked);
/* The host's deadline for that. */
long long vm_load_deadline(const struct machine *m, uint64_t asked);
/* qmp_call that knows why QEMU does not answer. */
int vm_qmp(struct vm *vm, const char *cmd, const char *args, int fd, char **reply, long long deadline, struct err *e);
/* The guest cannot go on: waits a moment for QEMU's last words and tells why. -1. */
int vm_gone(struct vm *vm, struct err *e);
/* X_TIMEOUT: what did not happen, and what the console has to say about it. -1. */
int vm_late(const struct vm *vm, const char *what, struct err *e);
