/* chan.h: framed messages with ktstr-init over a connected socket. One message at a time, deadlines everywhere. */
#pragma once
#include <stddef.h>
#include <stdint.h>
struct err;

struct chan {
	int fd;    /* -1: closed */
	char *buf; /* bytes not yet consumed */
	size_t n, cap;
	size_t used; /* of buf, by the frame handed out last */
};

struct msg {
	uint32_t type;
	const void *data; /* valid until the next call on this channel */
	size_t n;
};

void chan_open(struct chan *c, int fd); /* takes the descriptor */
void chan_close(struct chan *c);
int chan_send(struct chan *c, uint32_t type, const void *data, size_t n, long long deadline, struct err *e);

enum { CHAN_MSG = 0, CHAN_EMPTY = 1, CHAN_EOF = 2 };
/* Takes the next complete frame out of what was read; reads once, without blocking, when there is none. */
int chan_next(struct chan *c, struct msg *m, struct err *e);
