/* proto.c: framing, shared by the host and ktstr-init; libc only.
 *
 * The CRC works on half bytes: its table of 16 words needs no set-up, and the channel is slower than it anyway. */
#include "guest/proto.h"
#include <assert.h>
#include <string.h>

static const uint32_t half_byte[16] = {
	0x00000000, 0x1db71064, 0x3b6e20c8, 0x26d930ac, 0x76dc4190, 0x6b6b51f4, 0x4db26158, 0x5005713c,
	0xedb88320, 0xf00f9344, 0xd6d6a3e8, 0xcb61b38c, 0x9b64c2b0, 0x86d3d2d4, 0xa00ae278, 0xbdbdf21c,
};

uint32_t proto_crc(const void *data, size_t n)
{
	const unsigned char *p = data;
	uint32_t crc = ~0u;

	for (; n; n--, p++) {
		crc ^= *p;
		crc = crc >> 4 ^ half_byte[crc & 15];
		crc = crc >> 4 ^ half_byte[crc & 15];
	}
	return ~crc;
}

int proto_peek(const void *data, size_t n, struct proto_head *h)
{
	struct proto_head head;

	if (n < sizeof head)
		return PROTO_MORE;
	memcpy(&head, data, sizeof head);
	if (head.magic != PROTO_MAGIC || head.len > PROTO_MAX)
		return -1;
	if (n - sizeof head < head.len)
		return PROTO_MORE;
	if (proto_crc((const char *)data + sizeof head, head.len) != head.crc)
		return -1;
	*h = head;
	return PROTO_FRAME;
}

void proto_seal(struct proto_head *h, uint32_t type, const void *payload, size_t len)
{
	assert(len <= PROTO_MAX);
	*h = (struct proto_head){
		.magic = PROTO_MAGIC,
		.type = type,
		.len = (uint32_t)len,
		.crc = proto_crc(payload, len),
	};
}

/* Absolute, without NUL, and every component a plain name. */
static int path_ok(const char *p, size_t n)
{
	if (n < 2 || n > PROTO_PATH_MAX || p[0] != '/' || memchr(p, 0, n))
		return 0;
	for (size_t i = 0; i < n;) {
		size_t start = ++i; /* behind the slash */

		while (i < n && p[i] != '/')
			i++;
		size_t len = i - start;

		if (len == 0 || len > 255)
			return 0;
		if (p[start] == '.' && (len == 1 || (len == 2 && p[start + 1] == '.')))
			return 0;
	}
	return 1;
}

int proto_file_next(const void *data, size_t n, size_t *at, struct proto_file *f, const char **path,
		    const char **target)
{
	const char *p = data;
	size_t left = n - *at;

	if (!left)
		return PROTO_MORE;
	if (left < sizeof *f)
		return -1;
	memcpy(f, p + *at, sizeof *f);
	left -= sizeof *f;
	if (f->path_len > left || !path_ok(p + *at + sizeof *f, f->path_len))
		return -1;
	if (f->mtime_ns >= 1000000000 && f->mtime_ns != PROTO_UNDATED)
		return -1;
	*path = p + *at + sizeof *f;
	*target = NULL;
	left -= f->path_len;
	*at = n - left;
	if (!(f->mode & PROTO_LINK))
		return f->mode & ~07777u ? -1 : PROTO_FRAME;
	if (!f->size || f->size > PROTO_PATH_MAX || f->size > left || memchr(p + *at, 0, f->size))
		return -1;
	*target = p + *at;
	*at += f->size;
	return PROTO_FRAME;
}

int proto_strings(const void *data, size_t n, const char **v, size_t count)
{
	const char *p = data;

	for (size_t i = 0; i < count; i++) {
		const char *end = n ? memchr(p, 0, n) : NULL;

		if (!end)
			return -1;
		v[i] = p;
		n -= (size_t)(end + 1 - p);
		p = end + 1;
	}
	return n ? -1 : 0;
}

int proto_now_parse(struct proto_now *now, const void *data, size_t n)
{
	struct proto_now got;

	if (n != sizeof got)
		return -1;
	memcpy(&got, data, sizeof got);
	if (got.s < 0 || got.ns >= 1000000000 || got.delay_ns >= 1000000000)
		return -1;
	*now = got;
	return 0;
}
