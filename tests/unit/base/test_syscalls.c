/* test_syscalls.c: each second way does what the first does. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <stdbool.h>
#include <stdio.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include "base/err.h"
#include "base/file.h"
#include "system/kill.h"
#include "process/keeper.h"
#include "base/mem.h"
#include "host/needs.h"
#include "process/spawn.h"
#include "base/stop.h"
#include "base/syscalls.h"
#include "tests/refuse.h"

static const int answers[] = { ENOSYS, EPERM, EINVAL, EACCES };

/* what() in a process where names are refused with that errno; 0 is right. */
static void where_answered(int with, const char *const *names, int (*what)(void))
{
	int status = -1;
	pid_t pid = fork();

	if (pid == 0) {
		for (const char *const *n = names; *n; n++)
			if (refuse(*n, with) < 0)
				_exit(100);
		_exit(what());
	}
	assert_int_equal(waitpid(pid, &status, 0), pid);
	if (status)
		fail_msg("%s, errno %d: status %#x", names[0], with, status);
}

static void where_refused(const char *const *names, int (*what)(void))
{
	for (size_t i = 0; i < countof(answers); i++)
		where_answered(answers[i], names, what);
}

#define WHERE_REFUSED(what, ...) where_refused((const char *const[]){ __VA_ARGS__, NULL }, what)

/* A descriptor that is not close-on-exec must not reach the child, one it was promised must, and its output comes. */
static int child_has_only_its_own(void)
{
	int hidden = open("/dev/null", O_RDONLY), shown = open("/dev/zero", O_RDONLY);
	auto_free char *script =
		xasprintf("test -e /proc/self/fd/%d && ! test -e /proc/self/fd/%d && echo well", shown, hidden);
	const char *const argv[] = { "sh", "-c", script, NULL };
	struct spawn s = { .argv = argv, .in = SPAWN_NULL, .keep = &shown, .n_keep = 1, .family = true };
	struct err e = { 0 };
	char *text = NULL;
	int status = -1;

	if (spawn_capture(&s, true, 1000, 20000, &text, NULL, &status, &e) < 0) {
		fprintf(stderr, "%s\n", e.msg);
		return 1;
	}
	return status || strcmp(text, "well\n") ? 2 : 0;
}

static void descriptors(void **state)
{
	(void)state;
	WHERE_REFUSED(child_has_only_its_own, "close_range");
	WHERE_REFUSED(child_has_only_its_own, "close_range", "clone_pidfd");
}

static int waits_for_children(void)
{
	const char *const argv[] = { "sh", "-c", "exit 3", NULL }, *const slow[] = { "sleep", "60", NULL };
	struct spawn s = { .argv = argv }, t = { .argv = slow };
	auto_kill struct child c = { 0 }, d = { 0 };
	struct err e = { 0 };
	int status = 0;

	if (spawn_start(&t, &d, &e) < 0 || spawn_start(&s, &c, &e) < 0)
		return 1;
	if (spawn_wait(&d, now_ms() + 50, &status, &e) != SPAWN_DEADLINE)
		return 2;
	if (spawn_wait(&c, now_ms() + 20000, &status, &e) != SPAWN_ENDED || !WIFEXITED(status) ||
	    WEXITSTATUS(status) != 3)
		return 3;
	s.argv = (const char *const[]){ "/nowhere/at-all", NULL };
	if (spawn_start(&s, &c, &e) >= 0 || e.code != X_NO_TOOL)
		return 4;
	spawn_kill(&d);
	return waitpid(-1, NULL, WNOHANG) == -1 && errno == ECHILD ? 0 : 5;
}

static void end_of_a_child(void **state)
{
	(void)state;
	WHERE_REFUSED(waits_for_children, "clone_pidfd");
	WHERE_REFUSED(waits_for_children, "clone_pidfd", "close_range", "pidfd_open");
}

