/* frames.h: the input as what a guest says: messages of a type, a length of two bytes, and that many bytes. */
#pragma once
#include "fuzz.h"

#include <sys/socket.h>

#include "guest/proto.h"

/* For seeds. */
static inline void frame_put(FILE *f, unsigned type, const void *data, size_t n)
{
	fputc((int)type, f);
	fputc((int)(n & 255), f);
	fputc((int)(n >> 8), f);
	fwrite(data, 1, n, f);
}

/* Ours is [0]; [1] takes all that an input can say without anybody reading it. */
static inline void frames_pair(int pair[2])
{
	const int room = 1 << 20;

	MUST(socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, pair) == 0);
	MUST(setsockopt(pair[1], SOL_SOCKET, SO_SNDBUF, &room, sizeof(room)) == 0);
}

static inline void frame_say(int fd, uint32_t type, const void *data, size_t n)
{
	auto_free char *frame = xmalloc(sizeof(struct proto_head) + n);
	struct proto_head h;

	proto_seal(&h, type, data, n);
	memcpy(frame, &h, sizeof(h));
	memcpy(frame + sizeof(h), data, n);
	MUST(send(fd, frame, sizeof(h) + n, MSG_DONTWAIT) == (ssize_t)(sizeof(h) + n));
}

static inline void frames_say(int fd, const uint8_t *data, size_t n)
{
	while (n >= 3) {
		size_t len = data[1] | (size_t)data[2] << 8;

		len = len < n - 3 ? len : n - 3;
		frame_say(fd, data[0], data + 3, len);
		data += 3 + len;
		n -= 3 + len;
	}
}
