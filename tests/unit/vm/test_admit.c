/* Shares of the host: never more than there is, by turns, given back by every kind of end. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>
#include <signal.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/wait.h>
#include <unistd.h>

#include "base/stop.h"
#include "scratch.h"
#include "vm/admit.h"
#include "vm/machine.h"

static const struct admit_size room = { .cpus = 4, .mb = 1024 };

static int try_for(uint64_t cpus, uint64_t mb, long long ms, int *fd, struct err *e)
{
	return admit_wait(&(struct admit_size){ cpus, mb }, &room, now_ms() + ms, NULL, fd, e);
}

static int must_get(uint64_t cpus, uint64_t mb)
{
	struct err e = { 0 };
	int fd = -1;

	if (try_for(cpus, mb, 20000, &fd, &e) < 0)
		fail_msg("%s", e.msg);
	return fd;
}

static void must_wait(uint64_t cpus, uint64_t mb)
{
	struct err e = { 0 };
	int fd = -1;

	assert_int_equal(try_for(cpus, mb, 60, &fd, &e), -1);
	assert_int_equal(e.code, X_TIMEOUT);
}

static int enter(void **state)
{
	int r = scratch_enter(state);

	return r ? r : setenv("XDG_RUNTIME_DIR", *state, 1);
}

static void never_more_than_there_is(void **state)
{
	struct err e = { 0 };
	int one, two, all;

	(void)state;
	one = must_get(1, 100);
	two = must_get(2, 100);
	must_wait(2, 100);
	must_wait(1, 800);
	assert_int_equal(try_for(2, 900, 0, &all, &e), -1);
	assert_non_null(strstr(e.msg, "it needs 2 CPUs and 900 MB, and 1 of 4 CPUs and 768 of 1024 MB are free"));
	close(two);
	two = must_get(3, 896);
	close(one);
	must_wait(4, 64);
	close(two);
	all = must_get(4, 1024);
	must_wait(1, 1);
	close(all);
}

/* Between others' shares, too: nothing has to be in one piece. */
static void in_pieces(void **state)
{
	int v[4];

	(void)state;
	for (int i = 0; i < 4; i++)
		v[i] = must_get(1, 256);
	close(v[0]);
	close(v[2]);
	int two = must_get(2, 512);
	must_wait(1, 64);
	close(v[1]);
	close(two);
	two = must_get(3, 768);
	close(two);
	close(v[3]);
}

static pid_t holder(uint64_t cpus, int *ready)
{
	pid_t pid = fork();
	char c = 0;

	assert_true(pid >= 0);
	if (!pid) {
		prctl(PR_SET_PDEATHSIG, SIGKILL);
		must_get(cpus, 64);
		if (write(ready[1], &c, 1) != 1)
			_exit(1);
		pause();
		_exit(0);
	}
	assert_int_equal(read(ready[0], &c, 1), 1);
	return pid;
}

static void given_back_by_death(void **state)
{
	int ready[2], status;

	(void)state;
	assert_int_equal(pipe(ready), 0);
	pid_t pid = holder(4, ready);
	must_wait(1, 64);
	kill(pid, SIGKILL);
	assert_int_equal(waitpid(pid, &status, 0), pid);
	close(must_get(4, 1024));
}

/* Who waits for much is not passed by those who come later and want little. */
static void by_turns(void **state)
{
	int ready[2], order[2], status, fd;
	char c, got[2];
	pid_t pids[2];

	(void)state;
	assert_int_equal(pipe(ready), 0);
	assert_int_equal(pipe(order), 0);
	int two = must_get(2, 64);
	for (int i = 0; i < 2; i++) {
		pids[i] = fork();
		assert_true(pids[i] >= 0);
		if (pids[i])
			continue;
		c = (char)('0' + i);
		if (i == 1 && read(ready[0], &got[0], 1) != 1)
			_exit(1);
		close(two);
		fd = must_get(i ? 1 : 4, 64);
		_exit(write(order[1], &c, 1) == 1 && close(fd) == 0 ? 0 : 1);
	}
	/* Two CPUs are free: one is refused only because somebody is in front. */
	for (struct err e = { 0 };; close(fd))
		if (try_for(1, 64, 0, &fd, &e) < 0)
			break;
	assert_int_equal(write(ready[1], "x", 1), 1);
	close(two);
	assert_int_equal(read(order[0], &got[0], 1), 1);
	assert_int_equal(read(order[0], &got[1], 1), 1);
	assert_int_equal(got[0], '0');
	for (int i = 0; i < 2; i++) {
		assert_int_equal(waitpid(pids[i], &status, 0), pids[i]);
		assert_int_equal(status, 0);
	}
}

