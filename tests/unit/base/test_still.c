/* test_still.c: which gaps between two looks at the clock are time in which nobody ran. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include <signal.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

#include "base/err.h"
#include "base/mem.h"
#include "base/stop.h"

#define MS 1000000LL
#define S (1000 * MS)

/* After a look at 100 s: what passed, how long we had asked to sleep (-1: we did not), CPU time spent, the machine's sleep. */
static const struct {
	const char *what;
	long long passed, asked, cpu, slept;
	bool stopped; /* the child, at the look before */
	long long gap, suspended;
} looks[] = {
	{ "woken in time", S, S, 0, 0, false, 0, 0 },
	{ "woken by an event", 10 * MS, S, 0, 0, false, 0, 0 },
	{ "woken late by a busy host", 2900 * MS, S, 0, 0, false, 0, 0 },
	{ "stopped while we slept", 46 * S, S, 0, 0, false, 45 * S, 0 },
	{ "stopped in a short sleep", 45 * S, 0, 0, 0, false, 45 * S, 0 },
	{ "stopped just longer than a busy host wakes us late", 3001 * MS, S, 0, 0, false, 2001 * MS, 0 },
	{ "computed", 60 * S, -1, 59 * S, 0, false, 0, 0 },
	{ "computed with all CPUs", 60 * S, -1, 200 * S, 0, false, 0, 0 },
	{ "waited for a slow disk", 9 * S, -1, 0, 0, false, 0, 0 },
	{ "stopped while we computed", 50 * S, -1, 5 * S, 0, false, 45 * S, 0 },
	{ "the machine slept", S, S, 0, 3600 * S, false, 0, 3600 * S },
	{ "the two clocks are not read at once", S, S, 0, 2 * MS, false, 0, 0 },
	{ "slept and stood", 46 * S, S, 0, 10 * S, false, 45 * S, 10 * S },
	{ "the child was stopped", S, S, 0, 0, true, S, 0 },
	{ "the child and we", 46 * S, S, 0, 0, true, 46 * S, 0 },
	{ "the child, while we computed", S, -1, S, 0, true, S, 0 },
};

static void one_look(void **state)
{
	(void)state;
	for (size_t i = 0; i < countof(looks); i++) {
		struct still s = { 0 };
		struct still_look first = {
			.now = 100 * S, .boot = 170 * S, .cpu = S, .asked = -1, .stopped = looks[i].stopped
		};
		struct still_look next = { .now = first.now + looks[i].passed,
					   .boot = first.boot + looks[i].passed + looks[i].slept,
					   .cpu = first.cpu + looks[i].cpu,
					   .asked = looks[i].asked };

		still_take(&s, &first);
		assert_int_equal(s.gap + s.suspended, 0);
		still_take(&s, &next);
		assert_true(s.ended == (s.gap + s.suspended ? next.now - s.gap : 0));
		if (s.gap != looks[i].gap || s.suspended != looks[i].suspended)
			fail_msg("%s: %lld ms, %lld ms", looks[i].what, s.gap / MS, s.suspended / MS);
	}
}

/* A child that nobody lets go on does not hold us for ever, and our clock never goes back. */
static void child_for_ever(void **state)
{
	struct still s = { 0 };
	long long before = 0;

	(void)state;
	for (long long t = 100; t < 1000; t++) {
		still_take(&s, &(struct still_look){ .now = t * S, .boot = t * S, .asked = S, .stopped = true });
		assert_true(s.last - s.gap >= before);
		before = s.last - s.gap;
	}
	assert_int_equal(s.gap, 600 * S);
	assert_int_equal(s.child, 600 * S);
	/* What we stood still ourselves counts on. */
	still_take(&s, &(struct still_look){ .now = 1100 * S, .boot = 1100 * S, .asked = S, .stopped = true });
	assert_int_equal(s.gap, 700 * S);
}

static pid_t idle_child(void)
{
	pid_t pid = fork();

	if (pid == 0) {
		for (;;)
			pause();
	}
	assert_true(pid > 0);
	return pid;
}

/* A real one: the deadline does not come while it is stopped. */
static void stopped_child(void **state)
{
	pid_t pid = idle_child();
	long long before = still_ms();
	struct err e = { 0 };
	int status;

	(void)state;
	still_watch(pid, NULL);
	assert_int_equal(stop_poll(NULL, 0, now_ms() + 1, &e), 0);
	assert_false(still_stands());
	assert_int_equal(still_ms(), before);
	assert_int_equal(kill(pid, SIGSTOP), 0);
	assert_int_equal(waitpid(pid, &status, WUNTRACED), pid);
	/* The look that finds it stopped, and one that counts. */
	while (!still_stands())
		assert_int_equal(stop_poll(NULL, 0, now_ms() + 10, &e), 0);
	long long start = now_ms();

	usleep(20000);
	assert_true(now_ms() - start <= 1);
	assert_true(still_ms() - before >= 19);
	assert_int_equal(kill(pid, SIGKILL), 0);
	assert_int_equal(waitpid(pid, &status, 0), pid);
	still_watch(0, NULL);
	assert_int_equal(stop_poll(NULL, 0, now_ms() + 1, &e), 0);
	assert_false(still_stands());
}

static bool held;

static bool is_held(pid_t pid)
{
	return pid > 0 && held;
}

/* By a control group: its state says that it sleeps. */
static void frozen_child(void **state)
{
	pid_t pid = idle_child();
	long long before = still_ms();
	struct err e = { 0 };

	(void)state;
	still_watch(pid, is_held);
	assert_int_equal(stop_poll(NULL, 0, now_ms() + 300, &e), 0);
	assert_false(still_stands());
	assert_int_equal(still_ms(), before);
	held = true;
	while (!still_stands())
		assert_int_equal(stop_poll(NULL, 0, now_ms() + 10, &e), 0);
	usleep(20000);
	assert_true(still_ms() - before >= 19);
	held = false;
	while (still_stands())
		usleep(10000), (void)now_ms();
	assert_true(still_ago_ms() >= 0);
	assert_int_equal(kill(pid, SIGKILL), 0);
	assert_int_equal(waitpid(pid, NULL, 0), pid);
	still_watch(0, NULL);
}

int main(void)
{
	const struct CMUnitTest tests[] = { cmocka_unit_test(one_look), cmocka_unit_test(child_for_ever),
					    cmocka_unit_test(stopped_child), cmocka_unit_test(frozen_child) };

	return cmocka_run_group_tests(tests, NULL, NULL);
}
