/* sched.c: the scheduler's process: start, output, stop, end.
 *
 * EXITED is the last word: it waits until everything the process left in its pipe was queued, but not for writers that
 * outlive it (they are killed). While the port's queue is full the pipe is not read, so a scheduler that prints faster
 * than the host listens blocks in its own write. */
#include "guest/init/sched.h"
#include "guest/init/scx/calls.h"
#include "guest/init/base/board.h"
#include "guest/init/base/crash.h"
#include "guest/init/base/loop.h"
#include "guest/init/base/port.h"
#include "guest/init/scx/scx.h"
#include "guest/init/scx/watchdog.h"
#include "guest/init/session.h"
#include "guest/init/base/words.h"
#include "guest/proto.h"
#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/ioctl.h>
#include <sys/timerfd.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

enum { CHUNK = 65536 };

static struct {
	pid_t pid;   /* 0: none; stays set until EXITED is queued */
	int out;     /* its stdout and stderr; -1 closed */
	bool paused; /* out is not watched: the queue is full */
	bool ended;  /* reaped; left bytes of output are to be sent before EXITED */
	int left;
	bool was; /* there has been one, so a late STOP is no mistake */
	long long start;
	struct proto_exited exited;
} s = { .out = -1 };
static int kill_timer = -1;

static void out_close(void)
{
	if (s.out < 0)
		return;
	if (!s.paused)
		unwatch(s.out);
	close(s.out);
	s.out = -1;
	s.paused = false;
}

/* One read of at most max bytes, sent on. Zero or negative as read() says. */
static ssize_t take(size_t max)
{
	static char buf[CHUNK];
	ssize_t n = read(s.out, buf, max < sizeof buf ? max : sizeof buf);

	if (n > 0)
		port_send(MSG_LOG, buf, (size_t)n);
	return n;
}

static void on_output(uint32_t events)
{
	ssize_t n;

	(void)events;
	if (!port_ready()) {
		unwatch(s.out);
		s.paused = true;
		return;
	}
	n = take(CHUNK);
	if (n == 0 || (n < 0 && errno != EAGAIN && errno != EINTR))
		out_close();
}

static void kill_after(uint32_t ms)
{
	struct itimerspec t = { .it_value = { .tv_sec = ms / 1000, .tv_nsec = ms % 1000 * 1000000L } };

	if (kill_timer >= 0)
		timerfd_settime(kill_timer, 0, &t, NULL);
}

/* What is left of the output, then EXITED. */
static void drain(void)
{
	while (s.out >= 0 && s.left > 0 && port_ready()) {
		ssize_t n = take((size_t)s.left);

		if (n < 0 && errno == EINTR)
			continue;
		s.left = n > 0 ? s.left - (int)n : 0;
	}
	if (s.out >= 0 && s.left > 0)
		return;
	out_close();
	s.pid = 0;
	s.ended = false;
	scx_end();
	calls_tell();
	port_send(MSG_EXITED, &s.exited, sizeof s.exited);
}

void sched_resume(void)
{
	if (s.ended) {
		drain();
	} else if (s.paused) {
		s.paused = false;
		watch(s.out, EPOLLIN, on_output);
	}
}

static void ended(int status)
{
	s.ended = true;
	s.exited = (struct proto_exited){ .status = status, .ms = (uint32_t)(now_ms() - s.start) };
	kill_after(0);
	kill(-s.pid, SIGKILL); /* children it left behind */
	s.left = 0;
	if (s.out >= 0)
		ioctl(s.out, FIONREAD, &s.left);
	drain();
}

/* Everything without a parent is ours to reap. */
void sched_reap(void)
{
	int status;
	pid_t pid;

	while ((pid = waitpid(-1, &status, WNOHANG)) > 0) {
		if (pid == s.pid && !s.ended)
			ended(status);
		else
			session_reaped(pid, status);
	}
}

static void on_kill(uint32_t events)
{
	uint64_t n;

	(void)events;
	(void)!read(kill_timer, &n, sizeof n); /* only to quieten it */
	if (s.pid && !s.ended)
		kill(-s.pid, SIGKILL);
}

