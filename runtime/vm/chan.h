/* chan.h: framed messages with ktstr-init, over a connected socket or a board. One message at a time, deadlines everywhere. */
#pragma once
#include <stddef.h>
#include <stdint.h>
struct board;
struct err;

struct chan {
	int fd;              /* readable when there may be a message; -1: closed */
	struct board *board; /* virtual time: fd is its ring, and what is said goes through memory. NULL: fd takes it */
	char *buf;           /* bytes not yet consumed */
	size_t n, cap;
	size_t used; /* of buf, by the frame handed out last */
	char *heard; /* chan_record: all bytes since; NULL: not recorded */
	size_t heard_n, heard_cap;
};

struct msg {
	uint32_t type;
	const void *data; /* valid until the next call on this channel */
	size_t n;
};

void chan_open(struct chan *c, int fd); /* takes the descriptor */
/* The board is its owner's and stays open as long as the channel. */
void chan_open_board(struct chan *c, struct board *b);
void chan_close(struct chan *c);
int chan_send(struct chan *c, uint32_t type, const void *data, size_t n, long long deadline, struct err *e);

/* What a MSG_FAILED says, in one line: X_VM. */
int chan_failed(const struct msg *m, struct err *e);

/* Of a board, before the guest is let go: keeps what it says from here on, CHAN_RECORD bytes at most, in heard and heard_n. More:
 * heard_n is larger than that, and the rest is lost. */
enum { CHAN_RECORD = 64 << 20 };
void chan_record(struct chan *c);
/* As if the guest had said that: n bytes of a recording, in front of everything else. */
void chan_replay(struct chan *c, const void *data, size_t n);

enum { CHAN_MSG = 0, CHAN_EMPTY = 1, CHAN_EOF = 2 };
/* Of a board: what was sent is given to the guest, and the guest let go, by the chan_next() that finds nothing more to hand out.
 *
 * Takes the next complete frame out of what was read; reads once, without blocking, when there is none. */
int chan_next(struct chan *c, struct msg *m, struct err *e);
