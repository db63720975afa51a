/* pktline.h: git's frames: four hex digits of length, themselves included, and that much data.
 *
 * Nothing is known about who sends them: a frame has at most 65520 bytes, all of them together at most max. */
#pragma once
#include <stddef.h>
#include <stdint.h>
struct err;

enum { PKT_DATA, PKT_FLUSH, PKT_DELIM, PKT_RESPONSE_END };
enum { PKT_MAX = 65520 };

struct pkts {
	/* Up to max bytes, as they come; 0 at the end. A negative return ends it. */
	int (*read)(void *arg, void *buf, size_t max, struct err *e);
	void *arg;
	uint64_t max; /* bytes of frames from now on; the owner sets it anew for each part of a conversation */
	size_t n;     /* of data: the last frame's content, a NUL behind it */
	char data[PKT_MAX + 1];
	/* what was read and not yet used */
	char buf[32768];
	size_t at, have;
};

/* PKT_DATA or one of the three that have no content. X_NETWORK when the sender ends, goes on for too long, or speaks
 * something else. */
int pkt_next(struct pkts *p, struct err *e);
/* Forgets what was read and not yet used: the next answer begins. */
void pkt_restart(struct pkts *p, uint64_t max);
