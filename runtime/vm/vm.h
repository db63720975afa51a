/* vm.h: one running guest, from QEMU's start to the last reaped process.
 *
 * vm_start boots cold, vm_restore continues a snapshot; both return when ktstr-init said HELLO (or, restored, when the
 * guest runs again). Every wait has a deadline scaled by the accelerator and watches QEMU itself, the console (panic)
 * and stop_fd(). vm_close kills and reaps; nothing of a guest is left, no socket, no file, no process. */
#pragma once
#include "base/spawn.h"
#include "vm/chan.h"
#include "vm/machine.h"
#include "vm/perf.h"
#include "vm/qmp.h"
#include <sys/types.h>

struct vm {
	bool open; /* {0} is a closed guest */
	struct machine m;
	struct child qemu;
	struct qmp qmp;
	struct chan chan;
	int console; /* socket; -1 closed */
	char *log;   /* console so far, at most VM_LOG_MAX, then the oldest half is dropped */
	size_t log_n, log_cap;
	FILE *echo;      /* the console is copied here as it comes; NULL: nowhere */
	bool panicked;   /* the console said so */
	int says;        /* QEMU's stderr; -1 closed */
	char said[4096]; /* the beginning of it */
	size_t said_n;
	char *hello;                       /* text of HELLO, or as stored with the snapshot */
	uint64_t ram_host[TOPO_MAX_NODES]; /* address of each node's RAM in QEMU's address space; 0 not looked up yet */
	int ram[TOPO_MAX_NODES];           /* the files behind it */
	struct perf perf;                  /* what performance mode came to, where the machine has it */
};
#define VM_LOG_MAX (4u << 20)

/* Seconds, before scaling. Multiply with vm_scale(): 1 for KVM, 4 for TCG, more with many CPUs and
 * on a host that is itself emulated. docs/vm.md. */
enum {
	VM_BOOT_S = 30,
	VM_RESTORE_S = 10,
	VM_PUSH_S = 30,
	VM_LOAD_S = 60,
	VM_READ_S = 10,
	VM_WORK_S = 5,
	VM_STOP_S = 10,
	VM_SILENT_S = 30
};
int vm_scale(const struct machine *m);

/* A guest's errors have code X_VM (panic, QEMU died, channel broken; the message has the reason and the last console
 * lines) or X_TIMEOUT. After any failure the console's log is still there to be read, and vm_close ends it.
 *
 * Boots cold; a guest that sees another topology than it was to have is an error. With ram_dir the guest's RAM is made of
 * new files "ram0" … in it, for vm_save; without, it has no name. */
int vm_start(struct vm *vm, const struct machine *m, const char *kernel, const char *initrd, const char *ram_dir,
	     const char *extra_cmdline, struct err *e);
/* snapshot_dir: files made by vm_save. */
int vm_restore(struct vm *vm, const char *snapshot_dir, struct err *e);
/* As vm_restore. A snapshot that cannot be continued is booted from kernel and initrd instead, as the machine it was saved
 * with; *why (caller frees; NULL: it was continued) then says what was wrong. What says nothing about the snapshot stays an
 * error: a stop, QEMU missing, its description gone. */
int vm_continue(struct vm *vm, const char *snapshot_dir, const char *kernel, const char *initrd, char **why,
		struct err *e);
/* Stops the guest and writes "state", "machine", "hello", "topology" (as it sees it, vm/seen.h) and "console.log" into dir,
 * which holds its RAM already (vm_start with ram_dir == dir). The guest stays stopped; close it. */
int vm_save(struct vm *vm, const char *dir, struct err *e);

/* Next message of the guest, or negative: X_TIMEOUT with what we waited for, X_VM when the guest is gone. */
int vm_next(struct vm *vm, struct msg *m, long long deadline, const char *what, struct err *e);
/* Next message must be of this type; LOG frames are skipped, FAILED becomes an error. */
int vm_expect(struct vm *vm, uint32_t type, struct msg *m, long long deadline, const char *what, struct err *e);

int vm_pause(struct vm *vm, struct err *e);
int vm_resume(struct vm *vm, struct err *e);

/* Guest-physical memory of a paused or running guest, by process_vm_readv/writev on QEMU. Bounded by the machine's RAM;
 * out of range is an error, never a partial copy. Reader for inspect: struct mem's read function. */
int vm_read_phys(void *vm, uint64_t gpa, void *buf, size_t n, struct err *e);
int vm_write_phys(struct vm *vm, uint64_t gpa, const void *buf, size_t n, struct err *e);

/* What KVM counted for each vCPU so far; none (n is 0) under TCG and on hosts before Linux 5.14. */
struct kvm_stats;
int vm_kvm_stats(struct vm *vm, struct kvm_stats *s, struct err *e);

struct payload;
/* FILES, PAGES, content into guest RAM, PUSHED, FILES_OK. Runs are checked against the machine's RAM. */
int vm_push(struct vm *vm, const struct payload *p, struct err *e);

/* Last lines of the console for messages. Caller frees. */
char *vm_console_tail(const struct vm *vm, int lines);
/* One line naming a panic, BUG or lock-up seen on the console, or NULL. Caller frees. */
char *vm_console_verdict(const char *log, size_t n);

void vm_close(struct vm *vm);
#define auto_vm __attribute__((unused, cleanup(vm_close)))
