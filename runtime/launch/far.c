#include "launch/far.h"

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include "base/err.h"
#include "base/file.h"
#include "base/mem.h"
#include "base/stop.h"
#include "launch/command.h"
#include "launch/job.h"
#include "launch/line.h"
#include "launch/near.h"
#include "process/spawn.h"
#include "progress/event.h"
#include "progress/log.h"
#include "system/kill.h"

/* A job comes at once, or never. A step that is told to stop unwinds in a second or two. */
enum { JOB_MS = 60 * 1000, UNWIND_MS = 8000, MAX_FDS = 64, HEADER_MAX = 64 };

struct far {
	int out; /* lines go there; -1: nobody listens any more */
	struct events events;
	struct child child;
	bool stopping;
	long long until; /* stopping: killed then */
	long long alive; /* when it is said next */
};

/* A launcher may live and not read. Whoever waits takes the step for lost by then; and a stop, or the lifeline's end, is not kept waiting. */
static bool may_write(const struct far *f)
{
	struct pollfd fds[2 + STOP_FDS] = { { .fd = f->out, .events = POLLOUT }, { .fd = 0, .events = POLLIN } };
	long long left = f->stopping ? f->until - now_ms() : NEAR_SILENT_MS;

	if (!f->stopping)
		stop_fds(fds + 2);
	(void)poll_fds(fds, f->stopping ? 1 : countof(fds), left < 0 ? 0 : (int)left);
	return fds[0].revents;
}

/* No more than what there is room for. */
static ssize_t write_some(int fd, const char *text, size_t n)
{
	ssize_t done = send(fd, text, n, MSG_DONTWAIT | MSG_NOSIGNAL);

	return done < 0 && errno == ENOTSOCK ? write(fd, text, n < PIPE_BUF ? n : PIPE_BUF) : done;
}

static void say(struct far *f, const struct line *l)
{
	auto_free char *text = line_write(l);

	for (size_t at = 0, n = strlen(text); f->out >= 0 && at < n;) {
		ssize_t done = may_write(f) ? write_some(f->out, text + at, n - at) : 0;

		if (done > 0)
			at += (size_t)done;
		else if (done == 0 || (errno != EINTR && errno != EAGAIN))
			close(TAKE_FD(f->out));
	}
}

/* As many bytes as there are to come; the lifeline may end any time. */
static int read_input(char *buf, size_t n, long long deadline, struct err *e)
{
	for (size_t at = 0; at < n;) {
		struct pollfd p = { .fd = 0, .events = POLLIN };
		int r = stop_poll(&p, 1, deadline, e);

		if (r < 0)
			return -1;
		if (r == 0)
			return err_set(e, X_TIMEOUT, "no step came by the standard input within %d s", JOB_MS / 1000);
		ssize_t got = read(0, buf + at, n - at);

		if (got < 0 && errno != EINTR && errno != EAGAIN)
			return err_sys(e, "read the step");
		if (got == 0)
			return err_set(e, X_USAGE,
				       "the standard input ended before a step came by it; a launcher must pass it on");
		at += got > 0 ? (size_t)got : 0;
	}
	return 0;
}

static int read_job(struct job *j, struct err *e)
{
	const long long deadline = now_ms() + JOB_MS;
	char header[HEADER_MAX] = "";
	size_t n = 0, bytes;

	do {
		if (read_input(header + n, 1, deadline, e) < 0)
			return -1;
	} while (header[n++] != '\n' && n < sizeof(header) - 1);
	header[n - 1] = '\0';
	bytes = job_header(header);
	if (!bytes)
		return err_set(e, X_USAGE, "what came by the standard input is no step of this version of ktstr");
	auto_free char *body = xcalloc(bytes + 1, 1);

	return read_input(body, bytes, deadline, e) < 0 ? -1 : job_parse(j, body, bytes, e);
}

/* Guests of one machine wait for each other by a file there (vm/admit.h); the usual place for it may be shared by machines. */
static void own_runtime(void)
{
	const char *given = getenv("XDG_RUNTIME_DIR");
	auto_free char *dir = xasprintf("/tmp/ktstr-run-%u", geteuid());
	struct stat st;

	if (given && *given == '/' && stat(given, &st) == 0 && S_ISDIR(st.st_mode) && st.st_uid == geteuid())
		return;
	(void)mkdir(dir, 0700);
	if (lstat(dir, &st) == 0 && S_ISDIR(st.st_mode) && st.st_uid == geteuid() && !(st.st_mode & 022))
		(void)setenv("XDG_RUNTIME_DIR", dir, 1);
}

