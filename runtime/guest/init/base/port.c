/* port.c: frames to and from the host.
 *
 * With a board: everything that is queued goes in calls, when the loop has nothing else to do. They are the only places where
 * the host can say something. In real time the host may send us from there to the port, and nothing comes through that
 * before.
 *
 * Else the virtio-serial port, watched edge-triggered: while no host is connected it reports a hang-up for ever, and a snapshot is
 * restored into just that state. So every wake-up reads and writes until the port says EAGAIN. What the host does not
 * take yet waits in a queue; producers of bulk data stop at QUEUE_FULL and are resumed when it is drained. */
#include "guest/init/base/port.h"
#include "guest/init/base/board.h"
#include "guest/init/base/crash.h"
#include "guest/init/base/loop.h"
#include "guest/init/base/mounts.h"
#include "guest/init/base/uevent.h"
#include "guest/proto.h"
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <unistd.h>

enum {
	QUEUE_FULL = 1 << 20,
	PORT_WAIT_S = 25,   /* less than the host waits for a boot, so that the reason is ours to tell */
	WRITE_MAX = 32768,  /* the driver takes no more at once */
	WRITE_SMALL = 4096, /* always fits a free page */
	READ_MIN = 65536,
};

struct frame {
	struct frame *next;
	size_t len, sent;
	char data[];
};

static int port = -1;
static bool board;  /* in place of the port, for now or for ever */
static bool wanted; /* a call, with or without something to say */
static void (*ask)(uint32_t type, const void *data, size_t n);
static void (*resume)(void);
static struct frame *head, **tail = &head;
static size_t queued;
static char *in;
static size_t in_n, in_cap;

/* The port's device path, when it is there and has its name already. */
static bool port_find(char *path, size_t n)
{
	DIR *d = opendir("/sys/class/virtio-ports");
	struct dirent *ent;
	bool found = false;

	if (!d)
		return false;
	while (!found && (ent = readdir(d))) {
		char file[320], name[64];

		snprintf(file, sizeof file, "/sys/class/virtio-ports/%s/name", ent->d_name);
		if (ent->d_name[0] == '.' || slurp(file, name, sizeof name) < 0 || strcmp(name, PROTO_PORT) != 0)
			continue;
		snprintf(path, n, "/dev/%s", ent->d_name);
		found = true;
	}
	closedir(d);
	return found;
}

/* The driver may still be probing. Every kernel event may be the one that names the port; where the kernel sends no
 * events (or one was lost) we look again after a moment. */
static void port_wait(char *path, size_t n)
{
	long long deadline = now_ms() + PORT_WAIT_S * 1000LL;
	struct pollfd p = { .fd = uevent_open(), .events = POLLIN };
	const char *what, *pairs;
	size_t len;

	while (!port_find(path, n)) {
		if (now_ms() > deadline)
			die("no virtio port is named \"%s\"", PROTO_PORT);
		poll(&p, 1, 50);
		while (uevent_next(&what, &pairs, &len) > 0)
			;
	}
}

static void queue_pop(void)
{
	struct frame *f = head;

	head = f->next;
	if (!head)
		tail = &head;
	free(f);
}

/* Writes until the host takes no more. */
static void port_write(void)
{
	size_t max = WRITE_MAX;

	while (head) {
		size_t left = head->len - head->sent;
		ssize_t n = write(port, head->data + head->sent, left < max ? left : max);

		if (n < 0 && errno == EINTR)
			continue;
		if (n < 0 && errno == ENOMEM && max > WRITE_SMALL) {
			max = WRITE_SMALL; /* memory is too fragmented for the driver's copy */
			continue;
		}
		if (n == 0 || (n < 0 && errno == EAGAIN))
			return;
		if (n < 0)
			die("write to the host: %s", strerror(errno));
		head->sent += (size_t)n;
		queued -= (size_t)n;
		if (head->sent == head->len)
			queue_pop();
	}
}

/* As much as fits. */
static void board_write(void)
{
	while (head) {
		size_t n = board_put(head->data + head->sent, head->len - head->sent);

		head->sent += n;
		queued -= n;
		if (head->sent < head->len)
			return;
		queue_pop();
	}
}

