/* wirestream.c: two descriptors: a socket to a git daemon, or pipes to an ssh. */
#include <errno.h>
#include <fcntl.h>
#include <netdb.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <time.h>

#include "base/err.h"
#include "base/mem.h"
#include "base/spawn.h"
#include "base/stop.h"
#include "fetch/git/uploadpack.h"
#include "fetch/git/wire.h"

enum { CONNECT_MS = 15 * 1000, LOOKUP_MS = 30 * 1000, LOOKUP_SLICE_MS = 50, WORDS_MAX = 1024, END_MS = 2000 };

struct stream {
	struct wire w;
	int in, out; /* the same for a socket */
	unsigned stall;
	char *who; /* "host" for messages */

	/* ssh */
	struct child child;
	int words;            /* its stderr */
	char said[WORDS_MAX]; /* the end of what it said there */
	size_t n_said;
};

static void stream_close(struct wire *w)
{
	struct stream *s = (struct stream *)w;

	if (s->in >= 0)
		close(s->in);
	if (s->out >= 0 && s->out != s->in)
		close(s->out);
	if (s->words >= 0)
		close(s->words);
	spawn_kill(&s->child);
	free(s->who);
	free(s);
}

static struct stream *stream_new(const char *who, unsigned stall)
{
	struct stream *s = xcalloc(1, sizeof(*s));

	s->in = s->out = s->words = -1;
	s->stall = stall;
	s->who = xstrdup(who);
	return s;
}

static int silence(const struct stream *s, struct err *e)
{
	return err_set(e, X_NETWORK, "%s: silence for %g s", s->who, s->stall / 1000.0);
}

/* Keeps the end of it. */
static void hear(struct stream *s)
{
	char buf[512];
	ssize_t n = read(s->words, buf, sizeof(buf));

	if (n < 0 && (errno == EINTR || errno == EAGAIN))
		return;
	if (n <= 0) {
		close(TAKE_FD(s->words));
		return;
	}
	if ((size_t)n > sizeof(s->said) - s->n_said) {
		size_t drop = (size_t)n - (sizeof(s->said) - s->n_said);

		memmove(s->said, s->said + drop, s->n_said - drop);
		s->n_said -= drop;
	}
	memcpy(s->said + s->n_said, buf, (size_t)n);
	s->n_said += (size_t)n;
}

/* What ssh said last is why it ended; the lines before are greetings and warnings. */
static int ssh_ended(struct stream *s, struct err *e)
{
	char line[200], how[64];
	int status = 0;
	size_t n, at;

	while (s->words >= 0) {
		struct pollfd p = { .fd = s->words, .events = POLLIN };
		int r = stop_poll(&p, 1, now_ms() + END_MS, e);

		if (r < 0)
			return -1;
		if (r == 0)
			break;
		hear(s);
	}
	if (s->child.pid && spawn_wait(&s->child, now_ms() + END_MS, &status, e) < 0)
		return -1;
	n = s->n_said;
	while (n && strchr(" \t\r\n", s->said[n - 1]))
		n--;
	for (at = n; at && s->said[at - 1] != '\n'; at--)
		;
	upload_plain(s->said + at, n - at, line, sizeof(line));
	if (*line)
		return err_set(e, X_NETWORK, "ssh %s: %s", s->who, line);
	return err_set(e, X_NETWORK, "ssh %s ended: %s", s->who, spawn_status(status, how, sizeof(how)));
}

static int stream_read(struct wire *w, void *buf, size_t n, struct err *e)
{
	struct stream *s = (struct stream *)w;
	long long deadline = now_ms() + s->stall;

	for (;;) {
		struct pollfd p[2] = { { .fd = s->in, .events = POLLIN }, { .fd = s->words, .events = POLLIN } };
		int r = stop_poll(p, 2, deadline, e);
		ssize_t got;

		if (r < 0)
			return -1;
		if (r == 0)
			return silence(s, e);
		if (p[1].revents)
			hear(s);
		if (!p[0].revents)
			continue;
		got = read(s->in, buf, n);
		if (got < 0 && (errno == EINTR || errno == EAGAIN))
			continue;
		if (got < 0) {
			err_sys(e, "read from %s", s->who);
			e->code = X_NETWORK;
			return -1;
		}
		return got == 0 && s->child.pid ? ssh_ended(s, e) : (int)got;
	}
}