void sched_stop(const void *data, size_t n)
{
	uint32_t ms;

	if (n != sizeof ms) {
		port_failed("STOP without its time");
		return;
	}
	memcpy(&ms, data, sizeof ms);
	if (!s.pid && !s.was)
		port_failed("STOP, but no scheduler was started");
	if (!s.pid || s.ended)
		return;
	if (ms == 0) {
		kill(-s.pid, SIGKILL);
		return;
	}
	if (kill_timer < 0) {
		kill_timer = timerfd_create(CLOCK_MONOTONIC, TFD_CLOEXEC | TFD_NONBLOCK);
		if (kill_timer < 0)
			die("no timer");
		watch(kill_timer, EPOLLIN, on_kill);
	}
	kill_after(ms);
	kill(s.pid, SIGTERM);
}

/* Lets PID 1 look at calls of the process from here on; it goes on when go ends. */
static void be_watched(int told, const int go[2])
{
	int fd = watchdog_install(), word = fd < 0 ? -errno : fd;
	char end;

	close(go[1]);
	(void)!write(told, &word, sizeof word);
	(void)!read(go[0], &end, 1);
}

/* The other half of be_watched(). 0, or errno. */
static int watch_child(int told, int go[2])
{
	int word = -EIO, err = 0;

	if (read(told, &word, sizeof word) != sizeof word || word < 0)
		err = -word;
	else if (watchdog_serve(s.pid, word) < 0)
		err = errno;
	close(go[0]);
	close(go[1]);
	return err;
}

/* The child's half of START; told is closed by a successful exec and gets errno otherwise. */
static void __attribute__((noreturn)) child(int out, int told, const int go[2], char **argv, char **env)
{
	sigset_t none;
	int null = open("/dev/null", O_RDONLY), err;

	sigemptyset(&none);
	sigprocmask(SIG_SETMASK, &none, NULL);
	board_drop();
	setsid();
	umask(022);
	dup2(null, STDIN_FILENO);
	dup2(out, STDOUT_FILENO);
	dup2(out, STDERR_FILENO);
	if (null > 2)
		close(null);
	if (watchdog_wanted())
		be_watched(told, go);
	execve(argv[0], argv, env);
	err = errno;
	(void)!write(told, &err, sizeof err); /* the other end is PID 1 */
	_exit(127);
}

static void spawn(char **argv, char **env)
{
	int out[2], told[2], go[2] = { -1, -1 }, err = 0;

	if (pipe2(out, O_CLOEXEC) < 0 || pipe2(told, O_CLOEXEC) < 0 || (watchdog_wanted() && pipe2(go, O_CLOEXEC) < 0))
		die("no pipe: %s", strerror(errno));
	calls_begin();
	s.start = now_ms();
	s.pid = fork();
	if (s.pid < 0)
		die("fork: %s", strerror(errno));
	if (s.pid == 0)
		child(out[1], told[1], go, argv, env);
	close(out[1]);
	close(told[1]);
	err = watchdog_wanted() ? watch_child(told[0], go) : 0;
	if (err) {
		kill(s.pid, SIGKILL);
		close(out[0]);
		close(told[0]);
		s.pid = 0;
		port_failed("watch the scheduler's calls (CONFIG_SECCOMP_FILTER): %s", strerror(err));
		return;
	}
	if (read(told[0], &err, sizeof err) == sizeof err) {
		close(out[0]);
		close(told[0]);
		s.pid = 0; /* the reaper takes it as an orphan */
		port_failed("run %s: %s", argv[0], strerror(err));
		return;
	}
	close(told[0]);
	fcntl(out[0], F_SETFL, O_NONBLOCK);
	s.out = out[0];
	s.was = true;
	watch(s.out, EPOLLIN, on_output);
	scx_begin(s.start);
}

void sched_start(const void *data, size_t n)
{
	struct proto_start h;
	char **argv, **env;

	if (s.pid) {
		port_failed("a scheduler is running already");
		return;
	}
	if (n >= sizeof h)
		memcpy(&h, data, sizeof h);
	if (n < sizeof h || !words((const char *)data + sizeof h, n - sizeof h, h.argc, h.n_env, &argv, &env))
		port_failed("START is damaged");
	else
		spawn(argv, env);
}
