/* shell_sched.h: the scheduler beside a session: started first, then only heard of when it ends. */
#pragma once
#include "verifier/evidence.h"
#include <stdbool.h>
#include <stddef.h>
struct attached;
struct err;
struct msg;
struct vm;

struct shell_sched {
	const char *const *args;
	size_t n_args;
	/* Ours. */
	struct vm *vm;
	bool attached, ended;
	long long still; /* still_ms() when it was started */
	int status;
	char log[4 << 10]; /* the end of its output */
	size_t n;
	struct calls calls; /* of bpf(2) that it made */
};

/* Frees what it heard, for another start; {0} too. */
void shell_sched_free(struct shell_sched *s);
#define auto_shell_sched __attribute__((unused, cleanup(shell_sched_free)))
/* Until it is attached. X_REJECTED when the kernel refused it, X_DIED when it ended by itself. a: in virtual time, where the guest may
 * have been continued with it; NULL: it was pushed. */
int shell_sched_start(struct shell_sched *s, struct vm *vm, struct attached *a, struct err *e);
/* session.h's other(): tells the user when it ended, or the kernel threw a scheduler out. arg: struct shell_sched. */
int shell_sched_says(void *arg, const struct msg *m, struct err *e);