static int stream_send(struct wire *w, const void *data, size_t n, struct err *e)
{
	struct stream *s = (struct stream *)w;
	long long deadline = now_ms() + s->stall;

	while (n) {
		struct pollfd p = { .fd = s->out, .events = POLLOUT };
		int r = stop_poll(&p, 1, deadline, e);
		ssize_t sent;

		if (r < 0)
			return -1;
		if (r == 0)
			return silence(s, e);
		sent = write(s->out, data, n);
		if (sent < 0 && (errno == EINTR || errno == EAGAIN))
			continue;
		if (sent < 0 && s->child.pid)
			return ssh_ended(s, e);
		if (sent < 0) {
			err_sys(e, "write to %s", s->who);
			e->code = X_NETWORK;
			return -1;
		}
		data = (const char *)data + sent;
		n -= (size_t)sent;
	}
	return 0;
}

static struct wire *ready(struct stream *s)
{
	s->w.read = stream_read;
	s->w.send = stream_send;
	s->w.close = stream_close;
	return &s->w;
}

static int no_host(const char *host, const char *why, struct err *e)
{
	return err_set(e, X_NETWORK, "%s: its address cannot be found: %s", host, why);
}

struct lookup {
	struct gaicb cb;
	char *host, *port;
};

/* 0, an EAI_ code, or negative with *e for a stop. */
static int wait_lookup(struct lookup *l, bool *gone, struct err *e)
{
	const struct gaicb *const all[1] = { &l->cb };
	const struct timespec slice = { .tv_nsec = LOOKUP_SLICE_MS * 1000000L };
	long long deadline = now_ms() + LOOKUP_MS;
	int r;

	while ((r = gai_error(&l->cb)) == EAI_INPROGRESS) {
		if (stop_pending() || now_ms() >= deadline) {
			*gone = gai_cancel(&l->cb) != EAI_CANCELED;
			return stop_pending() ? stop_err(e) : no_host(l->host, "no answer", e);
		}
		gai_suspend(all, 1, &slice);
	}
	return r ? no_host(l->host, gai_strerror(r), e) : 0;
}

/* getaddrinfo() cannot be interrupted, so a thread of libc's waits in our place, and we ask it. */
static int look_up(const char *host, const char *port, struct addrinfo **list, struct err *e)
{
	static const struct addrinfo hints = { .ai_family = AF_UNSPEC, .ai_socktype = SOCK_STREAM };
	static struct lookup *l; /* reachable: a thread that cannot be cancelled goes on writing there */
	struct gaicb *all[1];
	bool gone = false;
	int r;

	l = xcalloc(1, sizeof(*l));
	l->host = xstrdup(host);
	l->port = xstrdup(port);
	l->cb.ar_name = l->host;
	l->cb.ar_service = l->port;
	l->cb.ar_request = &hints;
	all[0] = &l->cb;
	r = getaddrinfo_a(GAI_NOWAIT, all, 1, NULL);
	r = r ? no_host(host, gai_strerror(r), e) : wait_lookup(l, &gone, e);
	if (gone)
		return -1;
	*list = r < 0 ? NULL : l->cb.ar_result;
	free(l->host);
	free(l->port);
	free(TAKE(l));
	return r;
}

static int connected(int fd, long long deadline, struct err *e)
{
	struct pollfd p = { .fd = fd, .events = POLLOUT };
	socklen_t len = sizeof(int);
	int r = stop_poll(&p, 1, deadline, e), no = 0;

	if (r < 0)
		return -1;
	if (r > 0 && getsockopt(fd, SOL_SOCKET, SO_ERROR, &no, &len) < 0)
		no = errno;
	errno = r == 0 ? ETIMEDOUT : no;
	return errno ? 1 : 0;
}

/* 1 with errno set when this address does not answer. */
static int try_address(const struct addrinfo *a, int *fd, struct err *e)
{
	auto_close int new = socket(a->ai_family, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, a->ai_protocol);
	int yes = 1, r;

	if (new < 0 || (connect(new, a->ai_addr, a->ai_addrlen) < 0 && errno != EINPROGRESS))
		return 1;
	r = connected(new, now_ms() + CONNECT_MS, e);
	if (r != 0)
		return r;
	setsockopt(new, IPPROTO_TCP, TCP_NODELAY, &yes, sizeof(yes));
	*fd = TAKE_FD(new);
	return 0;
}

