/* chan.c: frames of guest/proto.h on a socket whose other end is QEMU's virtio-serial port, or through a board. */
#include "vm/chan.h"

#include <errno.h>
#include <poll.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "base/err.h"
#include "base/mem.h"
#include "base/stop.h"
#include "text/text.h"
#include "guest/proto.h"
#include "vm/board.h"

/* One frame of the largest size and the start of the next: a guest that talks on while nobody listens is not buffered
 * without end. */
enum { CHAN_FULL = PROTO_MAX + 65536, FAILED_MAX = 500 };

void chan_open(struct chan *c, int fd)
{
	*c = (struct chan){ .fd = fd };
}

void chan_open_board(struct chan *c, struct board *b)
{
	*c = (struct chan){ .fd = b->ring, .board = b };
}

void chan_close(struct chan *c)
{
	if (c->fd >= 0 && !c->board)
		close(c->fd);
	free(c->buf);
	free(c->heard);
	*c = (struct chan){ .fd = -1 };
}

static void drop_used(struct chan *c)
{
	c->n -= c->used;
	memmove(c->buf, c->buf + c->used, c->n);
	c->used = 0;
}

/* Reads what is there, once. Bytes of the frame handed out last stay where they are. */
static int fill(struct chan *c, struct err *e)
{
	if (c->n >= CHAN_FULL)
		return CHAN_EMPTY;
	if (c->cap - c->n < 65536) {
		c->cap = c->n + 65536 > 2 * c->cap ? c->n + 65536 : 2 * c->cap;
		c->buf = xreallocarray(c->buf, c->cap, 1);
	}
	ssize_t n = recv(c->fd, c->buf + c->n, c->cap - c->n, MSG_DONTWAIT);
	if (n > 0) {
		c->n += (size_t)n;
		return CHAN_MSG;
	}
	if (n == 0 || errno == ECONNRESET)
		return CHAN_EOF;
	if (errno == EAGAIN || errno == EINTR)
		return CHAN_EMPTY;
	return err_sys(e, "read from the guest");
}

static int take(struct chan *c, struct msg *m, struct err *e)
{
	struct proto_head h;
	int r = proto_peek(c->buf, c->n, &h);

	if (r < 0)
		return err_set(e, X_VM, "the guest sent something that is not a frame of ours");
	if (r == PROTO_MORE)
		return CHAN_EMPTY;
	c->used = sizeof(h) + h.len;
	*m = (struct msg){ .type = h.type, .data = c->buf + sizeof(h), .n = h.len };
	return CHAN_MSG;
}

static void append(char **buf, size_t *at, size_t *cap, const char *data, size_t n)
{
	if (*cap - *at < n) {
		*cap = *at + n > 2 * *cap ? *at + n : 2 * *cap;
		*buf = xreallocarray(*buf, *cap, 1);
	}
	if (n)
		memcpy(*buf + *at, data, n);
	*at += n;
}

static void record(struct chan *c, const char *data, size_t n)
{
	if (c->heard_n <= CHAN_RECORD && n <= CHAN_RECORD - c->heard_n)
		append(&c->heard, &c->heard_n, &c->heard_cap, data, n);
	else
		c->heard_n = CHAN_RECORD + 1;
}

int chan_failed(const struct msg *m, struct err *e)
{
	auto_free char *said = text_plain(m->data, text_fit(m->data, m->n, FAILED_MAX), TEXT_LINE);

	return err_set(e, X_VM, "the guest could not: %s", said);
}

void chan_record(struct chan *c)
{
	if (!c->heard)
		c->heard = xmalloc(c->heard_cap = 65536);
	c->heard_n = 0;
	if (c->n > c->used)
		record(c, c->buf + c->used, c->n - c->used);
}

void chan_replay(struct chan *c, const void *data, size_t n)
{
	append(&c->buf, &c->n, &c->cap, data, n);
}

static int listen_board(struct chan *c, struct err *e)
{
	auto_free char *out = NULL;
	size_t n;
	int r = board_listen(c->board, &out, &n, e);

	if (r != BOARD_CALLED)
		return r;
	append(&c->buf, &c->n, &c->cap, out, n);
	if (c->heard)
		record(c, out, n);
	return r;
}

/* The rest of a frame may be a call away, so the guest is let go until it says something whole or nothing. */
static int next_on_board(struct chan *c, struct msg *m, struct err *e)
{
	for (;;) {
		int r = c->n ? take(c, m, e) : CHAN_EMPTY;

		if (r != CHAN_EMPTY)
			return r;
		if (board_release(c->board, e) < 0 || (r = listen_board(c, e)) < 0)
			return -1;
		if (r != BOARD_CALLED)
			return r == BOARD_GONE ? CHAN_EOF : CHAN_EMPTY;
	}
}

int chan_next(struct chan *c, struct msg *m, struct err *e)
{
	if (c->fd < 0)
		return CHAN_EOF;
	if (c->used)
		drop_used(c);
	if (c->board)
		return next_on_board(c, m, e);
	int r = c->n ? take(c, m, e) : CHAN_EMPTY;
	if (r != CHAN_EMPTY)
		return r;
	r = fill(c, e);
	return r == CHAN_MSG ? take(c, m, e) : r;
}

/* Something was not taken: waits until more fits, and reads meanwhile, or both sides could wait for the other to
 * read. */
static int wait_writable(struct chan *c, long long deadline, struct err *e)
{
	struct pollfd p = { .fd = c->fd, .events = POLLOUT };

	if (c->n < CHAN_FULL)
		p.events |= POLLIN;
	int r = stop_poll(&p, 1, deadline, e);
	if (r < 0)
		return -1;
	if (r == 0)
		return err_set(e, X_TIMEOUT, "the guest did not take a message in time");
	if (!(p.revents & POLLIN))
		return 0;
	r = fill(c, e);
	if (r == CHAN_EOF)
		return err_set(e, X_VM, "the channel to the guest is closed");
	return r < 0 ? -1 : 0;
}

static int send_bytes(struct chan *c, const void *data, size_t n, long long deadline, struct err *e)
{
	const char *p = data;

	while (n) {
		ssize_t done = send(c->fd, p, n, MSG_DONTWAIT | MSG_NOSIGNAL);

		if (done >= 0) {
			p += done;
			n -= (size_t)done;
			continue;
		}
		if (errno == EPIPE || errno == ECONNRESET)
			return err_set(e, X_VM, "the channel to the guest is closed");
		if (errno != EAGAIN && errno != EINTR)
			return err_sys(e, "write to the guest");
		if (wait_writable(c, deadline, e) < 0)
			return -1;
	}
	return 0;
}

int chan_send(struct chan *c, uint32_t type, const void *data, size_t n, long long deadline, struct err *e)
{
	struct proto_head h;

	if (c->fd < 0)
		return err_set(e, X_VM, "the channel to the guest is closed");
	if (n > PROTO_MAX)
		return err_set(e, X_FAIL, "a message of %zu bytes is too long for the guest", n);
	proto_seal(&h, type, data, n);
	if (c->board)
		return board_send(c->board, &h, sizeof(h), e) < 0 ? -1 : board_send(c->board, data, n, e);
	if (send_bytes(c, &h, sizeof(h), deadline, e) < 0)
		return -1;
	return send_bytes(c, data, n, deadline, e);
}
