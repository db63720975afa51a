/* test_park.c: who stands in the gate. This process plays QEMU: its monitor, and what a guest rings; one with a thread that naps as
 * QEMU's does there is its process. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include <pthread.h>
#include <signal.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include "base/err.h"
#include "base/mem.h"
#include "guest/board.h"
#include "vm/park.h"
#include "vm/vm.h"

enum { SHORT_MS = 50, LONG_MS = 60000 };

struct fake {
	struct vm vm;
	int monitor, ring; /* QEMU's ends */
};

static void *nap(void *none)
{
	for (;;)
		nanosleep(&(const struct timespec){ .tv_nsec = 100000 }, NULL);
	return none;
}

/* Which has used some CPU time by then: that is not what tells. */
static pid_t napper(void)
{
	const long long enough_ns = 5000000;
	struct timespec used = { 0 };
	clockid_t clock;
	pthread_t thread;
	pid_t pid = fork();

	if (pid == 0) {
		prctl(PR_SET_PDEATHSIG, SIGKILL);
		if (pthread_create(&thread, NULL, nap, NULL))
			_exit(1);
		for (;;)
			pause();
	}
	assert_true(pid > 0);
	assert_int_equal(clock_getcpuclockid(pid, &clock), 0);
	while (!used.tv_sec && used.tv_nsec < enough_ns)
		assert_int_equal(clock_gettime(clock, &used), 0);
	return pid;
}

static void fake_open(struct fake *f)
{
	const struct machine m = { .topo = TOPOLOGY(1, 1, 1, 1), .clock = { .virtual = true } };
	struct err e = { 0 };
	int monitor[2], ring[2], gate[2];

	vm_init(&f->vm, &m);
	assert_int_equal(socketpair(AF_UNIX, SOCK_STREAM, 0, monitor), 0);
	assert_int_equal(board_pairs(ring, gate, &e), 0);
	qmp_open(&f->vm.qmp, monitor[0]);
	board_open(&f->vm.board, &f->vm, ring[0], gate[0]);
	close(gate[1]);
	f->monitor = monitor[1];
	f->ring = ring[1];
	f->vm.qemu.pid = napper();
	f->vm.qemu.pidfd = (int)syscall(SYS_pidfd_open, f->vm.qemu.pid, 0);
}

static void fake_close(struct fake *f)
{
	close(f->monitor);
	close(f->ring);
	close(f->vm.qemu.pidfd);
	kill(f->vm.qemu.pid, SIGKILL);
	assert_int_equal(waitpid(f->vm.qemu.pid, NULL, 0), f->vm.qemu.pid);
	f->vm.qemu = (struct child){ 0 };
	vm_close(&f->vm);
}

static void says(int fd, const char *text)
{
	assert_int_equal(write(fd, text, strlen(text)), strlen(text));
}

/* How many questions the monitor has not read yet. */
static unsigned questions(struct fake *f)
{
	char text[4096];
	ssize_t n = recv(f->monitor, text, sizeof(text), MSG_DONTWAIT);
	unsigned lines = 0;

	for (ssize_t i = 0; i < n; i++)
		lines += text[i] == '\n';
	return lines;
}

static void computes(void **state)
{
	struct err e = { 0 };
	struct fake f;

	(void)state;
	fake_open(&f);
	says(f.monitor, "{\"event\":\"RTC_CHANGE\"}\n{\"return\":{}}\n");
	assert_int_equal(park_check(&f.vm, LONG_MS, &e), 0);
	assert_int_equal(questions(&f), 1);
	assert_int_equal(f.vm.qmp.owed, 0);
	fake_close(&f);
}

/* A QEMU that does something else is not asked: that could be seen in the guest. */
static void works(void **state)
{
	struct err e = { 0 };
	struct fake f;
	pid_t napping;

	(void)state;
	fake_open(&f);
	napping = f.vm.qemu.pid;
	f.vm.qemu.pid = getpid();
	for (int i = 0; i < 3; i++)
		assert_int_equal(park_check(&f.vm, SHORT_MS, &e), 0);
	assert_int_equal(questions(&f), 0);
	f.vm.qemu.pid = napping;
	fake_close(&f);
}

/* Of a process of which nothing is seen, the monitor has to tell. */
static void hidden(void **state)
{
	struct err e = { 0 };
	struct fake f;
	pid_t napping, gone = fork();

	(void)state;
	if (gone == 0)
		_exit(0);
	assert_int_equal(waitpid(gone, NULL, 0), gone);
	fake_open(&f);
	napping = f.vm.qemu.pid;
	f.vm.qemu.pid = gone;
	assert_int_equal(park_check(&f.vm, SHORT_MS, &e), -1);
	assert_int_equal(questions(&f), 1);
	f.vm.qemu.pid = napping;
	fake_close(&f);
}

static void rings(void **state)
{
	struct err e = { 0 };
	struct fake f;

	(void)state;
	fake_open(&f);
	says(f.ring, "c");
	assert_int_equal(park_check(&f.vm, LONG_MS, &e), 0);
	assert_int_equal(questions(&f), 0);
	fake_close(&f);
}

/* In a call of its own it does not answer either, until that is over. */
static void calls(void **state)
{
	struct err e = { 0 };
	struct fake f;
	pid_t child;

	(void)state;
	fake_open(&f);
	child = fork();
	assert_true(child >= 0);
	if (child == 0) {
		char text[100];

		_exit(read(f.monitor, text, sizeof(text)) > 0 && write(f.ring, "c", 1) == 1 ? 0 : 1);
	}
	for (int i = 0; i < 3; i++)
		assert_int_equal(park_check(&f.vm, LONG_MS, &e), 0);
	assert_int_equal(f.vm.qmp.owed, 1);
	assert_int_equal(questions(&f), 0);
	assert_int_equal(waitpid(child, NULL, 0), child);
	fake_close(&f);
}

static void stands(void **state)
{
	struct err e = { 0 };
	struct fake f;

	(void)state;
	fake_open(&f);
	assert_int_equal(park_check(&f.vm, SHORT_MS, &e), -1);
	assert_int_equal(e.code, X_VM);
	assert_non_null(strstr(e.msg, "wrote to the I/O port 0xea without a call"));
	fake_close(&f);
}

static void answer(int monitor, unsigned most)
{
	for (unsigned n = 0;; n++) {
		char byte = 0;

		while (byte != '\n')
			if (read(monitor, &byte, 1) != 1)
				_exit(1);
		if (n == most)
			_exit(0);
		if (write(monitor, "{\"return\":{}}\n", 14) != 14)
			_exit(1);
	}
}

/* How many questions it answers while the thread of the vCPUs is on its way from the ring to the gate, the host decides. */
static void comes_late(void **state)
{
	enum { ANSWERED = 150 };
	struct err e = { 0 };
	struct fake f;
	pid_t child;
	int status;

	(void)state;
	fake_open(&f);
	child = fork();
	assert_true(child >= 0);
	if (child == 0)
		answer(f.monitor, ANSWERED);
	assert_int_equal(park_wait_gate(&f.vm, &e), 0);
	assert_int_equal(waitpid(child, &status, 0), child);
	assert_int_equal(status, 0);
	fake_close(&f);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(computes),   cmocka_unit_test(works), cmocka_unit_test(hidden),
		cmocka_unit_test(rings),      cmocka_unit_test(calls), cmocka_unit_test(stands),
		cmocka_unit_test(comes_late),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
