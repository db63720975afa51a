/* inherit.h: what a process is given by its parent, made what our code reckons with.
 *
 * Programs are started by shells, editors, service managers and CI runners that ignore signals, block them, close
 * descriptors and set masks for reasons of their own. */
#pragma once
#include <signal.h>
#include <stdbool.h>
struct err;

/* Called by stop_init(), before there is a thread or a child. Afterwards: SIGCHLD and SIGPIPE have their default actions
 * (children can be waited for; a reader that went away ends us), SIGXFSZ is ignored (a file over the limit is an error of
 * write), the signals of blocked and no others are blocked, 0 to 2 are open, the owner may use what is created, and there
 * are 1024 descriptors and 8 MiB of stack where the hard limits allow them. SIGHUP that was ignored stays so (nohup). */
int inherit_settle(const sigset_t *blocked, struct err *e);
/* SIGHUP was ignored when we started; our children are to ignore it too. False before inherit_settle. */
bool inherit_nohup(void);
/* Signal actions and mask as they were given, for a program about to be replaced by exec. */
void inherit_restore(void);