static int enter(struct job *j, struct err *e)
{
	for (size_t i = 0; i < j->env.n; i++) {
		char *value = strchr(j->env.v[i], '=');

		*value = '\0';
		if (setenv(j->env.v[i], value + 1, 1) < 0)
			return err_sys(e, "set a variable");
	}
	/* Where both ends are one machine they may have come with what started us. */
	(void)unsetenv(LAUNCHER_VARIABLE);
	(void)unsetenv("KTSTR_EVENTS");
	own_runtime();
	if (chdir(j->folder) < 0) {
		err_sys(e, "enter %s", j->folder);
		return err_as(e, X_STORE,
			      "on the machine of the launched step (the store must lie where all machines have it)");
	}
	return 0;
}

static int start(struct far *f, const char *self, const struct job *j, struct err *e)
{
	auto_argv struct argv a = { 0 };

	if (events_open(&f->events, e) < 0)
		return -1;
	auto_free char *events = xasprintf("KTSTR_EVENTS=%s", f->events.name);
	const char *const env[] = { events, NULL };

	argv_add(&a, self);
	argv_addv(&a, (const char *const *)j->words.v);
	const struct spawn sp = { .argv = (const char *const *)a.v, .env = env, .in = SPAWN_NULL };

	return spawn_start(&sp, &f->child, e);
}

static void tell_events(struct far *f)
{
	struct line l = { .kind = LINE_EVENT };

	while (events_next(&f->events, &l.event) > 0)
		say(f, &l);
}

/* Its lifeline is cut, and it has some time. */
static void begin_stop(struct far *f)
{
	if (f->stopping)
		return;
	f->stopping = true;
	f->until = now_ms() + UNWIND_MS;
	kill_group(f->child.pid, SIGTERM);
}

/* Whether the step's child is still there; its wait status. */
static bool attend(struct far *f, int *status)
{
	struct pollfd fds[MAX_FDS + 2 + STOP_FDS];
	size_t n = 0;

	fds[n++] = (struct pollfd){ .fd = f->child.pidfd, .events = POLLIN };
	fds[n++] = (struct pollfd){ .fd = f->stopping ? -1 : 0, .events = POLLIN };
	stop_fds(fds + n);
	for (size_t i = 0; f->stopping && i < STOP_FDS; i++)
		fds[n + i].fd = -1;
	n += STOP_FDS;
	n += events_poll(&f->events, fds + n, MAX_FDS);
	long long next = f->stopping ? f->until : f->alive, left = next - now_ms();

	(void)poll_fds(fds, (unsigned)n, left < 0 ? 0 : (int)left);
	tell_events(f);
	if (fds[0].revents && reap_child(f->child.pid, status, WNOHANG) == f->child.pid) {
		close(f->child.pidfd);
		f->child = (struct child){ 0 };
		tell_events(f);
		return false;
	}
	char byte;
	ssize_t n_read = fds[1].revents ? read(0, &byte, 1) : 1;

	if (n_read == 0 || (n_read < 0 && errno != EINTR && errno != EAGAIN))
		begin_stop(f);
	if (stop_pending() || f->out < 0)
		begin_stop(f);
	if (now_ms() >= f->alive) {
		say(f, &(struct line){ .kind = LINE_ALIVE });
		f->alive = now_ms() + LINE_ALIVE_MS;
	}
	if (f->stopping && now_ms() >= f->until) {
		spawn_kill(&f->child);
		*status = SIGKILL;
		return false;
	}
	return true;
}

static int follow(struct far *f)
{
	int status = 0;

	f->alive = now_ms() + LINE_ALIVE_MS;
	while (attend(f, &status))
		;
	int code = WIFEXITED(status) ? WEXITSTATUS(status) : 128 + WTERMSIG(status);

	say(f, &(struct line){ .kind = LINE_END, .code = code });
	return code;
}

/* The step itself could not be run; whoever waits is told as if it had failed. */
static int fail(struct far *f, const struct err *e)
{
	struct line l = { .kind = LINE_EVENT, .event = { .kind = EV_FAIL, .id = "launched", .code = e->code } };

	snprintf(l.event.text, sizeof(l.event.text), "%.*s", (int)sizeof(l.event.text) - 1, e->msg);
	say(f, &l);
	say(f, &(struct line){ .kind = LINE_END, .code = e->code });
	log_error("%s", e->msg);
	return e->code;
}

int far_main(const char *self)
{
	struct far f = { .out = -1, .events.listen = -1 };
	auto_job struct job j = { 0 };
	struct err e = { 0 };

	if (stop_init(&e) < 0 || (f.out = fcntl(1, F_DUPFD_CLOEXEC, 3)) < 0 || dup2(2, 1) < 0) {
		log_error("%s", e.code ? e.msg : "the standard output cannot be used");
		return X_FAIL;
	}
	(void)signal(SIGPIPE, SIG_IGN);
	if (read_job(&j, &e) < 0)
		return fail(&f, &e);
	say(&f, &(struct line){ .kind = LINE_BEGIN });
	if (enter(&j, &e) < 0 || start(&f, self, &j, &e) < 0)
		return fail(&f, &e);
	int code = follow(&f);

	events_close(&f.events);
	return code;
}
