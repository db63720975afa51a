/* parts.h: what the files behind vm.h share. */
#pragma once
#include "vm/machine.h"
#include <stdbool.h>
struct err;
struct perf;
struct vm;

/* Forgets what was there and remembers m. */
void vm_init(struct vm *vm, const struct machine *m);
/* now_ms() and what may take this many seconds on KVM. */
long long vm_deadline(const struct vm *vm, int seconds);
/* Makes the sockets, starts QEMU with them and greets its monitor. w: kernel, initrd and how RAM is mapped; the rest is
 * filled in. RAM was opened before. */
int vm_launch(struct vm *vm, struct machine_wires *w, const char *extra_cmdline, struct err *e);
/* qmp_call that knows why QEMU does not answer. */
int vm_qmp(struct vm *vm, const char *cmd, const char *args, int fd, char **reply, long long deadline, struct err *e);
/* The guest cannot go on: waits a moment for QEMU's last words and tells why. -1. */
int vm_gone(struct vm *vm, struct err *e);
/* X_TIMEOUT: what did not happen, and what the console has to say about it. -1. */
int vm_late(const struct vm *vm, const char *what, struct err *e);

/* Takes what the console and QEMU's stderr have to say, without waiting. */
void console_drain(struct vm *vm);
/* "\nconsole: …" with the last lines, or "". Caller frees. */
char *console_excerpt(const struct vm *vm);

/* New RAM files for all nodes in dir, or nameless ones when dir is NULL. */
int ram_create(struct vm *vm, const char *dir, struct err *e);
/* Those of a snapshot, to be mapped privately. Sets the modes of mapping in w. */
int ram_open(struct vm *vm, const char *dir, struct machine_wires *w, struct err *e);

/* Performance mode (vm/perf.h). Before RAM is opened: plans and claims CPUs, says in w which host nodes the memory is to be
 * from, and whether there are huge pages. X_HOST. */
int perf_prepare(struct perf *p, const struct machine *m, struct machine_wires *w, struct err *e);
/* As soon as QEMU's monitor answers: pins its threads. */
int perf_apply(struct vm *vm, struct err *e);
