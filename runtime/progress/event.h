/* event.h: what a running step tells the generator, and the lifeline between them.
 *
 * The generator listens on an abstract SOCK_SEQPACKET address and puts its name into KTSTR_EVENTS before it starts
 * ninja; every step connects. One packet is one event: fields separated by NUL bytes, the first is the kind. The
 * connection is also the lifeline: when either side dies, the other sees a hang-up, also after kill -9.
 * A step started by hand (no KTSTR_EVENTS) talks to nobody. */
#pragma once
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
struct err;

enum event_kind { EV_START, EV_PROGRESS, EV_NOTE, EV_OUTPUT, EV_DONE, EV_FAIL };
enum event_how { HOW_RAN, HOW_CACHED };

struct event {
	enum event_kind kind;
	char id[256];         /* the step's --id: what the plan calls it */
	enum event_how how;   /* EV_DONE */
	uint64_t done, total; /* EV_PROGRESS */
	uint64_t ms;          /* EV_DONE, EV_FAIL: wall time */
	int code;             /* EV_FAIL: exit code */
	char text[2048];      /* EV_PROGRESS: note; EV_NOTE: a line for people; EV_OUTPUT: a piece as it is;
			       * EV_DONE: why it ran; EV_FAIL: the error */
};

/* Step side. Connects when KTSTR_EVENTS is set and hands the socket to stop_watch(). Fails only when the variable is
 * set and nobody listens: then the generator is gone already. */
int event_connect(struct err *e);
/* Sends; quietly does nothing without a connection, and drops EV_PROGRESS when the other side is slow. */
void event_send(const struct event *ev);

/* Generator side. */
struct events {
	int listen;
	int *conn;
	size_t n;
	char name[64]; /* value for KTSTR_EVENTS */
};
int events_open(struct events *s, struct err *e);
/* Descriptors to poll: the listener first, then the connections. n entries written, at most max. */
struct pollfd;
size_t events_poll(const struct events *s, struct pollfd *fds, size_t max);
/* After poll: accepts, drops dead connections, and returns 1 with the next event or 0 when there is none. */
int events_next(struct events *s, struct event *ev);
/* Cuts every lifeline. May run twice. */
void events_close(struct events *s);

/* The packet itself, for tests and fuzzing. decode: 0 or negative when the bytes are no event. */
size_t event_encode(const struct event *ev, void *buf, size_t max);
int event_decode(struct event *ev, const void *buf, size_t n);
