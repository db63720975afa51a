/* qmp.c: one JSON object per line each way. We ask one question at a time, so the next line that is no event is the
 * answer. */
#include "qmp/qmp.h"

#include <errno.h>
#include <poll.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "base/err.h"
#include "json/read.h"
#include "base/mem.h"
#include "base/stop.h"

enum { QMP_LINE_MAX = 4 << 20 };

void qmp_open(struct qmp *q, int fd)
{
	*q = (struct qmp){ .fd = fd };
}

void qmp_close(struct qmp *q)
{
	if (q->fd >= 0)
		close(q->fd);
	free(q->buf);
	*q = (struct qmp){ .fd = -1 };
}

static int gone(struct err *e)
{
	return err_set(e, X_VM, "QEMU closed its monitor");
}

static int read_more(struct qmp *q, long long deadline, struct err *e)
{
	struct pollfd p = { .fd = q->fd, .events = POLLIN };

	if (q->n >= QMP_LINE_MAX)
		return err_set(e, X_VM, "QEMU's monitor sent a line of more than %d bytes", QMP_LINE_MAX);
	int r = stop_poll(&p, 1, deadline, e);
	if (r < 0)
		return -1;
	if (r == 0)
		return err_set(e, X_TIMEOUT, "QEMU's monitor did not answer in time");
	if (q->cap - q->n < 16384) {
		q->cap += 65536;
		q->buf = xreallocarray(q->buf, q->cap, 1);
	}
	ssize_t n = recv(q->fd, q->buf + q->n, q->cap - q->n, MSG_DONTWAIT);
	if (n == 0 || (n < 0 && errno == ECONNRESET))
		return gone(e);
	if (n < 0 && errno != EAGAIN && errno != EINTR)
		return err_sys(e, "read from QEMU's monitor");
	q->n += n > 0 ? (size_t)n : 0;
	return 0;
}

/* The next line, the caller's. */
static int next_line(struct qmp *q, char **line, size_t *len, long long deadline, struct err *e)
{
	for (;;) {
		char *end = q->n ? memchr(q->buf, '\n', q->n) : NULL;

		if (end) {
			*len = (size_t)(end - q->buf);
			*line = xstrndup(q->buf, *len);
			*len = strlen(*line);
			q->n -= (size_t)(end + 1 - q->buf);
			memmove(q->buf, end + 1, q->n);
			return 0;
		}
		if (read_more(q, deadline, e) < 0)
			return -1;
	}
}

enum kind { KIND_EVENT, KIND_RETURN, KIND_ERROR, KIND_GREETING, KIND_OTHER };

static enum kind kind_of(const struct json *j)
{
	static const char *const keys[] = { "event", "return", "error", "QMP" };

	for (size_t i = 0; i < countof(keys); i++)
		if (json_kind(j, 0) == JSON_OBJECT && json_get(j, 0, keys[i]) >= 0)
			return (enum kind)i;
	return KIND_OTHER;
}

/* json/read.h gives no way back from a token to its text, and the value is the last member or the only one but "id", which we
 * never send: it reaches from behind "return": to the closing brace. */
static char *return_text(const char *line)
{
	const char *from = strstr(line, "\"return\"");
	const char *to = strrchr(line, '}');

	from = from ? strchr(from, ':') : NULL;
	if (!from || !to || to <= from)
		return xstrdup("{}");
	for (from++; *from == ' ';)
		from++;
	return xstrndup(from, (size_t)(to - from));
}

static int qmp_error(const struct json *j, const char *cmd, struct err *e)
{
	auto_free char *text = NULL;
	int error = json_get(j, 0, "error");

	if (json_str(j, json_get(j, error, "desc"), &text, e) != 0)
		return err_set(e, X_VM, "QEMU: %s: failed without a reason", cmd);
	return err_set(e, X_VM, "QEMU: %s: %s", cmd, text);
}

static void note_event(struct qmp *q, const struct json *j)
{
	auto_free char *name = NULL;
	struct err ignored;

	q->events++;
	if (json_str(j, json_get(j, 0, "event"), &name, &ignored) == 0 && !strcmp(name, "STOP"))
		q->stops++;
}

