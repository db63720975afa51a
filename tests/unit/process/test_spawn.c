/* test_spawn.c: children start as promised, and none of them stays. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <time.h>

#include "base/err.h"
#include "base/file.h"
#include "base/mem.h"
#include "process/spawn.h"
#include "base/stop.h"

#define SH(script) ((const char *const[]){ "sh", "-c", (script), NULL })

static char *capture(const struct spawn *s, bool both, int *status)
{
	struct err e = { 0 };
	char *text = NULL;

	if (spawn_capture(s, both, 1 << 20, 20000, &text, NULL, status, &e) < 0)
		fail_msg("%s", e.msg);
	return text;
}

static void output(void **state)
{
	static const struct {
		const char *script, *out;
		int exit;
		bool both;
	} cases[] = {
		{ "echo out; echo err >&2", "out\n", 0, false },
		{ "echo out; echo err >&2", "out\nerr\n", 0, true },
		{ "cat", "", 0, false },
		{ "exit 3", "", 3, false },
		{ "exec 1>&- 2>&-; exit 4", "", 4, true },
	};

	(void)state;
	for (size_t i = 0; i < countof(cases); i++) {
		struct spawn s = { .argv = SH(cases[i].script), .in = SPAWN_NULL };
		int status = -1;

		s.err = cases[i].both ? SPAWN_INHERIT : SPAWN_NULL;
		auto_free char *text = capture(&s, cases[i].both, &status);
		assert_string_equal(text, cases[i].out);
		assert_true(WIFEXITED(status));
		assert_int_equal(WEXITSTATUS(status), cases[i].exit);
	}
}

static void environment(void **state)
{
	static const char *const env[] = { "KTSTR_T1=new", "KTSTR_T2", "KTSTR_T3=x", NULL };
	struct spawn s = { .argv = SH("echo $KTSTR_T1,${KTSTR_T2-unset},$KTSTR_T3; pwd"), .env = env, .cwd = "/" };
	int status;

	(void)state;
	setenv("KTSTR_T1", "old", 1);
	setenv("KTSTR_T2", "old", 1);
	auto_free char *text = capture(&s, false, &status);
	assert_string_equal(text, "new,unset,x\n/\n");
	assert_string_equal(getenv("KTSTR_T2"), "old");
	unsetenv("KTSTR_T1");
	unsetenv("KTSTR_T2");
}

static void descriptors(void **state)
{
	int pair[2];
	int leak = fcntl(1, F_DUPFD, 20);
	int status;

	(void)state;
	assert_int_equal(socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, pair), 0);
	assert_true(leak >= 20);
	auto_free char *script = xasprintf("for fd in 3 4 5 6 7 8 9 %d %d %d; do "
					   "[ -e /proc/self/fd/$fd ] && echo $fd; done; :",
					   pair[0] > 9 ? pair[0] : 30, pair[1] > 9 ? pair[1] : 31, leak);
	struct spawn s = { .argv = SH(script), .keep = &pair[1], .n_keep = 1 };
	auto_free char *text = capture(&s, false, &status);
	auto_free char *want = xasprintf("%d\n", pair[1]);
	assert_string_equal(text, want);
	assert_int_equal(fcntl(pair[1], F_GETFD), FD_CLOEXEC);
	assert_int_equal(fcntl(leak, F_GETFD), 0);
	close(pair[0]);
	close(pair[1]);
	close(leak);
}

/* What /proc says a child has of a signal set. */
static unsigned long long mask_of(const char *status, const char *name)
{
	const char *line = strstr(status, name);

	assert_non_null(line);
	return strtoull(line + strlen(name), NULL, 16);
}

static void clean_signals(void **state)
{
	struct spawn s = { .argv = (const char *const[]){ "cat", "/proc/self/status", NULL } };
	struct sigaction before, ignore = { .sa_handler = SIG_IGN };
	sigset_t set, old;
	int status;

	(void)state;
	sigemptyset(&set);
	sigaddset(&set, SIGTERM);
	sigaddset(&set, SIGUSR1);
	sigprocmask(SIG_BLOCK, &set, &old);
	sigaction(SIGPIPE, &ignore, &before);
	auto_free char *text = capture(&s, false, &status);
	sigset_t now;
	sigprocmask(SIG_SETMASK, NULL, &now);
	assert_true(sigismember(&now, SIGUSR1));
	sigaction(SIGPIPE, &before, NULL);
	sigprocmask(SIG_SETMASK, &old, NULL);
	assert_int_equal(mask_of(text, "SigBlk:"), 0);
	/* 32 and 33 belong to the C library, which lets nobody touch them. */
	assert_int_equal(mask_of(text, "SigIgn:") & ~(3ULL << 31), 0);
}

