/* session.c: a program somebody works with: its input, its two outputs, its end; or a terminal in place of all three.
 *
 * The same care for the queue to the host as in sched.c: while it is full nothing is read from the program. Its input waits
 * in a buffer of PROTO_WINDOW bytes; what the program took is told, so that the host never sends more than fits. */
#include "guest/init/session.h"
#include "guest/init/base/board.h"
#include "guest/init/base/crash.h"
#include "guest/init/base/loop.h"
#include "guest/init/base/mounts.h"
#include "guest/init/base/port.h"
#include "guest/init/base/rank.h"
#include "guest/init/base/words.h"
#include "guest/proto.h"
#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/ioctl.h>
#include <sys/klog.h>
#include <sys/stat.h>
#include <unistd.h>

enum { CHUNK = 65536, TERMINAL_LEFT = 256 << 10 };

struct stream {
	int fd;      /* -1: closed */
	bool paused; /* not watched: the queue is full */
	size_t left; /* once the program has ended: bytes of it that are still to be sent */
};

static struct {
	pid_t pid; /* 0: none; stays set until ENDED is queued */
	bool ended, terminal;
	long long start;
	struct proto_exited exited;
	struct stream out, err;
	int in;        /* -1: closed; the terminal's own descriptor when there is one */
	bool in_waits; /* in is watched for room */
	bool in_over;  /* the host has no more */
	size_t in_n;   /* bytes in waiting */
} s = { .out.fd = -1, .err.fd = -1, .in = -1 };

static char waiting[PROTO_WINDOW];

static void on_out(uint32_t events);
static void on_err(uint32_t events);
static void on_room(uint32_t events);

static void stream_close(struct stream *t)
{
	if (t->fd < 0)
		return;
	if (!t->paused)
		unwatch(t->fd);
	close(t->fd);
	*t = (struct stream){ .fd = -1 };
}

static void in_close(void)
{
	if (s.in < 0)
		return;
	if (s.in_waits)
		unwatch(s.in);
	close(s.in);
	s.in = -1;
	s.in_waits = false;
}

/* What was taken counts also when nobody is there any more to take it. */
static void taken(size_t n)
{
	uint32_t count = (uint32_t)n;

	memmove(waiting, waiting + n, s.in_n - n);
	s.in_n -= n;
	port_send(MSG_TAKEN, &count, sizeof count);
}

static void feed(void)
{
	static const char end_of_file = 4; /* Ctrl-D */
	size_t done = 0;

	while (s.in >= 0 && done < s.in_n) {
		ssize_t n = write(s.in, waiting + done, s.in_n - done);

		if (n > 0)
			done += (size_t)n;
		else if (errno == EAGAIN)
			break;
		else if (errno != EINTR)
			in_close();
	}
	if (s.in < 0)
		done = s.in_n;
	if (done)
		taken(done);
	if (s.in < 0)
		return;
	if (s.in_n && !s.in_waits)
		watch(s.in, EPOLLOUT, on_room);
	if (!s.in_n && s.in_waits)
		unwatch(s.in);
	s.in_waits = s.in_n;
	if (!s.in_over || s.in_n)
		return;
	if (s.terminal)
		(void)!write(s.in, &end_of_file, 1); /* a terminal that takes no more has lost its reader */
	in_close();
}

static void on_room(uint32_t events)
{
	(void)events;
	feed();
}

/* Sends on at most max bytes of what is there; how many, 0 when the stream has no more for now. */
static size_t take(struct stream *t, enum proto_type type, size_t max)
{
	static char buf[CHUNK];
	ssize_t n;

	if (t->fd < 0 || !max)
		return 0;
	do
		n = read(t->fd, buf, max < sizeof buf ? max : sizeof buf);
	while (n < 0 && errno == EINTR);
	if (n > 0) {
		port_send(type, buf, (size_t)n);
		return (size_t)n;
	}
	/* The last one who had the terminal open is gone: EIO. */
	if (n == 0 || errno != EAGAIN)
		stream_close(t);
	return 0;
}