static int holds_bytes(void)
{
	static const char text[] = "0123456789";
	struct err e = { 0 };
	char back[sizeof(text)] = "";
	auto_close int fd = memory_file("a test", 0, 1 << 20, &e), other = memory_file("another", 0, 1 << 20, &e);

	if (fd < 0 || other < 0 || write(fd, text, sizeof(text)) != sizeof(text) || lseek(fd, 2, SEEK_SET) != 2)
		return 1;
	if (send_bytes(other, fd, 5) != 5 || lseek(fd, 0, SEEK_CUR) != 7 || pread(other, back, 5, 0) != 5)
		return 2;
	if (strcmp(back, "23456") != 0 || !(fcntl(fd, F_GETFD) & FD_CLOEXEC))
		return 3;

	struct stat st;
	auto_free char *again = xasprintf("/proc/self/fd/%d", fd);
	auto_close int opened = open(again, O_RDWR | O_CLOEXEC); /* as QEMU does */

	return fstat(fd, &st) == 0 && st.st_nlink == 0 && opened >= 0 ? 0 : 4;
}

static int no_room(void)
{
	struct err e = { 0 };

	return memory_file("too much", 0, UINT64_MAX / 2, &e) < 0 && strstr(e.msg, "memfd_create is refused") ? 0 : 1;
}

static void memory(void **state)
{
	(void)state;
	assert_int_equal(holds_bytes(), 0);
	WHERE_REFUSED(holds_bytes, "memfd_create");
	WHERE_REFUSED(holds_bytes, "memfd_create", "sendfile");
	WHERE_REFUSED(no_room, "memfd_create");
}

static int sees_children(void)
{
	static char cell = 'a';
	char got = 0;
	pid_t pid = fork();

	if (pid == 0)
		for (;;)
			pause();
	bool well = process_write(pid, (uintptr_t)&cell, "b", 1) == 1 &&
		    process_read(pid, (uintptr_t)&cell, &got, 1) == 1 && got == 'b' && cell == 'a';

	kill(pid, SIGKILL);
	waitpid(pid, NULL, 0);
	if (!well)
		return 1;
	return process_read(pid, (uintptr_t)&cell, &got, 1) < 0 && errno == ESRCH ? 0 : 2;
}

static void other_memory(void **state)
{
	(void)state;
	assert_int_equal(sees_children(), 0);
	WHERE_REFUSED(sees_children, "process_vm_readv", "process_vm_writev");
	assert_true(process_readable());
}

static char folder[64];

