/* stop.h: one descriptor that tells every wait when to give up.
 *
 * It turns readable when SIGINT, SIGTERM or SIGHUP arrives, or when the lifeline (the connection to the
 * process that asked for this work, event.h) is cut. Every wait of ours polls it beside its own events, so
 * an interrupted program unwinds through its ordinary error paths and leaves nothing behind. */
#pragma once
#include "base/still.h"
#include <poll.h>
struct err;

/* Blocks the three signals (those we were started with ignored stay so), settles the rest of what was inherited
 * (inherit.h), and makes the descriptor. Call once, first thing in main. */
int stop_init(struct err *e);
/* Signals back to before stop_init, for a program about to be replaced by exec. */
void stop_undo(void);
/* Adds a socket whose hang-up also means stop. Not owned. */
int stop_watch(int lifeline, struct err *e);
/* -1 before stop_init (unit tests): poll ignores it. */
int stop_fd(void);
/* The signal number, SIGHUP for a cut lifeline, 0 when nothing happened. Does not block. */
int stop_pending(void);
/* X_INTERRUPTED "interrupted by SIGINT" and the like; -1. */
int stop_err(struct err *e);

/* poll() until deadline (now_ms() scale, so that it moves when we stand still; -1 never) with stop_fd() watched as well. fds
 * may be NULL when n is 0.
 * Returns the number of ready entries, 0 when the deadline passed, negative on error or stop. */
int stop_poll(struct pollfd *fds, unsigned n, long long deadline, struct err *e);