static void on_stream(struct stream *t, enum proto_type type)
{
	if (!port_ready()) {
		unwatch(t->fd);
		t->paused = true;
		return;
	}
	take(t, type, CHUNK);
}

static void on_out(uint32_t events)
{
	(void)events;
	on_stream(&s.out, MSG_OUT);
}

static void on_err(uint32_t events)
{
	(void)events;
	on_stream(&s.err, MSG_ERR);
}

/* Sends what is left; false when the queue is full before that. */
static bool drain_stream(struct stream *t, enum proto_type type)
{
	while (t->left) {
		size_t n;

		if (!port_ready())
			return false;
		n = take(t, type, t->left);
		t->left = n ? t->left - n : 0;
	}
	return true;
}

/* What was in both outputs when the program ended, then ENDED. What processes that it left behind say later is not waited
 * for. */
static void drain(void)
{
	if (!drain_stream(&s.out, MSG_OUT) || !drain_stream(&s.err, MSG_ERR))
		return;
	stream_close(&s.out);
	stream_close(&s.err);
	in_close();
	if (s.in_n)
		taken(s.in_n);
	s.pid = 0;
	s.ended = false;
	port_send(MSG_ENDED, &s.exited, sizeof s.exited);
}

static void go_on(struct stream *t, watch_fn *fn)
{
	if (t->fd < 0 || !t->paused)
		return;
	t->paused = false;
	watch(t->fd, EPOLLIN, fn);
}

void session_resume(void)
{
	if (s.ended) {
		drain();
		return;
	}
	go_on(&s.out, on_out);
	go_on(&s.err, on_err);
}

/* Some of what was written to a terminal may still be on its way through the kernel, and is not counted. */
static size_t left_in(const struct stream *t)
{
	int n = 0;

	if (t->fd < 0)
		return 0;
	if (s.terminal)
		return TERMINAL_LEFT;
	return ioctl(t->fd, FIONREAD, &n) == 0 && n > 0 ? (size_t)n : 0;
}

void session_reaped(int pid, int status)
{
	if (!s.pid || pid != s.pid || s.ended)
		return;
	s.ended = true;
	s.exited = (struct proto_exited){ .status = status, .ms = (uint32_t)(now_ms() - s.start) };
	s.out.left = left_in(&s.out);
	s.err.left = left_in(&s.err);
	drain();
}

void session_input(const void *data, size_t n)
{
	if (n > sizeof waiting - s.in_n) {
		port_failed("more input than the session has room for");
		return;
	}
	memcpy(waiting + s.in_n, data, n);
	s.in_n += n;
	s.in_over |= n == 0;
	feed();
}

static void set_window(int fd, const struct proto_window *w)
{
	struct winsize size = { .ws_col = w->columns, .ws_row = w->rows };

	if (w->columns && w->rows)
		ioctl(fd, TIOCSWINSZ, &size);
}

void session_window(const void *data, size_t n)
{
	struct proto_window w;

	if (n != sizeof w)
		return;
	memcpy(&w, data, sizeof w);
	if (s.pid && s.terminal && s.out.fd >= 0)
		set_window(s.out.fd, &w);
}

void session_deaf(const void *data, size_t n)
{
	uint32_t which;

	if (n != sizeof which)
		return;
	memcpy(&which, data, sizeof which);
	if (s.pid && !s.terminal && !s.ended)
		stream_close(which == STDERR_FILENO ? &s.err : &s.out);
}

void console_level(const void *data, size_t n)
{
	uint32_t level;

	if (n != sizeof level)
		return;
	memcpy(&level, data, sizeof level);
	klogctl(8, NULL, (int)level);
}

/* The program's side of its three descriptors, and ours. */
struct ends {
	int theirs[3], ours[3]; /* stdin, stdout, stderr; equal numbers for a terminal */
	int told[2];
};