static int connect_to(const struct wire_url *u, const char *port, int *fd, struct err *e)
{
	struct addrinfo *list = NULL;
	int r = 1, no;

	if (look_up(u->host, port, &list, e) < 0)
		return -1;
	errno = EADDRNOTAVAIL;
	for (const struct addrinfo *a = list; a && r > 0; a = a->ai_next)
		r = try_address(a, fd, e);
	no = errno;
	freeaddrinfo(list);
	if (r <= 0)
		return r;
	errno = no;
	err_sys(e, "connect to %s port %s", u->host, port);
	e->code = X_NETWORK;
	return -1;
}

/* One frame: "git-upload-pack {path}", the host as asked for, and that version 2 is welcome. */
static int ask_daemon(struct stream *s, const struct wire_url *u, struct err *e)
{
	auto_free char *text = NULL;
	size_t n;
	FILE *f = xmemstream(&text, &n);
	const char *colon = u->port ? ":" : "", *port = u->port ? u->port : "";
	bool v6 = strchr(u->host, ':');

	fprintf(f, "0000git-upload-pack %s", u->path);
	fputc('\0', f);
	fprintf(f, "host=%s%s%s%s%s", v6 ? "[" : "", u->host, v6 ? "]" : "", colon, port);
	fwrite("\0\0version=2\0", 1, 12, f);
	fclose(f);
	char head[5];
	snprintf(head, sizeof(head), "%04x", (unsigned)n);
	memcpy(text, head, 4);
	return stream_send(&s->w, text, n, e);
}

int wire_git(struct wire **w, const struct wire_url *u, unsigned stall_ms, struct err *e)
{
	struct stream *s = stream_new(u->host, stall_ms);

	/* Children get the default back (spawn.h). */
	signal(SIGPIPE, SIG_IGN);
	if (connect_to(u, u->port ? u->port : "9418", &s->in, e) < 0) {
		stream_close(&s->w);
		return -1;
	}
	s->out = s->in;
	if (ask_daemon(s, u, e) < 0) {
		stream_close(&s->w);
		return -1;
	}
	*w = ready(s);
	return 0;
}

/* 'a'\''b' */
static char *quoted(const char *path)
{
	char *text;
	size_t n;
	FILE *f = xmemstream(&text, &n);

	fputc('\'', f);
	for (; *path; path++)
		if (*path == '\'' || *path == '!')
			fprintf(f, "'\\%c'", *path);
		else
			fputc(*path, f);
	fputc('\'', f);
	fclose(f);
	return text;
}

static int run_ssh(struct stream *s, const struct wire_url *u, int in[2], int out[2], int words[2], struct err *e)
{
	auto_free char *path = quoted(u->path);
	auto_free char *command = xasprintf("git-upload-pack %s", path);
	const char *own = getenv("GIT_SSH");
	const char *argv[16] = {
		own && *own ? own : "ssh", "-axT", "-o", "BatchMode=yes", "-o", "SendEnv=GIT_PROTOCOL"
	};
	size_t n = 6;

	if (u->port) {
		argv[n++] = "-p";
		argv[n++] = u->port;
	}
	argv[n++] = u->host;
	argv[n++] = command;
	const struct spawn sp = {
		.argv = argv,
		.env = (const char *const[]){ "GIT_PROTOCOL=version=2", NULL },
		.in = in[0],
		.out = out[1],
		.err = words[1],
	};
	return spawn_start(&sp, &s->child, e);
}

static int pipes(int in[2], int out[2], int words[2], struct err *e)
{
	if (pipe2(in, O_CLOEXEC) < 0 || pipe2(out, O_CLOEXEC) < 0 || pipe2(words, O_CLOEXEC) < 0)
		return err_sys(e, "pipe");
	fcntl(in[1], F_SETFL, O_NONBLOCK);
	fcntl(out[0], F_SETFL, O_NONBLOCK);
	fcntl(words[0], F_SETFL, O_NONBLOCK);
	return 0;
}

int wire_ssh(struct wire **w, const struct wire_url *u, unsigned stall_ms, struct err *e)
{
	struct stream *s = stream_new(u->host, stall_ms);
	int in[2] = { -1, -1 }, out[2] = { -1, -1 }, words[2] = { -1, -1 };
	int r;

	signal(SIGPIPE, SIG_IGN);
	r = pipes(in, out, words, e) < 0 || run_ssh(s, u, in, out, words, e) < 0 ? -1 : 0;
	s->out = in[1];
	s->in = out[0];
	s->words = words[0];
	if (in[0] >= 0)
		close(in[0]);
	if (out[1] >= 0)
		close(out[1]);
	if (words[1] >= 0)
		close(words[1]);
	if (r < 0) {
		stream_close(&s->w);
		return -1;
	}
	*w = ready(s);
	return 0;
}
