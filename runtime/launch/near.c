#include "launch/near.h"

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <poll.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

#include "base/env.h"
#include "base/err.h"
#include "base/mem.h"
#include "base/stop.h"
#include "launch/job.h"
#include "launch/line.h"
#include "process/spawn.h"
#include "system/kill.h"
#include "text/text.h"

enum { UNWIND_MS = 2500, TERM_MS = 1000, AFTER_MS = 10 * 1000, GONE_MS = 2000, HEARD_MS = 100, SHOWN_MAX = 600 };

/* Lines come in pieces. */
struct lines {
	int fd;     /* -1: ended */
	char *text; /* of LINE_MAX_BYTES */
	size_t n;
};

enum { OUT, ERR, STREAMS };

struct session {
	const struct near *near;
	struct near_end *end;
	struct child child;
	int in;    /* the lifeline; -1: cut */
	char *job; /* what is still to be written */
	size_t job_n, job_at;
	struct lines lines[STREAMS];
	bool begun, told, ended; /* the step: began, said what came of it, is over */
	bool gone;               /* the launcher has ended; what it started may still have its output */
	char said[SHOWN_MAX];    /* the launcher's last words */
	long long heard;         /* when they were passed on */
	long long deadline;
};

static void cut(struct session *s)
{
	if (s->in >= 0)
		close(TAKE_FD(s->in));
}

/* Politely first: the launcher may have to tell others of the end. */
static void session_drop(struct session *s)
{
	int status;
	struct err ignored;

	cut(s);
	if (s->child.pid > 0 && !s->ended) {
		struct pollfd p = { .fd = s->child.pidfd, .events = POLLIN };

		if (poll_fds(&p, 1, UNWIND_MS) == 0) {
			kill_group(s->child.pid, SIGTERM);
			(void)poll_fds(&p, 1, TERM_MS);
		}
	} else if (s->child.pid > 0) {
		(void)spawn_wait(&s->child, now_ms() + AFTER_MS, &status, &ignored);
	}
	spawn_kill(&s->child);
	for (size_t i = 0; i < STREAMS; i++) {
		if (s->lines[i].fd >= 0)
			close(s->lines[i].fd);
		free(s->lines[i].text);
	}
	free(s->job);
}
#define auto_session __attribute__((unused, cleanup(session_drop)))

static void hear(struct session *s, const char *text)
{
	text_short(s->said, sizeof(s->said), text);
	/* Nobody reads faster than that, and one that floods is not to keep others busy. */
	if (!*s->said || !s->near->said || now_ms() < s->heard + HEARD_MS)
		return;
	s->heard = now_ms();
	s->near->said(s->said);
}

static void take_event(struct session *s, const struct event *ev)
{
	if (ev->kind == EV_DONE || ev->kind == EV_FAIL) {
		s->end->last = *ev;
		if (ev->kind == EV_FAIL && !ev->code)
			s->end->last.code = X_FAIL;
		s->told = true;
	} else if (ev->kind != EV_START && s->near->event) {
		s->near->event(ev);
	}
}

static void take_line(struct session *s, const char *text, bool out)
{
	struct line l = { .kind = LINE_OTHER };

	if (out)
		line_read(&l, text);
	if (l.kind == LINE_OTHER) {
		hear(s, text);
		return;
	}
	s->begun = true;
	s->deadline = now_ms() + NEAR_SILENT_MS;
	if (l.kind == LINE_EVENT)
		take_event(s, &l.event);
	if (l.kind == LINE_END) {
		s->ended = true;
		s->end->code = l.code;
	}
}