static int told;

static void tell(const char *text)
{
	told++;
	assert_non_null(strstr(text, "waiting for other guests to end"));
}

static void told_once(void **state)
{
	struct err e = { 0 };
	int all = must_get(4, 64), fd;

	(void)state;
	assert_int_equal(admit_wait(&(struct admit_size){ 1, 1 }, &room, now_ms() + 900, tell, &fd, &e), -1);
	assert_int_equal(told, 1);
	close(all);
}

/* Each takes a share and adds it to what is out; that is never more than the room. */
static void crowd(void **state)
{
	enum { WORKERS = 8, ROUNDS = 25 };
	int *out = mmap(NULL, sizeof(int), PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0);
	pid_t pids[WORKERS];
	int status;

	(void)state;
	assert_true(out != MAP_FAILED);
	for (int k = 0; k < WORKERS; k++) {
		pids[k] = fork();
		assert_true(pids[k] >= 0);
		if (pids[k])
			continue;
		for (int i = 0; i < ROUNDS; i++) {
			int want = 1 + (i + k) % 3;
			int fd = must_get((uint64_t)want, 64);

			if (__atomic_add_fetch(out, want, __ATOMIC_SEQ_CST) > (int)room.cpus)
				_exit(2);
			__atomic_sub_fetch(out, want, __ATOMIC_SEQ_CST);
			close(fd);
		}
		_exit(0);
	}
	for (int k = 0; k < WORKERS; k++) {
		assert_int_equal(waitpid(pids[k], &status, 0), pids[k]);
		assert_int_equal(status, 0);
	}
	munmap(out, sizeof(int));
}

static void asks(void **state)
{
	struct machine m = { .topo = { .nodes = 1, .llcs = 2, .cores = 4, .threads = 1 }, .memory_mb = 512 };
	struct admit_size ask, r;
	struct err e = { 0 };

	(void)state;
	assert_int_equal(admit_ask(&ask, &m, &room, &e), 0);
	assert_int_equal(ask.cpus, 4);
	assert_int_equal(ask.mb, 512 + ADMIT_QEMU_MB);
	m.clock.virtual = true;
	assert_int_equal(admit_ask(&ask, &m, &room, &e), 0);
	assert_int_equal(ask.cpus, 1);
	m = (struct machine){ .topo = m.topo, .memory_mb = 512, .serial = true };
	assert_int_equal(admit_ask(&ask, &m, &room, &e), 0);
	assert_int_equal(ask.cpus, 1);
	m.serial = false;
	m.memory_mb = 769;
	assert_int_equal(admit_ask(&ask, &m, &room, &e), -1);
	assert_int_equal(e.code, X_USAGE);
	assert_non_null(strstr(e.msg, "769 MB"));
	setenv("KTSTR_GUEST_CPUS", "3", 1);
	setenv("KTSTR_GUEST_MB", "5000", 1);
	assert_int_equal(admit_room(&r, &e), 0);
	assert_int_equal(r.cpus, 3);
	assert_int_equal(r.mb, 5000);
	setenv("KTSTR_GUEST_CPUS", "0", 1);
	assert_int_equal(admit_room(&r, &e), -1);
	assert_int_equal(e.code, X_USAGE);
	setenv("KTSTR_GUEST_CPUS", "", 1);
	unsetenv("KTSTR_GUEST_MB");
	assert_int_equal(admit_room(&r, &e), 0);
	assert_true(r.cpus >= 1 && r.mb > 64);
}

#define in_runtime(test) cmocka_unit_test_setup_teardown(test, enter, scratch_leave)

int main(void)
{
	const struct CMUnitTest tests[] = {
		in_runtime(never_more_than_there_is),
		in_runtime(in_pieces),
		in_runtime(given_back_by_death),
		in_runtime(by_turns),
		in_runtime(told_once),
		in_runtime(crowd),
		in_runtime(asks),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