static int renames(void)
{
	struct err e = { 0 };
	auto_close int dir = open(folder, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	uint64_t a = 0, b = 0;

	(void)unlinkat(dir, "there", AT_REMOVEDIR);
	if (mkdirat(dir, "new", 0700) < 0 || rename_new(dir, "new", "there") < 0)
		return 1;
	if (file_write(dir, "from", "12345", 5, &e) < 0 || file_copy(dir, "from", dir, "copy", 0600, &e) < 0)
		return 2;
	if (access_at(dir, "copy", R_OK) < 0 || access_at(dir, "none", F_OK) == 0 || errno != ENOENT)
		return 5;
	if (unlinkat(dir, "copy", 0) < 0 || unlinkat(dir, "from", 0) < 0)
		return 3;
	return random_bytes(&a, sizeof(a)) == 0 && random_bytes(&b, sizeof(b)) == 0 && a != b ? 0 : 4;
}

static void files(void **state)
{
	(void)state;
	snprintf(folder, sizeof(folder), "/tmp/test_syscalls.%d", (int)getpid());
	assert_int_equal(mkdir(folder, 0700), 0);
	assert_int_equal(renames(), 0);
	WHERE_REFUSED(renames, "renameat2", "copy_file_range", "getrandom", "faccessat2");

	struct err e = { 0 };

	assert_int_equal(rmtree(AT_FDCWD, folder, &e), 0);
}

static const char *now_refused;

static int told(void)
{
	for (const struct syscall_test *t = syscalls_tested; t->name; t++) {
		bool ours = !strncmp(t->name, now_refused, strlen(now_refused));

		if (t->works() == ours)
			return 1;
	}
	return 0;
}

/* Here all of them work; refused, exactly that one is told. */
static void table(void **state)
{
	(void)state;
	if (getenv("KTSTR_TEST_REFUSED"))
		skip(); /* some are refused by the place itself (tests/long/environments.sh) */
	now_refused = "none";
	assert_int_equal(told(), 0);
	for (const struct syscall_test *t = syscalls_tested; t->name; t++) {
		bool pidfd = strstr(t->name, "PIDFD");

		now_refused = t->name;
		WHERE_REFUSED(told, pidfd ? "clone_pidfd" : t->name);
	}
}

/* A group whose members start others, and the keeper beside it, whatever the ways. */
static int ends_families(void)
{
	const char *const argv[] = { "sh", "-c", "sleep 1000 & sleep 1000 & wait", NULL };
	struct spawn s = { .argv = argv };
	struct keeper k = { 0 };
	struct child c = { 0 };
	struct err e = { 0 };

	alarm(60);
	if (stop_init(&e) < 0 || spawn_start(&s, &c, &e) < 0 || keeper_start(&k, c.pid, &e) < 0)
		return 1;
	pid_t group = c.pid, keeper = k.pid;

	if (kill_group(group, 0) < 0 || kill_process(keeper, 0) < 0)
		return 2;
	keeper_stop(&k);
	if (kill_process(keeper, 0) == 0 || kill_group(group, 0) < 0)
		return 3;
	spawn_kill(&c);
	for (int i = 0; kill_group(group, 0) == 0; i++)
		if (i > 500 || stop_poll(NULL, 0, now_ms() + 20, &e) < 0)
			return 4;
	return 0;
}

static int tells_how_it_ended(void)
{
	const char *const exits[] = { "sh", "-c", "exit 3", NULL }, *const stays[] = { "sleep", "1000", NULL };
	struct spawn s = { .argv = exits }, t = { .argv = stays };
	struct child c = { 0 };
	struct err e = { 0 };
	int status = -1;

	alarm(60);
	if (spawn_start(&s, &c, &e) < 0 || spawn_wait(&c, now_ms() + 20000, &status, &e) != SPAWN_ENDED)
		return 1;
	if (!WIFEXITED(status) || WEXITSTATUS(status) != 3 || spawn_start(&t, &c, &e) < 0)
		return 2;
	if (reap_child(c.pid, &status, WNOHANG) != 0 || kill_process(c.pid, SIGTERM) < 0)
		return 3;
	if (spawn_wait(&c, now_ms() + 20000, &status, &e) != SPAWN_ENDED)
		return 4;
	return WIFSIGNALED(status) && WTERMSIG(status) == SIGTERM ? 0 : 5;
}

static void ends(void **state)
{
	(void)state;
	if (getenv("KTSTR_TEST_REFUSED"))
		skip(); /* some are refused by the place itself (tests/long/environments.sh) */
	WHERE_REFUSED(ends_families, "kill");
	WHERE_REFUSED(ends_families, "kill", "pidfd_send_signal", "poll", "clone_pidfd", "waitid");
	WHERE_REFUSED(tells_how_it_ended, "kill", "wait4", "poll");
	WHERE_REFUSED(tells_how_it_ended, "kill", "tgkill", "poll");
}

/* Every way refused: an error, and no wait without an end. */
static int gives_up(void)
{
	const char *const argv[] = { "sleep", "20", NULL };
	struct spawn s = { .argv = argv };
	struct child c = { 0 };
	struct err e = { 0 };

	alarm(15);
	if (spawn_start(&s, &c, &e) < 0 || kill_process(c.pid, SIGKILL) == 0)
		return 1;
	spawn_kill(&c);
	return c.pid ? 2 : 0;
}

static void nothing_ends(void **state)
{
	(void)state;
	WHERE_REFUSED(gives_up, "kill", "pidfd_send_signal", "tgkill");
}

/* A stop is noticed in a wait without an end, and stays. */
static int is_stopped(void)
{
	struct err e = { 0 };
	pid_t us = getpid(), other;

	alarm(60);
	if (stop_init(&e) < 0 || stop_pending())
		return 1;
	other = fork();
	if (other == 0) {
		poll(NULL, 0, 100);
		_exit(kill(us, SIGTERM));
	}
	if (stop_poll(NULL, 0, -1, &e) != -1 || e.code != X_INTERRUPTED)
		return 2;
	return stop_pending() == SIGTERM && stop_poll(NULL, 0, -1, &e) == -1 ? 0 : 3;
}

static void stops(void **state)
{
	(void)state;
	WHERE_REFUSED(is_stopped, "signalfd4");
	WHERE_REFUSED(is_stopped, "rt_sigpending");
	WHERE_REFUSED(is_stopped, "epoll_create1", "epoll_ctl", "epoll_wait");
}

/* What is lacking where exactly that is refused. */
static const struct {
	const char *call;
	enum needs_of whose;
} needed[] = {
	{ "wait4", NEEDS_GRAPH },      { "ppoll", NEEDS_GRAPH },      { "futex", NEEDS_GRAPH },
	{ "prctl", NEEDS_GRAPH },      { "setpgid", NEEDS_GRAPH },    { "pipe2", NEEDS_GRAPH },
	{ "clone3", NEEDS_GRAPH },     { "wait4", NEEDS_CARGO },      { "futex", NEEDS_CARGO },
	{ "setpgid", NEEDS_CARGO },    { "pipe2", NEEDS_CARGO },      { "clone3", NEEDS_CARGO },
	{ "waitid", NEEDS_CARGO },     { "poll", NEEDS_CARGO },       { "epoll_create1", NEEDS_CARGO },
	{ "epoll_ctl", NEEDS_CARGO },  { "epoll_wait", NEEDS_CARGO }, { "eventfd2", NEEDS_CARGO },
	{ "socketpair", NEEDS_CARGO }, { "getrandom", NEEDS_CARGO },  { "poll", NEEDS_GUEST },
	{ "eventfd2", NEEDS_GUEST },
};
static size_t asked;

static int lacks_it(void)
{
	struct need l;
	struct err e;

	if (!needs_lack(needed[asked].whose, &l) || !strstr(l.what, needed[asked].call) || !strstr(l.fix, "seccomp"))
		return 1;
	return needs_check(needed[asked].whose, &e) < 0 && strstr(e.msg, needed[asked].call) ? 0 : 2;
}

static void what_others_need(void **state)
{
	struct need l;

	(void)state;
	if (getenv("KTSTR_TEST_REFUSED"))
		skip(); /* some are refused by the place itself (tests/long/environments.sh) */
	for (int whose = 0; whose < NEEDS_KINDS; whose++)
		assert_false(needs_lack((enum needs_of)whose, &l));
	for (asked = 0; asked < countof(needed); asked++) {
		const char *const names[] = { needed[asked].call, NULL };

		where_answered(EPERM, names, lacks_it);
		bool other = !strcmp(names[0], "clone3") ||
			     (!strcmp(names[0], "eventfd2") && needed[asked].whose == NEEDS_GUEST);

		if (!other) /* whoever meets ENOSYS goes by clone, or a pipe, then */
			where_answered(ENOSYS, names, lacks_it);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(descriptors), cmocka_unit_test(end_of_a_child),
		cmocka_unit_test(memory),      cmocka_unit_test(other_memory),
		cmocka_unit_test(files),       cmocka_unit_test(table),
		cmocka_unit_test(ends),        cmocka_unit_test(nothing_ends),
		cmocka_unit_test(stops),       cmocka_unit_test(what_others_need),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
