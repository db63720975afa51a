/* halted.h: what a run is stopped for: a core of the guest, or somebody with a debugger. */
#pragma once
#include <stdbool.h>
#include <stdint.h>
struct err;
struct kmem;
struct vm;

struct halted {
	const char *core; /* file to write; NULL: none */
	const char *
		gdb; /* socket to be made, for QEMU's gdbstub, after which the guest waits, and a file of that name with ".halted" behind it, which is the same as
			   * "halted"; NULL: none */
	int dir; /* gets the file "halted": facts "now", by the clocks of run queues, and "vmcoreinfo", "yes" or "no", of a core */
};

/* halt.h's stopped(); arg is a struct halted. */
int halted_do(void *arg, struct vm *vm, const struct kmem *m, uint64_t now, struct err *e);
