/* Grandchildren die with us. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>
#include <cmocka.h>

#include <errno.h>
#include <signal.h>
#include <sys/wait.h>

#include "base/err.h"
#include "process/keeper.h"
#include "base/mem.h"
#include "process/spawn.h"
#include "base/stop.h"

static const char *const family[] = { "sh", "-c", "sleep 1000 & sleep 1000 & wait", NULL };

static bool within_5s(pid_t group, bool alive)
{
	struct err e;

	for (int i = 0; i < 250; i++) {
		if ((kill(-group, 0) == 0) == alive)
			return true;
		(void)stop_poll(NULL, 0, now_ms() + 20, &e);
	}
	return false;
}

/* A process that starts a family, tells its group, and dies; quiet: it ends the keeper first. */
static pid_t parent(bool quiet)
{
	struct spawn s = { .argv = family, .in = SPAWN_NULL };
	pid_t pid, group = 0;
	int fds[2];

	assert_int_equal(pipe(fds), 0);
	pid = fork();
	if (pid == 0) {
		struct keeper k = { 0 };
		struct child c;
		struct err e;

		if (spawn_start(&s, &c, &e) < 0 || keeper_start(&k, c.pid, &e) < 0)
			_exit(1);
		(void)stop_poll(NULL, 0, now_ms() + 300, &e);
		if (quiet)
			keeper_stop(&k);
		if (write(fds[1], &c.pid, sizeof(c.pid)) < 0)
			_exit(1);
		kill(getpid(), SIGKILL);
	}
	assert_int_equal(read(fds[0], &group, sizeof(group)), sizeof(group));
	assert_int_equal(waitpid(pid, NULL, 0), pid);
	close(fds[0]);
	close(fds[1]);
	return group;
}

static void dies_with_us(void **state)
{
	(void)state;
	assert_true(within_5s(parent(false), false));
}

/* What the test above would show without a keeper: the shell dies, what it started lives. */
static void lives_on_without(void **state)
{
	pid_t group = parent(true);

	(void)state;
	assert_int_equal(kill(-group, 0), 0);
	assert_int_equal(kill(-group, SIGKILL), 0);
	assert_true(within_5s(group, false));
}

static void stops(void **state)
{
	struct spawn s = { .argv = family, .in = SPAWN_NULL };
	struct keeper k = { 0 };
	struct child c;
	struct err e;

	(void)state;
	assert_int_equal(spawn_start(&s, &c, &e), 0);
	assert_int_equal(keeper_start(&k, c.pid, &e), 0);
	keeper_stop(&k);
	keeper_stop(&k);
	assert_int_equal(waitpid(-1, NULL, WNOHANG), 0);
	assert_int_equal(kill(-c.pid, 0), 0);
	spawn_kill(&c);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(dies_with_us),
		cmocka_unit_test(lives_on_without),
		cmocka_unit_test(stops),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
