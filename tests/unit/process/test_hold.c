/* test_hold.c: a process with two threads. The second holds a mutex that the first waits for, and lets it go when told. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include <poll.h>
#include <pthread.h>
#include <signal.h>
#include <stdatomic.h>
#include <sys/mman.h>
#include <sys/wait.h>
#include <unistd.h>

#include "base/err.h"
#include "base/still.h"
#include "process/hold.h"

enum { SHORT_MS = 50, LONG_MS = 60000 };

static struct {
	atomic_int ready, go, first_has, second_goes_on;
} * seen;
static pthread_mutex_t mutex = PTHREAD_MUTEX_INITIALIZER;

static void *second(void *arg)
{
	(void)arg;
	pthread_mutex_lock(&mutex);
	seen->ready = 1;
	while (!seen->go)
		usleep(100);
	pthread_mutex_unlock(&mutex);
	seen->second_goes_on = 1;
	pause();
	return NULL;
}

static pid_t start(void)
{
	pid_t child;
	pthread_t thread;

	seen = mmap(NULL, sizeof(*seen), PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0);
	assert_ptr_not_equal(seen, MAP_FAILED);
	child = fork();
	assert_true(child >= 0);
	if (child)
		return child;
	pthread_create(&thread, NULL, second, NULL);
	while (!seen->ready)
		usleep(100);
	pthread_mutex_lock(&mutex);
	seen->first_has = 1;
	for (;;)
		pause();
}

static void end(pid_t child)
{
	int status;

	kill(child, SIGKILL);
	assert_int_equal(waitpid(child, &status, 0), child);
	munmap(seen, sizeof(*seen));
}

static void await(const atomic_int *what)
{
	long long deadline = now_ms() + LONG_MS;

	while (!*what && now_ms() < deadline)
		poll(NULL, 0, 1);
	assert_true(*what);
}

static uint64_t await_futex(pid_t child)
{
	long long deadline = now_ms() + LONG_MS;
	uint64_t futex;

	while (!(futex = hold_futex(child, child)) && now_ms() < deadline)
		poll(NULL, 0, 1);
	return futex;
}

/* Stopped, with the mutex in its hand. False where the host refuses. */
static bool take(struct hold *h, pid_t child, uint64_t *futex)
{
	struct err e = { 0 };

	await(&seen->ready);
	*futex = await_futex(child);
	if (!*futex || hold_open(h, child, &e) < 0)
		return false;
	assert_int_equal(hold_stop(h, now_ms() + LONG_MS, &e), HOLD_HELD);
	return true;
}

static void held_where_it_lets_go(void **state)
{
	pid_t child = start();
	struct err e = { 0 };
	struct hold h;
	uint64_t futex;

	(void)state;
	if (!take(&h, child, &futex)) {
		end(child);
		skip();
	}
	seen->go = 1;
	assert_int_equal(hold_until_wake(&h, futex, now_ms() + LONG_MS, &e), HOLD_HELD);
	await(&seen->first_has);
	assert_int_equal(seen->second_goes_on, 0);
	hold_end(&h);
	await(&seen->second_goes_on);
	end(child);
}

/* One that wakes nobody is let go all the same. */
static void late(void **state)
{
	pid_t child = start();
	struct err e = { 0 };
	struct hold h;
	uint64_t futex;

	(void)state;
	if (!take(&h, child, &futex)) {
		end(child);
		skip();
	}
	assert_int_equal(hold_until_wake(&h, futex, now_ms() + SHORT_MS, &e), HOLD_LATE);
	hold_end(&h);
	seen->go = 1;
	await(&seen->second_goes_on);
	end(child);
}

static void ends_meanwhile(void **state)
{
	pid_t child = start();
	struct err e = { 0 };
	struct hold h;
	uint64_t futex;

	(void)state;
	if (!take(&h, child, &futex)) {
		end(child);
		skip();
	}
	kill(child, SIGKILL);
	assert_int_equal(hold_until_wake(&h, futex, now_ms() + LONG_MS, &e), HOLD_LATE);
	hold_end(&h);
	end(child);
}

static void nobody(void **state)
{
	struct err e = { 0 };
	struct hold h;

	(void)state;
	assert_int_equal(hold_open(&h, getpid(), &e), -1);
	assert_int_equal(e.code, X_HOST);
	assert_int_equal(hold_stop(&h, now_ms() + LONG_MS, &e), HOLD_LATE);
	hold_end(&h);
}

static void *nap(void *stop)
{
	while (!__atomic_load_n((int *)stop, __ATOMIC_SEQ_CST))
		nanosleep(&(const struct timespec){ .tv_nsec = 123456 }, NULL);
	return NULL;
}

/* Seen within the deadline, however seldom it is looked at. */
static void naps(void **state)
{
	long long deadline = now_ms() + 20000;
	pthread_t sleeper;
	int stop = 0;

	(void)state;
	assert_int_equal(pthread_create(&sleeper, NULL, nap, &stop), 0);
	while (!hold_naps(getpid(), 123456) && now_ms() < deadline)
		sched_yield();
	assert_true(now_ms() < deadline);
	assert_true(hold_shows(getpid()));
	assert_false(hold_naps(getpid(), 123457));
	__atomic_store_n(&stop, 1, __ATOMIC_SEQ_CST);
	pthread_join(sleeper, NULL);
	assert_false(hold_naps(getpid(), 123456));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(held_where_it_lets_go),
		cmocka_unit_test(late),
		cmocka_unit_test(ends_meanwhile),
		cmocka_unit_test(nobody),
		cmocka_unit_test(naps),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