/* What is too long for a line is one, so far. */
static void take_bytes(struct session *s, struct lines *l, bool out)
{
	ssize_t n = read(l->fd, l->text + l->n, LINE_MAX_BYTES - 1 - l->n);
	char *end;

	if (n < 0 && (errno == EINTR || errno == EAGAIN))
		return;
	if (n <= 0) {
		if (l->n)
			take_line(s, l->text, out);
		close(TAKE_FD(l->fd));
		return;
	}
	l->n += (size_t)n;
	l->text[l->n] = '\0';
	for (char *nul; (nul = memchr(l->text, '\0', l->n));)
		*nul = '?';
	while ((end = memchr(l->text, '\n', l->n))) {
		*end = '\0';
		take_line(s, l->text, out);
		l->n -= (size_t)(end + 1 - l->text);
		memmove(l->text, end + 1, l->n + 1);
	}
	if (l->n == LINE_MAX_BYTES - 1) {
		take_line(s, l->text, out);
		l->n = 0;
	}
}

/* A launcher that does not read is found out by its end, or by the deadline. */
static void give_job(struct session *s)
{
	ssize_t n = write(s->in, s->job + s->job_at, s->job_n - s->job_at);

	if (n > 0)
		s->job_at += (size_t)n;
	else if (n < 0 && errno != EINTR && errno != EAGAIN)
		cut(s);
}

static int lost(const struct session *s, int status, struct err *e)
{
	char how[64];

	return err_set(e, X_LAUNCHER, "the launcher \"%s\" ended (%s) %s%s%s", s->near->launcher->v[0],
		       spawn_status(status, how, sizeof(how)),
		       s->begun ? "while the step ran: its machine, job or connection was lost"
				: "before the step began",
		       *s->said ? ": " : "", s->said);
}

static int late(const struct session *s, struct err *e)
{
	if (s->begun)
		return err_set(e, X_TIMEOUT,
			       "nothing was heard of the step for %d s by the launcher \"%s\"; its machine may be gone",
			       NEAR_SILENT_MS / 1000, s->near->launcher->v[0]);
	return err_set(e, X_TIMEOUT, "the launcher \"%s\" did not begin the step in time (" NEAR_WAIT_VARIABLE ")%s%s",
		       s->near->launcher->v[0], *s->said ? ": " : "", s->said);
}

/* Until the step is over, or the launcher is. */
static int follow(struct session *s, struct err *e)
{
	while (!s->ended) {
		struct pollfd fds[] = {
			{ .fd = s->lines[OUT].fd, .events = POLLIN },
			{ .fd = s->lines[ERR].fd, .events = POLLIN },
			{ .fd = s->job_at < s->job_n ? s->in : -1, .events = POLLOUT },
			{ .fd = s->gone ? -1 : s->child.pidfd, .events = POLLIN },
		};

		if (s->lines[OUT].fd < 0)
			break;
		int n = stop_poll(fds, countof(fds), s->deadline, e);

		if (n < 0)
			return -1;
		if (n == 0 && s->gone)
			break;
		if (n == 0)
			return late(s, e);
		if (fds[STREAMS + 1].revents) {
			s->gone = true;
			s->deadline = now_ms() + GONE_MS;
		}
		for (size_t i = 0; i < STREAMS; i++)
			if (fds[i].revents)
				take_bytes(s, &s->lines[i], i == OUT);
		if (fds[STREAMS].revents)
			give_job(s);
		/* Words of the launcher's own, however many, are no sign of the step. */
		if (!s->ended && !s->gone && now_ms() >= s->deadline)
			return late(s, e);
	}
	return 0;
}

/* Without the step's end; what the launcher has still to say about that belongs to it. */
static int conclude(struct session *s, struct err *e)
{
	int status = 0;
	long long until = now_ms() + AFTER_MS;

	while (s->lines[ERR].fd >= 0 && now_ms() < until) {
		struct pollfd p = { .fd = s->lines[ERR].fd, .events = POLLIN };

		if (stop_poll(&p, 1, until, e) <= 0)
			break;
		take_bytes(s, &s->lines[ERR], false);
	}
	int r = spawn_wait(&s->child, until, &status, e);

	if (r < 0)
		return -1;
	return r == SPAWN_DEADLINE ? err_set(e, X_LAUNCHER, "the launcher \"%s\" closed its output and does not end",
					     s->near->launcher->v[0])
				   : lost(s, status, e);
}

