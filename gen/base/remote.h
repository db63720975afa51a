/* remote.h: the remote store of this run (docs/sharing.md): its settings, and the program that speaks to it.
 *
 * Steps find it by KTSTR_REMOTE_SOCKET (letter/far.h), and so does a ktstr that one of our children starts: it has none of its own. */
#pragma once
struct err;

/* First thing of all: what is secret leaves the environment. */
void remote_settle(void);
/* Starts it, where there is a remote store and it does not run yet. X_USAGE: the settings are wrong. */
int remote_begin(struct err *e);
/* Another program takes our place by exec: it stays for what that starts, and is killed with it. */
void remote_stays(void);
/* What it has to tell, to be polled; -1: nothing. Then remote_tell(), which calls before (may be NULL) in front of a line. */
int remote_fd(void);
void remote_tell(void (*before)(void *arg), void *arg);
/* It sends what it has, in the time that the settings give it, and ends. After a stop it ends at once. Nothing of it runs any more. */
void remote_end(void);
