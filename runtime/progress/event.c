/* event.c: both ends of the line between steps and the generator. */
#include "progress/event.h"

#include <errno.h>
#include <inttypes.h>
#include <limits.h>
#include <poll.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/time.h>
#include <sys/un.h>
#include <unistd.h>

#include "base/err.h"
#include "base/mem.h"
#include "base/stop.h"
#include "base/syscalls.h"

enum {
	PACKET_MAX = 4096, /* every field at its full length fits */
	SEND_SECONDS = 10, /* how long a full queue of the generator may hold a step up */
	CONNECTIONS = 4096,
	MAX_FIELDS = 5,
};

static const struct {
	const char *name;
	size_t fields; /* the kind included */
} kinds[] = {
	[EV_START] = { "start", 2 },       /* id */
	[EV_PROGRESS] = { "progress", 5 }, /* id, done, total, note */
	[EV_NOTE] = { "note", 3 },         /* id, text */
	[EV_OUTPUT] = { "output", 3 },     /* id, text */
	[EV_DONE] = { "done", 5 },         /* id, how, ms, why */
	[EV_FAIL] = { "fail", 5 },         /* id, code, ms, error */
};

static const char *const hows[] = { [HOW_RAN] = "ran", [HOW_CACHED] = "cached" };

size_t event_encode(const struct event *ev, void *buf, size_t max)
{
	const char *kind = kinds[ev->kind].name;
	char *p = buf;
	int n = -1;

	switch (ev->kind) {
	case EV_START:
		n = snprintf(p, max, "%s%c%s", kind, 0, ev->id);
		break;
	case EV_PROGRESS:
		n = snprintf(p, max, "%s%c%s%c%" PRIu64 "%c%" PRIu64 "%c%s", kind, 0, ev->id, 0, ev->done, 0, ev->total,
			     0, ev->text);
		break;
	case EV_NOTE:
	case EV_OUTPUT:
		n = snprintf(p, max, "%s%c%s%c%s", kind, 0, ev->id, 0, ev->text);
		break;
	case EV_DONE:
		n = snprintf(p, max, "%s%c%s%c%s%c%" PRIu64 "%c%s", kind, 0, ev->id, 0, hows[ev->how], 0, ev->ms, 0,
			     ev->text);
		break;
	case EV_FAIL:
		n = snprintf(p, max, "%s%c%s%c%d%c%" PRIu64 "%c%s", kind, 0, ev->id, 0, ev->code, 0, ev->ms, 0,
			     ev->text);
		break;
	}
	/* The NUL behind the last field belongs to the packet. */
	return n < 0 || (size_t)n >= max ? 0 : (size_t)n + 1;
}

/* Returns the number of fields, 0 when there are more than MAX_FIELDS or the last one has no end. */
static size_t split(const char *p, size_t n, const char *field[MAX_FIELDS])
{
	size_t k = 0;

	if (n == 0 || p[n - 1] != '\0')
		return 0;
	for (const char *end = p + n; p < end; p += strlen(p) + 1) {
		if (k == MAX_FIELDS)
			return 0;
		field[k++] = p;
	}
	return k;
}

static bool number(const char *s, uint64_t max, uint64_t *out)
{
	uint64_t v = 0;

	if (!*s)
		return false;
	for (; *s; s++) {
		unsigned d = (unsigned)(*s - '0');

		if (d > 9 || v > (max - d) / 10)
			return false;
		v = v * 10 + d;
	}
	*out = v;
	return true;
}

static bool text(char *out, size_t max, const char *s)
{
	size_t n = strlen(s);

	if (n >= max)
		return false;
	memcpy(out, s, n + 1);
	return true;
}

static bool decode_rest(struct event *ev, const char *const *f)
{
	uint64_t v = 0;

	switch (ev->kind) {
	case EV_START:
		return true;
	case EV_PROGRESS:
		return number(f[2], UINT64_MAX, &ev->done) && number(f[3], UINT64_MAX, &ev->total) &&
		       text(ev->text, sizeof(ev->text), f[4]);
	case EV_NOTE:
	case EV_OUTPUT:
		return text(ev->text, sizeof(ev->text), f[2]);
	case EV_DONE:
		ev->how = !strcmp(f[2], hows[HOW_CACHED]) ? HOW_CACHED : HOW_RAN;
		return !strcmp(f[2], hows[ev->how]) && number(f[3], UINT64_MAX, &ev->ms) &&
		       text(ev->text, sizeof(ev->text), f[4]);
	case EV_FAIL:
		if (!number(f[2], INT_MAX, &v) || !number(f[3], UINT64_MAX, &ev->ms))
			return false;
		ev->code = (int)v;
		return text(ev->text, sizeof(ev->text), f[4]);
	}
	return false;
}

int event_decode(struct event *ev, const void *buf, size_t n)
{
	const char *f[MAX_FIELDS] = { "", "", "", "", "" };
	size_t have = split(buf, n, f);
	struct event got = { 0 };

	for (size_t k = 0; have > 0 && k < countof(kinds); k++) {
		if (strcmp(f[0], kinds[k].name) != 0)
			continue;
		got.kind = (enum event_kind)k;
		if (have != kinds[k].fields || !text(got.id, sizeof(got.id), f[1]) || !decode_rest(&got, f))
			return -1;
		*ev = got;
		return 0;
	}
	return -1;
}