static void failures(void **state)
{
	static const struct {
		const char *program, *cwd;
		int code;
		const char *part;
	} cases[] = {
		{ "no-such-program-here", NULL, X_NO_TOOL, "no-such-program-here" },
		{ "/no/such/program", NULL, X_NO_TOOL, "No such file" },
		{ "/etc/passwd", NULL, X_NO_TOOL, "Permission denied" },
		{ "true", "/no/such/folder", X_FAIL, "/no/such/folder: No such file" },
		{ "", NULL, X_NO_TOOL, "" },
	};

	(void)state;
	for (size_t i = 0; i < countof(cases); i++) {
		const char *const argv[] = { cases[i].program, NULL };
		struct spawn s = { .argv = argv, .cwd = cases[i].cwd };
		struct child c = { 0 };
		struct err e = { 0 };

		assert_true(spawn_start(&s, &c, &e) < 0);
		assert_int_equal(e.code, cases[i].code);
		assert_non_null(strstr(e.msg, cases[i].part));
		assert_int_equal(c.pid, 0);
	}
	assert_int_equal(waitpid(-1, NULL, WNOHANG), -1);
}

static void limits(void **state)
{
	struct spawn flood = { .argv = SH("while :; do echo xxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxx; done") };
	struct spawn hang = { .argv = SH("sleep 1000 & wait") };
	struct spawn orphan = { .argv = SH("sleep 30 & echo $!"), .err = SPAWN_NULL };
	struct err e = { 0 };
	char *text = NULL;
	int status;

	(void)state;
	assert_int_equal(spawn_capture(&flood, false, 5000, 20000, &text, NULL, &status, &e), -1);
	assert_int_equal(e.code, X_FAIL);
	long long start = now_ms();
	assert_int_equal(spawn_capture(&hang, false, 5000, 100, &text, NULL, &status, &e), -1);
	assert_int_equal(e.code, X_TIMEOUT);
	assert_null(text);
	auto_free char *got = capture(&orphan, false, &status);
	pid_t left = (pid_t)strtol(got, NULL, 10);

	assert_true(left > 1);
	assert_int_equal(kill(left, SIGKILL), 0);
	assert_true(now_ms() - start < 20000);
	assert_int_equal(waitpid(-1, NULL, WNOHANG), -1);
	assert_int_equal(errno, ECHILD);
}

static void wait_and_kill(void **state)
{
	struct spawn s = { .argv = SH("exec sleep 1000") };
	auto_kill struct child c = { 0 };
	struct err e = { 0 };
	int status = 0;

	(void)state;
	assert_int_equal(spawn_start(&s, &c, &e), 0);
	pid_t pid = c.pid;
	assert_int_equal(getpgid(pid), pid);
	assert_int_equal(spawn_wait(&c, now_ms() + 20, &status, &e), SPAWN_DEADLINE);
	assert_int_equal(c.pid, pid);
	spawn_kill(&c);
	assert_int_equal(c.pid, 0);
	assert_int_equal(kill(pid, 0), -1);
	spawn_kill(&c);
	s.same_group = true;
	assert_int_equal(spawn_start(&s, &c, &e), 0);
	assert_int_equal(getpgid(c.pid), getpgid(0));
	kill(c.pid, SIGTERM);
	assert_int_equal(spawn_wait(&c, now_ms() + 10000, &status, &e), SPAWN_ENDED);
	assert_true(WIFSIGNALED(status) && WTERMSIG(status) == SIGTERM);
	assert_int_equal(spawn_wait(&c, -1, &status, &e), -1);
}