static int make_pipe(int fds[2], int ours, struct err *e)
{
	if (pipe2(fds, O_CLOEXEC) < 0 || fcntl(fds[ours], F_SETFL, O_NONBLOCK) < 0)
		return err_sys(e, "pipe");
	return 0;
}

static int start(struct session *s, struct err *e)
{
	auto_argv struct argv a = { 0 };
	int in[2] = { -1, -1 }, out[2] = { -1, -1 }, err[2] = { -1, -1 };
	int r = make_pipe(in, 1, e);

	if (r == 0)
		r = make_pipe(out, 0, e);
	if (r == 0)
		r = make_pipe(err, 0, e);
	argv_addv(&a, (const char *const *)s->near->launcher->v);
	argv_add(&a, s->near->program);
	argv_add(&a, "launched");
	const char *const env[] = { "KTSTR_EVENTS", "KTSTR_REMOTE_SOCKET", NULL };
	const struct spawn sp = {
		.argv = (const char *const *)a.v, .env = env, .in = in[0], .out = out[1], .err = err[1]
	};

	if (r == 0 && spawn_start(&sp, &s->child, e) < 0) {
		r = err_in(e, "the launcher \"%s\"", a.v[0]);
		e->code = e->code == X_FAIL ? X_LAUNCHER : e->code;
	}
	const int theirs[] = { in[0], out[1], err[1] };

	for (size_t i = 0; i < countof(theirs); i++)
		if (theirs[i] >= 0)
			close(theirs[i]);
	s->in = in[1];
	s->lines[OUT].fd = out[0];
	s->lines[ERR].fd = err[0];
	return r;
}

static int write_job(struct session *s, struct err *e)
{
	auto_job struct job j = { 0 };
	char here[PATH_MAX];

	if (!getcwd(here, sizeof(here)))
		return err_sys(e, "find the current folder");
	j.folder = xstrdup(here);
	job_environment(&j);
	argv_addv(&j.words, (const char *const *)s->near->words->v);
	s->job = job_write(&j, &s->job_n);
	return 0;
}

int near_run(const struct near *n, struct near_end *end, struct err *e)
{
	auto_session struct session s = { .near = n, .end = end, .in = -1, .lines = { { .fd = -1 }, { .fd = -1 } } };
	uint64_t wait_s;

	*end = (struct near_end){ 0 };
	if (env_u64(NEAR_WAIT_VARIABLE, "seconds until a launched step begins", NEAR_WAIT_S, 1, 1000000, &wait_s, e) <
		    0 ||
	    write_job(&s, e) < 0)
		return -1;
	for (size_t i = 0; i < STREAMS; i++)
		s.lines[i].text = xcalloc(LINE_MAX_BYTES, 1);
	s.deadline = now_ms() + (long long)wait_s * 1000;
	/* It goes away when it likes, and that is no reason for us to. */
	(void)signal(SIGPIPE, SIG_IGN);
	if (start(&s, e) < 0 || follow(&s, e) < 0)
		return -1;
	if (!s.ended)
		return conclude(&s, e);
	/* Nobody here has told it to stop: a job that is cancelled is told by a signal. */
	if (s.told && end->last.kind == EV_FAIL && end->last.code == X_INTERRUPTED && !stop_pending())
		return err_set(
			e, X_LAUNCHER,
			"the step launched by \"%s\" was told to stop, by a cancelled job or a machine that goes down: %s%s%s",
			n->launcher->v[0], end->last.text, *s.said ? ": " : "", s.said);
	if (s.told && end->last.kind == EV_DONE && end->code)
		return err_set(e, X_LAUNCHER, "the step launched by \"%s\" was done, and then ended with %d%s%s",
			       n->launcher->v[0], end->code, *s.said ? ": " : "", s.said);
	if (!s.told)
		return err_set(e, X_LAUNCHER, "the step launched by \"%s\" was killed (%d)%s%s", n->launcher->v[0],
			       end->code, *s.said ? ": " : "", s.said);
	return 0;
}
