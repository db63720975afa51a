/* debugger.h: gdb on the guest of a cell, which stands at one moment of its run and goes on when gdb says so. */
#pragma once
#include <stddef.h>
struct err;
struct stand;

struct debugger {
	const char *vmlinux;         /* with symbols and types; NULL: gdb gets none */
	const char *const *commands; /* of gdb, in place of its prompt; n of them */
	size_t n;
};

/* QEMU's gdbstub listens on a socket in a folder of this user alone, and gdb is started on our terminal. Without gdb, or without a terminal and
 * commands, it is said how to connect, and the guest waits until we are told to stop. When gdb has ended so has the guest, and nothing is left. gdb's exit
 * code, or negative: X_VM, X_NO_TOOL (commands, and there is no gdb), a stop. */
int debugger_run(const struct debugger *d, const struct stand *s, struct err *e);
