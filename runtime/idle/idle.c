/* idle.c: preloaded into a QEMU whose time is virtual: its main loop goes round only while the thread of the vCPUs sleeps.
 *
 * When all vCPUs are halted the main loop moves the clock on to the next timer (icount_start_warp_timer(), accel/tcg/icount-common.c).
 * It does so each time it goes round and finds them halted, and it goes round once more after each such move, because that rings its own
 * bell (main_loop_wait() and aio_notify(), util/). A vCPU that executes HLT is halted a moment before what it has executed is added to
 * the clock (icount_process_data() in rr_cpu_thread_fn(), accel/tcg/tcg-accel-ops-rr.c, 7.2 to 10.0). A main loop that comes by in that
 * moment moves on from too early a time, and the guest's clock is ahead for ever by what was not added yet: some hundred nanoseconds,
 * when the host happens to take the CPU from one of the two threads there.
 *
 * So what is between poll and QEMU's big lock waits here until a thread sleeps that gave the big lock away for that: the vCPUs', which
 * then has nothing to add; or for two seconds, since a guest that resets itself has no other way to be heard. That is so while we
 * have no use for the main loop (idle.h says how that is told), and not otherwise.
 *
 * Nothing else of QEMU changes, and where these functions are not called by these names nothing changes at all. */
#include "idle/idle.h"
#include <dlfcn.h>
#include <errno.h>
#include <poll.h>
#include <pthread.h>
#include <stdatomic.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/mman.h>
#include <unistd.h>

enum { LOCKS = 16, PATIENCE_MS = 2000 };
#define SHOWN __attribute__((visibility("default")))

/* Threads but the main loop's that wait for a condition, by the lock they gave away. */
static struct {
	pthread_mutex_t *_Atomic lock;
	atomic_int asleep;
} sleepers[LOCKS];

static struct idle_page *page; /* NULL: there is nobody whose guest this is */
static int news = -1;
static atomic_bool waits; /* the main loop, for news */
static pthread_mutex_t *_Atomic big_lock;
static _Thread_local bool is_main;

/* Of the main loop alone. */
static pthread_mutex_t *given_back; /* last, with no other lock taken or given back since */
static bool polled;

static struct {
	int (*cond_wait)(pthread_cond_t *, pthread_mutex_t *);
	int (*lock)(pthread_mutex_t *);
	int (*unlock)(pthread_mutex_t *);
	int (*ppoll)(struct pollfd *, nfds_t, const struct timespec *, const sigset_t *);
} next;

/* Constructors of other libraries lock before ours runs. Without a version the condition would be that of an old interface. */
static void resolve(void)
{
	if (next.lock)
		return;
	next.cond_wait = dlvsym(RTLD_NEXT, "pthread_cond_wait", "GLIBC_2.3.2");
	if (!next.cond_wait)
		next.cond_wait = dlsym(RTLD_NEXT, "pthread_cond_wait");
	next.unlock = dlsym(RTLD_NEXT, "pthread_mutex_unlock");
	next.ppoll = dlsym(RTLD_NEXT, "ppoll");
	next.lock = dlsym(RTLD_NEXT, "pthread_mutex_lock");
}

static void __attribute__((constructor)) begin(void)
{
	const char *fds = getenv(IDLE_VARIABLE);
	int shared;
	void *map;

	resolve();
	if (!fds || sscanf(fds, "%d,%d", &shared, &news) != 2)
		return;
	map = mmap(NULL, sizeof(*page), PROT_READ, MAP_SHARED, shared, 0);
	if (map == MAP_FAILED)
		return;
	page = map;
	is_main = true;
}

static void tell_main(void)
{
	static const uint64_t one = 1;
	int error = errno;

	if (atomic_exchange(&waits, false))
		(void)!write(news, &one, sizeof(one));
	errno = error;
}

/* NULL: there are more locks than are counted. */
static atomic_int *asleep_by(pthread_mutex_t *lock)
{
	for (int i = 0; i < LOCKS; i++) {
		pthread_mutex_t *old = NULL;

		if (atomic_compare_exchange_strong(&sleepers[i].lock, &old, lock) || old == lock)
			return &sleepers[i].asleep;
	}
	return NULL;
}

/* Counted while it still has the lock, and until it has it again: who has the lock and sees the count knows that it sleeps. */
SHOWN int pthread_cond_wait(pthread_cond_t *restrict cond, pthread_mutex_t *restrict lock)
{
	atomic_int *asleep;
	int code;

	resolve();
	if (is_main)
		given_back = NULL;
	asleep = is_main ? NULL : asleep_by(lock);
	if (!asleep)
		return next.cond_wait(cond, lock);
	atomic_fetch_add(asleep, 1);
	if (lock == big_lock)
		tell_main();
	code = next.cond_wait(cond, lock);
	atomic_fetch_sub(asleep, 1);
	return code;
}

SHOWN int ppoll(struct pollfd *fds, nfds_t n, const struct timespec *timeout, const sigset_t *mask)
{
	int code;

	resolve();
	code = next.ppoll(fds, n, timeout, mask);
	polled = polled || (is_main && given_back);
	return code;
}

/* Whether there was any. By a descriptor, since vm/park.c takes a futex on which the main loop sleeps for the big lock's. */
static bool wait_for_news(void)
{
	struct pollfd p = { .fd = news, .events = POLLIN };
	uint64_t count;
	int error = errno, n = poll(&p, 1, PATIENCE_MS);

	if (n > 0)
		(void)!read(news, &count, sizeof(count));
	errno = error;
	return n != 0;
}

static int lock_when_asleep(pthread_mutex_t *lock)
{
	const atomic_int *asleep = asleep_by(lock);

	big_lock = lock;
	for (bool patient = true;;) {
		int code = next.lock(lock);

		atomic_store(&waits, true);
		if (code || !patient || !atomic_load(&page->alone) || !asleep || atomic_load(asleep)) {
			atomic_store(&waits, false);
			return code;
		}
		next.unlock(lock);
		patient = wait_for_news();
	}
}

/* The big lock is the one that the main loop gives back to poll, and takes first thereafter. */
SHOWN int pthread_mutex_lock(pthread_mutex_t *lock)
{
	bool big;

	resolve();
	if (!is_main)
		return next.lock(lock);
	big = polled && lock == given_back;
	given_back = NULL;
	polled = false;
	return big ? lock_when_asleep(lock) : next.lock(lock);
}

SHOWN int pthread_mutex_unlock(pthread_mutex_t *lock)
{
	resolve();
	if (is_main) {
		given_back = lock;
		polled = false;
	}
	return next.unlock(lock);
}
