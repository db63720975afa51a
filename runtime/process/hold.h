/* hold.h: one thread of a process of ours, held where it has let go of a lock for which somebody waits.
 *
 * Who unlocks a mutex wakes a waiter and runs on, and has the mutex again before that one is on a CPU; which of the two comes first
 * is the scheduler's to say. A thread that is held there leaves it to the other, whatever the host has to do. It is traced
 * (ptrace(2)), which needs no privilege for a child of ours. Some hosts refuse it: Yama's ptrace_scope 2 and 3, a filter of
 * system calls, a debugger that traces the thread already.
 *
 * The thread is known by what /proc/PID/task/TID/syscall says: the kernel's words for a thread that sleeps. Times in ms. */
#pragma once
#include <stdbool.h>
#include <stdint.h>
#include <sys/types.h>
struct err;

struct hold {
	pid_t thread; /* 0: none */
	bool stopped;
	int signal; /* that it stopped for and has not got yet */
};

/* Takes the one thread beside its first that does not sleep on a futex or for descriptors, of a process that stands still otherwise.
 * It runs on. LOOK_MS: for so long; longer than a thread of QEMU's that only rests now and then. LOOKS: as often at most.
 * X_HOST: there is none or more than one, or the host refuses to have it traced. */
enum { HOLD_LOOK_MS = 80, HOLD_LOOKS = 10 };
int hold_open(struct hold *h, pid_t process, struct err *e);
/* The address of the futex on which a thread sleeps; 0: it does not. */
uint64_t hold_futex(pid_t process, pid_t thread);
/* Whether one of the process's threads sleeps (nanosleep(2)) for exactly so long. */
bool hold_naps(pid_t process, long ns);
/* Whether the host lets us see that: without a right to trace the process, or without /proc, each of its threads seems to run. */
bool hold_shows(pid_t process);
enum { HOLD_HELD = 0, HOLD_LATE = 1 };
/* Stops it, wherever it is. HOLD_LATE: it has ended, or did not stop until the deadline. */
int hold_stop(struct hold *h, long long deadline, struct err *e);
/* Lets a stopped one run until it has woken who sleeps on this futex. */
int hold_until_wake(struct hold *h, uint64_t futex, long long deadline, struct err *e);
/* It runs on as it would have. Nothing of one that was never taken. */
void hold_end(struct hold *h);
