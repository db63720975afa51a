/* stop.h: what tells every wait when to give up.
 *
 * SIGINT, SIGTERM or SIGHUP, or the end of the lifeline (the connection to the process that asked for this work,
 * event.h). Every wait of ours polls for them beside its own events, so an interrupted program unwinds through its
 * ordinary error paths and leaves nothing behind. */
#pragma once
#include "base/still.h"
#include <poll.h>
struct err;

/* Blocks the three signals (those we were started with ignored stay so), settles the rest of what was inherited
 * (inherit.h). Call once, first thing in main. */
int stop_init(struct err *e);
/* Signals back to before stop_init, for a program about to be replaced by exec. */
void stop_undo(void);
/* The socket whose hang-up also means stop; not owned, and open as long as we run. Nothing before stop_init. */
void stop_watch(int lifeline);
/* What to poll for; some are -1, which poll ignores, all of them before stop_init (unit tests). One that was polled need not
 * tell of a signal where signalfd is refused: whoever does not wait by stop_poll asks stop_pending() now and then. */
enum { STOP_FDS = 2 };
void stop_fds(struct pollfd fds[STOP_FDS]);
/* The signal number, SIGHUP for a cut lifeline, SIGTERM where sigpending is refused, 0 when nothing happened. Does not
 * block. */
int stop_pending(void);
/* X_INTERRUPTED "interrupted by SIGINT" and the like; -1. */
int stop_err(struct err *e);

/* poll() until deadline (now_ms() scale, so that it moves when we stand still; -1 never) with stop_fds() watched as well.
 * fds may be NULL when n is 0.
 * Returns the number of ready entries, 0 when the deadline passed, negative on error or stop. */
int stop_poll(struct pollfd *fds, unsigned n, long long deadline, struct err *e);