static int open_terminal(struct ends *p, const struct proto_window *w)
{
	char name[32];
	int ours = open("/dev/ptmx", O_RDWR | O_NOCTTY | O_CLOEXEC | O_NONBLOCK), theirs, number, unlock = 0;

	if (ours < 0 || ioctl(ours, TIOCSPTLCK, &unlock) < 0 || ioctl(ours, TIOCGPTN, &number) < 0)
		return -1;
	set_window(ours, w);
	snprintf(name, sizeof name, "/dev/pts/%d", number);
	theirs = open(name, O_RDWR | O_NOCTTY | O_CLOEXEC);
	if (theirs < 0)
		return -1;
	for (int i = 0; i < 3; i++)
		p->theirs[i] = theirs;
	p->ours[0] = fcntl(ours, F_DUPFD_CLOEXEC, 3);
	p->ours[1] = ours;
	p->ours[2] = -1;
	return p->ours[0] < 0 ? -1 : 0;
}

static int open_pipes(struct ends *p)
{
	for (int i = 0; i < 3; i++) {
		int fds[2];

		if (pipe2(fds, O_CLOEXEC) < 0)
			return -1;
		p->theirs[i] = fds[i != 0];
		p->ours[i] = fds[i == 0];
		fcntl(p->ours[i], F_SETFL, O_NONBLOCK);
	}
	return 0;
}

static void __attribute__((noreturn)) child(const struct ends *p, bool terminal, char **argv, char **env)
{
	sigset_t none;
	int err;

	sigemptyset(&none);
	sigprocmask(SIG_SETMASK, &none, NULL);
	board_drop();
	setsid();
	umask(022);
	if (terminal)
		ioctl(p->theirs[0], TIOCSCTTY, 0);
	for (int i = 0; i < 3; i++)
		dup2(p->theirs[i], i);
	if (chdir("/root") < 0)
		(void)!chdir("/");
	execve(argv[0], argv, env);
	err = errno;
	(void)!write(p->told[1], &err, sizeof err); /* the other end is PID 1 */
	_exit(127);
}

/* A scheduler that runs nobody does not even let a program begin which could ask to stand above it. */
static void begin(struct ends *p, bool above, char **argv, char **env)
{
	int err = 0;

	if (pipe2(p->told, O_CLOEXEC) < 0)
		die("no pipe: %s", strerror(errno));
	s.start = now_ms();
	if (above)
		rank_children(true);
	s.pid = fork();
	if (s.pid < 0)
		die("fork: %s", strerror(errno));
	if (s.pid == 0)
		child(p, s.terminal, argv, env);
	if (above)
		rank_children(false);
	close(p->told[1]);
	for (int i = 0; i < (s.terminal ? 1 : 3); i++)
		close(p->theirs[i]);
	s.in = p->ours[0];
	s.in_over = false;
	s.out.fd = p->ours[1];
	s.err.fd = p->ours[2];
	watch(s.out.fd, EPOLLIN, on_out);
	if (s.err.fd >= 0)
		watch(s.err.fd, EPOLLIN, on_err);
	if (read(p->told[0], &err, sizeof err) == sizeof err) {
		stream_close(&s.out);
		stream_close(&s.err);
		in_close();
		s.pid = 0; /* the reaper takes it as an orphan */
		port_failed("run %s: %s", argv[0], strerror(err));
	}
	close(p->told[0]);
}

void session_run(const void *data, size_t n)
{
	struct proto_session h;
	struct ends p;
	char **argv, **env;

	if (s.pid) {
		port_failed("a session is running already");
		return;
	}
	if (n >= sizeof h)
		memcpy(&h, data, sizeof h);
	if (n < sizeof h || !words((const char *)data + sizeof h, n - sizeof h, h.argc, h.n_env, &argv, &env)) {
		port_failed("RUN is damaged");
		return;
	}
	s.terminal = h.terminal;
	if (s.terminal ? open_terminal(&p, &h.window) < 0 : open_pipes(&p) < 0) {
		port_failed("no terminal or pipe for the session: %s", strerror(errno));
		return;
	}
	begin(&p, h.above, argv, env);
}