void port_send(enum proto_type type, const void *data, size_t n)
{
	struct frame *f = malloc(sizeof *f + sizeof(struct proto_head) + n);
	struct proto_head h;

	if (!f)
		die("out of memory for a message of %zu bytes", n);
	proto_seal(&h, type, data, n);
	memcpy(f->data, &h, sizeof h);
	if (n)
		memcpy(f->data + sizeof h, data, n);
	f->next = NULL;
	f->len = sizeof h + n;
	f->sent = 0;
	*tail = f;
	tail = &f->next;
	queued += f->len;
	if (port >= 0 && !board)
		port_write();
}

void port_failed(const char *fmt, ...)
{
	char text[1024];
	va_list ap;

	va_start(ap, fmt);
	vsnprintf(text, sizeof text, fmt, ap);
	va_end(ap);
	port_send(MSG_FAILED, text, strlen(text));
}

bool port_ready(void)
{
	return queued < QUEUE_FULL;
}

void port_flush(int ms)
{
	long long deadline = now_ms() + ms;
	struct pollfd p = { .fd = port, .events = POLLOUT };

	while (board && head) {
		const void *data;
		size_t n;

		board_write();
		board_call(&data, &n); /* what the host says now comes too late */
	}
	if (port < 0 || board)
		return;
	for (port_write(); head && now_ms() < deadline; port_write())
		poll(&p, 1, 10);
}

/* Hands out every complete frame and keeps the rest. */
static void frames(void)
{
	struct proto_head h;
	size_t at = 0;
	int r;

	while ((r = proto_peek(in + at, in_n - at, &h)) == PROTO_FRAME) {
		ask(h.type, in + at + sizeof h, h.len);
		at += sizeof h + h.len;
	}
	if (r < 0)
		die("the host sent something that is not a frame");
	memmove(in, in + at, in_n - at);
	in_n -= at;
}

static void in_room(size_t n)
{
	if (in_cap - in_n >= n)
		return;
	in_cap = in_cap * 2 > in_n + n ? in_cap * 2 : in_n + n;
	in = realloc(in, in_cap);
	if (!in)
		die("out of memory for a message of the host");
}

static void port_read(void)
{
	for (;;) {
		ssize_t n;

		if (in_n == in_cap)
			in_room(READ_MIN);
		n = read(port, in + in_n, in_cap - in_n);
		if (n < 0 && errno == EINTR)
			continue;
		if (n < 0 && errno == EAGAIN)
			return;
		if (n < 0)
			die("read from the host: %s", strerror(errno));
		if (n == 0) { /* the host left; half a frame of it means nothing to the next one */
			in_n = 0;
			return;
		}
		in_n += (size_t)n;
		frames();
	}
}

static void on_port(uint32_t events)
{
	(void)events; /* edge-triggered: look at both directions */
	if (board)
		return;
	port_write();
	port_read();
	if (port_ready())
		resume();
}

/* Until neither side has anything left to say. */
static void board_turn(void)
{
	while (board && (head || wanted)) {
		const void *data;
		size_t n;

		board_write();
		wanted = board_call(&data, &n);
		in_room(n);
		if (n)
			memcpy(in + in_n, data, n);
		in_n += n;
		frames();
		if (!board)
			on_port(0); /* what it has told us so far was not listened to */
		else if (!head && !wanted)
			resume();
	}
}

void port_use(void)
{
	board = board && board_is_all();
	wanted = false;
}

void port_want(void)
{
	wanted = true;
}

void port_open(void (*request)(uint32_t type, const void *data, size_t n), void (*room)(void))
{
	char path[320];

	ask = request;
	resume = room;
	board = board_open();
	if (board)
		before_wait(board_turn);
	if (board_is_all())
		return;
	port_wait(path, sizeof path);
	port = open(path, O_RDWR | O_NONBLOCK | O_CLOEXEC);
	if (port < 0)
		die("open %s: %s", path, strerror(errno));
	watch(port, EPOLLIN | EPOLLOUT | EPOLLET, on_port);
}
