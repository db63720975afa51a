/* needs.h: what ninja and others that we start cannot do without, and we cannot give them.
 *
 * Where some of it is refused they abort, or wait for ever (cargo-nextest for epoll_wait), without a word of why. */
#pragma once
#include <stdbool.h>
struct err;

enum needs_of {
	NEEDS_GRAPH, /* ninja, make, shells, and our own steps */
	NEEDS_GUEST, /* QEMU, beyond that */
	NEEDS_CARGO, /* cargo, rustup before it, cargo-nextest */
	NEEDS_KINDS
};

struct need {
	char what[160];  /* "the system call ppoll is refused here, and ninja and QEMU cannot work without it" */
	const char *fix; /* static; what to do about it, as an object: "a container's …" */
};

/* Whether something is lacking, and the first of it: a system call, a thread, or stack. Costs some system calls and a thread. */
bool needs_lack(enum needs_of whose, struct need *l);
/* 0, or X_FAIL (of a guest: X_NO_QEMU), what is lacking and what to do. */
int needs_check(enum needs_of whose, struct err *e);