static int up = -1; /* the step's connection */

static socklen_t address(struct sockaddr_un *a, const char *name)
{
	size_t n = strlen(name);

	if (n > sizeof(a->sun_path) - 1)
		n = sizeof(a->sun_path) - 1;
	memset(a, 0, sizeof(*a));
	a->sun_family = AF_UNIX;
	/* The leading NUL makes it abstract: nothing in the file system to clean up. */
	memcpy(a->sun_path + 1, name, n);
	return (socklen_t)(offsetof(struct sockaddr_un, sun_path) + 1 + n);
}

int event_connect(struct err *e)
{
	const char *name = getenv("KTSTR_EVENTS");
	const struct timeval patience = { .tv_sec = SEND_SECONDS };
	struct sockaddr_un a;

	if (!name || !*name || up >= 0)
		return 0;
	auto_close int fd = socket(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0);
	if (fd < 0 || setsockopt(fd, SOL_SOCKET, SO_SNDTIMEO, &patience, sizeof(patience)) < 0)
		return err_sys(e, "connect to the generator");
	if (connect(fd, (struct sockaddr *)&a, address(&a, name)) < 0) {
		if (errno == ECONNREFUSED)
			return err_set(e, X_INTERRUPTED, "the program that asked for this work has ended");
		return err_sys(e, "connect to the generator");
	}
	stop_watch(fd);
	up = TAKE_FD(fd);
	return 0;
}

void event_send(const struct event *ev)
{
	const long long deadline = now_ms() + SEND_SECONDS * 1000;
	char buf[PACKET_MAX];
	size_t n = event_encode(ev, buf, sizeof(buf));
	struct err ignored; /* a lost line is noticed through the lifeline */

	if (up < 0 || n == 0)
		return;
	while (send(up, buf, n, MSG_NOSIGNAL | MSG_DONTWAIT) < 0) {
		struct pollfd p = { .fd = up, .events = POLLOUT };

		if (errno == EINTR)
			continue;
		if (errno != EAGAIN || ev->kind == EV_PROGRESS || stop_poll(&p, 1, deadline, &ignored) <= 0)
			return;
	}
}

int events_open(struct events *s, struct err *e)
{
	struct sockaddr_un a;
	uint64_t random = 0;

	*s = (struct events){ .listen = -1 };
	auto_close int fd = socket(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
	if (fd < 0 || random_bytes(&random, sizeof(random)) < 0)
		return err_sys(e, "listen for steps");
	snprintf(s->name, sizeof(s->name), "ktstr-%d-%016" PRIx64, (int)getpid(), random);
	if (bind(fd, (struct sockaddr *)&a, address(&a, s->name)) < 0 || listen(fd, SOMAXCONN) < 0)
		return err_sys(e, "listen for steps");
	s->listen = TAKE_FD(fd);
	return 0;
}

size_t events_poll(const struct events *s, struct pollfd *fds, size_t max)
{
	size_t n = 0;

	if (max > 0)
		fds[n++] = (struct pollfd){ .fd = s->listen, .events = POLLIN };
	for (size_t i = 0; i < s->n && n < max; i++)
		fds[n++] = (struct pollfd){ .fd = s->conn[i], .events = POLLIN };
	return n;
}

/* An abstract address has no permissions: anybody on this machine can knock. */
static bool is_ours(int fd)
{
	struct ucred who;
	socklen_t n = sizeof(who);

	return getsockopt(fd, SOL_SOCKET, SO_PEERCRED, &who, &n) == 0 && (who.uid == geteuid() || who.uid == 0);
}

static void accept_all(struct events *s)
{
	for (;;) {
		int fd = accept4(s->listen, NULL, NULL, SOCK_CLOEXEC | SOCK_NONBLOCK);

		if (fd < 0)
			return;
		if (s->n >= CONNECTIONS || !is_ours(fd)) {
			close(fd);
			continue;
		}
		s->conn = xreallocarray(s->conn, s->n + 1, sizeof(*s->conn));
		s->conn[s->n++] = fd;
	}
}

static void drop(struct events *s, size_t i)
{
	close(s->conn[i]);
	memmove(s->conn + i, s->conn + i + 1, (s->n - i - 1) * sizeof(*s->conn));
	s->n--;
}

int events_next(struct events *s, struct event *ev)
{
	char buf[PACKET_MAX];

	if (s->listen < 0)
		return 0;
	accept_all(s);
	for (size_t i = 0; i < s->n;) {
		ssize_t n = recv(s->conn[i], buf, sizeof(buf), 0);

		if (n > 0 && event_decode(ev, buf, (size_t)n) == 0)
			return 1;
		if (n < 0 && errno == EINTR)
			continue;
		if (n < 0 && errno == EAGAIN) {
			i++;
			continue;
		}
		/* Ended, or it speaks something else. */
		drop(s, i);
	}
	return 0;
}

void events_close(struct events *s)
{
	while (s->n > 0)
		drop(s, s->n - 1);
	free(s->conn);
	if (s->name[0] && s->listen >= 0)
		close(s->listen);
	*s = (struct events){ .listen = -1 };
}
