/* ask.h: has a scheduler name its flags, in a guest. On the host, one that does not know the argument would load. */
#pragma once
#include "vm/machine.h"
struct err;
struct flags;

struct ask {
	uint64_t seed;          /* of virtual time */
	const char *snapshot;   /* folder; NULL: boot machine from kernel and initrd */
	struct machine machine; /* without snapshot */
	const char *kernel, *initrd;
	const char *pack;               /* payload with /scheduler */
	void (*note)(const char *text); /* what the user is told meanwhile */
	unsigned seconds;               /* for the answer; 0: as long as a scheduler has to attach */
};

enum { ASK_ANSWERED = 0, ASK_UNKNOWN = 1 };
/* ASK_ANSWERED: *f are its flags. ASK_UNKNOWN: it does not know the argument; *why is what it did instead, one line, the
 * caller's. *fallback: why the snapshot was booted instead of continued, or NULL; the caller's. Errors: X_BAD_SCHED when its
 * answer makes no sense, X_TIMEOUT, X_VM. */
int ask_flags(const struct ask *a, struct flags *f, char **why, char **fallback, struct err *e);
