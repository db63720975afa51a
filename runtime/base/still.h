/* still.h: a clock that stands still when we do.
 *
 * A machine that sleeps, a container that is paused, processes that are stopped (SIGSTOP, Ctrl-Z): nobody worked
 * meanwhile, so nobody is late. It is noticed where we wait: stop_poll() asks to be woken once a second, and who wakes up
 * seconds later than that was not run. Deadlines are on now_ms(), which leaves such gaps out, so that all of them move at
 * once. Who judges what came of a wait asks still_ms() before and after it whether there was a gap.
 *
 * For the main thread: gaps are found between two looks of one thread at the clock. */
#pragma once
#include <stdbool.h>
#include <sys/types.h>

/* CLOCK_MONOTONIC without the gaps. Never goes back. */
long long now_ms(void);
long long now_ns(void);
/* Milliseconds of all gaps so far, and of those in which the whole machine slept, which that clock leaves out by itself. */
long long still_ms(void);
/* Milliseconds of now_ms() since the last of them ended; -1: there was none. */
long long still_ago_ms(void);
/* A child of ours that works for us: time in which it is stopped (or held by a debugger) counts as well, ten minutes at
 * most, since nobody may ever let it go on. One at a time; 0: none. frozen: whether a control group holds it, which its
 * state does not tell (host/cgroup.h); NULL: nobody asks. */
void still_watch(pid_t pid, bool (*frozen)(pid_t));
/* Whether it is stopped now, so that the gap is not over. */
bool still_stands(void);

/* For who waits without stop_poll(): now_ms(), a wait of asked_ms, a slice at most, and then this. */
enum { STILL_SLICE_MS = 1000 };
void still_woke(int asked_ms);

/* What of it is arithmetic. */
struct still {
	long long last;                  /* nanoseconds on CLOCK_MONOTONIC at the last look; 0: there was none */
	long long cpu;                   /* spent by us until then */
	long long slept;                 /* by the machine: CLOCK_BOOTTIME less CLOCK_MONOTONIC */
	bool stopped;                    /* the child */
	long long gap, child, suspended; /* sums; child: what of gap is not our own */
	long long ended;                 /* the last one, on our clock; 0: there was none */
};
struct still_look {
	long long now, boot, cpu; /* nanoseconds on the two clocks, and of CPU time */
	long long asked;          /* nanoseconds we asked to sleep since the last look; -1: we did not wait */
	bool stopped;
};
void still_take(struct still *s, const struct still_look *l);
