/* session.h: a program in the guest that somebody at a terminal, or a pipe, works with. */
#pragma once
#include <stdbool.h>
#include <stddef.h>
struct err;
struct msg;
struct vm;

struct session {
	const char *const *argv; /* in the guest; argv[0] is a path */
	const char *const *env;  /* "NAME=value"; NULL: none beside the guest's own */
	bool terminal;           /* the program gets a terminal of out's size; Ctrl-A x ends the session */
	bool above; /* the program begins above every scheduler under test, and what it starts does unless it sees to that */
	int in, out, err; /* of ours */
	/* Takes what the program writes to one of its outputs (STDOUT_FILENO, STDERR_FILENO) in place of out, err and copy. NULL: nobody. */
	int (*take)(void *arg, int which, const char *data, size_t n, struct err *e);
	int copy;           /* what goes to out and err goes there as well, in the order in which it came; 0: nowhere */
	long long deadline; /* now_ms() scale, -1: none */
	/* What the guest says besides (scheduler states, its log). May be NULL. */
	int (*other)(void *arg, const struct msg *m, struct err *e);
	/* What the program is to read next, asked for behind each thing that the guest said; NULL: nothing now. In place of in, and then
	 * the program's input does not end. NULL: in. */
	const char *(*answer)(void *arg);
	/* A descriptor that is waited for as well, and what is done when it is readable; it may be another one, or -1, each time. NULL: none. */
	const int *also;
	int (*ready)(void *arg, struct err *e);
	void *arg; /* of all four */
};

enum { SESSION_ENDED = 0, SESSION_QUIT = 1 };
/* Runs it to its end: bytes go both ways unchanged, however much and however slow one side is. When nobody reads an output
 * any more, the program learns it as by any pipe. SESSION_ENDED: *status is as waitpid gives it. SESSION_QUIT: the user left
 * by Ctrl-A x, or their terminal is gone. Negative: X_VM, X_TIMEOUT (also when the guest's init does not answer for
 * VM_SILENT_S), a stop. SIGPIPE is ignored from here on. */
int session_run(struct vm *vm, const struct session *s, int *status, struct err *e);