/* A process in between starts a sleeper and is killed with -9: the pipe the sleeper holds must close. */
static void dies_with_parent(void **state)
{
	int fds[2];
	char byte;
	struct pollfd p;

	(void)state;
	assert_int_equal(pipe2(fds, O_CLOEXEC), 0);
	pid_t middle = fork();
	if (middle == 0) {
		struct spawn s = { .argv = SH("exec sleep 1000"), .keep = &fds[1], .n_keep = 1 };
		struct child c;
		struct err e;

		if (spawn_start(&s, &c, &e) < 0 || write(fds[1], "x", 1) != 1)
			_exit(1);
		pause();
	}
	close(fds[1]);
	assert_int_equal(read(fds[0], &byte, 1), 1);
	kill(middle, SIGKILL);
	waitpid(middle, NULL, 0);
	p = (struct pollfd){ .fd = fds[0], .events = POLLIN };
	assert_int_equal(poll(&p, 1, 5000), 1);
	assert_int_equal(read(fds[0], &byte, 1), 0);
	close(fds[0]);
}

static void interrupted(void **state)
{
	struct spawn s = { .argv = SH("exec sleep 1000") };
	auto_kill struct child c = { 0 };
	struct err e = { 0 };
	int status;

	(void)state;
	assert_int_equal(stop_poll(NULL, 0, now_ms() + 5, &e), 0);
	assert_int_equal(stop_init(&e), 0);
	assert_int_equal(spawn_start(&s, &c, &e), 0);
	assert_int_equal(stop_pending(), 0);
	raise(SIGTERM);
	assert_int_equal(stop_pending(), SIGTERM);
	assert_int_equal(spawn_wait(&c, -1, &status, &e), -1);
	assert_int_equal(e.code, X_INTERRUPTED);
	assert_string_equal(e.msg, "interrupted by SIGTERM");
	/* It stays stopped. */
	assert_int_equal(stop_poll(NULL, 0, -1, &e), -1);
	sigset_t set;
	sigemptyset(&set);
	sigaddset(&set, SIGTERM);
	assert_int_equal(sigtimedwait(&set, NULL, &(struct timespec){ 0 }), SIGTERM);
	stop_undo();
	struct pollfd none[STOP_FDS];
	stop_fds(none);
	for (size_t i = 0; i < STOP_FDS; i++)
		assert_int_equal(none[i].fd, -1);
}

static void status_words(void **state)
{
	static const struct {
		int status;
		const char *want;
	} cases[] = {
		{ 0, "exit status 0" },           { 3 << 8, "exit status 3" },
		{ SIGKILL, "killed by SIGKILL" }, { SIGABRT | 0x80, "killed by SIGABRT (core dumped)" },
		{ 45, "killed by signal 45" },
	};
	char buf[64];

	(void)state;
	for (size_t i = 0; i < countof(cases); i++)
		assert_string_equal(spawn_status(cases[i].status, buf, sizeof(buf)), cases[i].want);
}

static void find(void **state)
{
	struct err e = { 0 };
	auto_free char *dir = tmpdir_make("find", &e);
	const char *own_path = getenv("PATH");
	auto_free char *before = xstrdup(own_path ? own_path : "");
	auto_free char *path = xasprintf("/nowhere:%s", dir);
	auto_free char *want = xasprintf("%s/tool", dir);
	auto_close int fd = open(want, O_CREAT | O_WRONLY, 0644);

	(void)state;
	setenv("PATH", path, 1);
	assert_null(spawn_find("tool"));
	assert_int_equal(fchmod(fd, 0755), 0);
	auto_free char *got = spawn_find("tool");
	auto_free char *direct = spawn_find(want);
	setenv("PATH", before, 1);
	assert_string_equal(got, want);
	assert_string_equal(direct, want);
	assert_null(spawn_find("/nowhere/x"));
	assert_int_equal(rmtree(AT_FDCWD, dir, &e), 0);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(output),        cmocka_unit_test(environment),
		cmocka_unit_test(descriptors),   cmocka_unit_test(clean_signals),
		cmocka_unit_test(failures),      cmocka_unit_test(limits),
		cmocka_unit_test(wait_and_kill), cmocka_unit_test(dies_with_parent),
		cmocka_unit_test(interrupted),   cmocka_unit_test(status_words),
		cmocka_unit_test(find),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