/* Until a line of one of the two kinds (a greeting, or an answer to cmd). */
static int wait_answer(struct qmp *q, const char *cmd, bool greeting, char **reply, long long deadline, struct err *e)
{
	for (;;) {
		auto_free char *line = NULL;
		auto_json struct json j = { 0 };
		size_t n;

		if (next_line(q, &line, &n, deadline, e) < 0)
			return -1;
		if (json_parse(&j, line, n, e) < 0)
			return err_as(e, X_VM, "QEMU's monitor");
		enum kind k = kind_of(&j);

		if (greeting && k == KIND_GREETING)
			return 0;
		if (!greeting && q->owed && (k == KIND_ERROR || k == KIND_RETURN)) {
			q->owed--;
			continue;
		}
		if (!greeting && k == KIND_ERROR)
			return qmp_error(&j, cmd, e);
		if (!greeting && k == KIND_RETURN) {
			if (reply)
				*reply = return_text(line);
			return 0;
		}
		if (k != KIND_EVENT)
			return err_set(e, X_VM, "QEMU's monitor said something unexpected: %.200s", line);
		note_event(q, &j);
	}
}

/* With fd >= 0 the descriptor rides on the first byte. Commands are far smaller than the socket's buffer, so a partial
 * write means the other side is stuck. */
static int send_line(struct qmp *q, const char *text, size_t n, int fd, struct err *e)
{
	union {
		char buf[CMSG_SPACE(sizeof(int))];
		struct cmsghdr align;
	} control = { 0 };
	struct iovec iov = { .iov_base = (void *)text, .iov_len = n };
	struct msghdr m = { .msg_iov = &iov, .msg_iovlen = 1 };

	if (fd >= 0) {
		m.msg_control = control.buf;
		m.msg_controllen = sizeof(control.buf);
		struct cmsghdr *c = CMSG_FIRSTHDR(&m);

		c->cmsg_level = SOL_SOCKET;
		c->cmsg_type = SCM_RIGHTS;
		c->cmsg_len = CMSG_LEN(sizeof(int));
		memcpy(CMSG_DATA(c), &fd, sizeof(int));
	}
	ssize_t done = sendmsg(q->fd, &m, MSG_NOSIGNAL | MSG_DONTWAIT);
	if (done < 0 && (errno == EPIPE || errno == ECONNRESET))
		return gone(e);
	if (done < 0)
		return err_sys(e, "write to QEMU's monitor");
	if ((size_t)done != n)
		return err_set(e, X_VM, "QEMU's monitor does not read its commands");
	return 0;
}

int qmp_call(struct qmp *q, const char *cmd, const char *args, int fd, char **reply, long long deadline, struct err *e)
{
	auto_free char *text = args ? xasprintf("{\"execute\":\"%s\",\"arguments\":%s}\n", cmd, args)
				    : xasprintf("{\"execute\":\"%s\"}\n", cmd);

	if (q->fd < 0)
		return gone(e);
	if (send_line(q, text, strlen(text), fd, e) < 0)
		return -1;
	return wait_answer(q, cmd, false, reply, deadline, e);
}

int qmp_hello(struct qmp *q, long long deadline, struct err *e)
{
	if (q->fd < 0)
		return gone(e);
	if (wait_answer(q, "greeting", true, NULL, deadline, e) < 0)
		return -1;
	return qmp_call(q, "qmp_capabilities", NULL, -1, NULL, deadline, e);
}

int qmp_wait(struct qmp *q, unsigned events, long long deadline, struct err *e)
{
	if (q->fd < 0)
		return gone(e);
	while (q->events == events) {
		auto_free char *line = NULL;
		size_t n;

		if (next_line(q, &line, &n, deadline, e) < 0)
			return -1;
		q->events++;
	}
	return 0;
}

int qmp_post(struct qmp *q, const char *cmd, struct err *e)
{
	auto_free char *text = xasprintf("{\"execute\":\"%s\"}\n", cmd);

	if (q->fd < 0)
		return gone(e);
	if (send_line(q, text, strlen(text), -1, e) < 0)
		return -1;
	q->owed++;
	return 0;
}

int qmp_hear(struct qmp *q, long long deadline, struct err *e)
{
	auto_free char *line = NULL;
	auto_json struct json j = { 0 };
	struct err late = { 0 };
	size_t n;

	if (q->fd < 0)
		return gone(e);
	if (next_line(q, &line, &n, deadline, &late) < 0) {
		if (late.code == X_TIMEOUT)
			return QMP_NOTHING;
		*e = late;
		return -1;
	}
	if (json_parse(&j, line, n, e) < 0)
		return err_as(e, X_VM, "QEMU's monitor");
	enum kind k = kind_of(&j);

	if (k == KIND_EVENT)
		note_event(q, &j);
	else if (q->owed && (k == KIND_RETURN || k == KIND_ERROR))
		q->owed--;
	else
		return err_set(e, X_VM, "QEMU's monitor said something unexpected: %.200s", line);
	return QMP_HEARD;
}
