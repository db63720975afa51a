/* lzo.c: lzop files, LZO1X blocks (Linux: Documentation/staging/lzo.rst, stream version 0).
 *
 * Both cursors are checked before every byte; checksums are skipped, as the kernel's own unpacker does when it boots. */
#include <stdbool.h>
#include <string.h>

#include "kernel/image/decompress.h"

struct in {
	const uint8_t *p, *end;
	bool bad; /* it was asked for more than there is; zeros were given */
};

struct out {
	uint8_t *start, *p, *end;
	bool bad;
};

static uint32_t get(struct in *in, int bytes)
{
	uint32_t v = 0;

	if (in->end - in->p < bytes) {
		in->bad = true;
		in->p = in->end;
		return 0;
	}
	while (bytes--)
		v = v << 8 | *in->p++;
	return v;
}

static uint32_t get_le16(struct in *in)
{
	uint32_t low = get(in, 1);

	return low | get(in, 1) << 8;
}

static void skip(struct in *in, size_t n)
{
	if ((size_t)(in->end - in->p) < n) {
		in->bad = true;
		n = (size_t)(in->end - in->p);
	}
	in->p += n;
}

/* The low bits of the instruction; all zero means: that many, and 255 for every zero byte, and the first other byte. */
static size_t length(struct in *in, uint32_t low, uint32_t mask)
{
	size_t n = mask;
	uint32_t byte;

	if (low & mask)
		return low & mask;
	while (!(byte = get(in, 1)) && !in->bad)
		n += 255;
	return n + byte;
}

static void literals(struct in *in, struct out *out, size_t n)
{
	if ((size_t)(in->end - in->p) < n || (size_t)(out->end - out->p) < n) {
		out->bad = true;
		return;
	}
	memcpy(out->p, in->p, n);
	in->p += n;
	out->p += n;
}

/* Byte by byte: the match may overlap what it writes. */
static void match(struct out *out, size_t distance, size_t n)
{
	if ((size_t)(out->p - out->start) < distance || (size_t)(out->end - out->p) < n) {
		out->bad = true;
		return;
	}
	for (const uint8_t *from = out->p - distance; n; n--)
		*out->p++ = *from++;
}

/* An instruction below 16 that follows literals: a short match, *tail literals behind it. */
static void short_match(struct in *in, struct out *out, uint32_t op, bool after_run)
{
	size_t distance = (op >> 2) + (get(in, 1) << 2) + 1;

	if (after_run)
		match(out, distance + 2048, 3);
	else
		match(out, distance, 2);
}

/* An instruction from 16 on. Its last two bits, or those of its distance, go to *tail. Returns true at the end mark. */
static bool long_match(struct in *in, struct out *out, uint32_t op, uint32_t *tail)
{
	size_t n, distance;

	*tail = op;
	if (op >= 64) {
		distance = ((op >> 2) & 7) + (get(in, 1) << 3) + 1;
		match(out, distance, (op >> 5) + 1);
		return false;
	}
	n = 2 + length(in, op, op >= 32 ? 31 : 7);
	*tail = get_le16(in);
	distance = *tail >> 2;
	if (op >= 32) {
		match(out, distance + 1, n);
		return false;
	}
	distance += 16384 + ((op & 8) << 11);
	if (distance == 16384)
		return true;
	match(out, distance, n);
	return false;
}

static int lzo1x(struct in in, struct out out)
{
	enum { NONE = 0, RUN = 4 } state = NONE; /* literals just copied; 1 to 3 stand for themselves */

	if (in.p<in.end && * in.p> 17) {
		size_t n = get(&in, 1) - 17;
		literals(&in, &out, n);
		state = n < RUN ? n : RUN;
	}
	while (!in.bad && !out.bad) {
		uint32_t op = get(&in, 1), tail = op;

		if (op < 16 && state == NONE) {
			literals(&in, &out, 3 + length(&in, op, 15));
			state = RUN;
			continue;
		}
		if (op < 16)
			short_match(&in, &out, op, state == RUN);
		else if (long_match(&in, &out, op, &tail))
			return in.bad || in.p != in.end || out.p != out.end ? -1 : 0;
		state = tail & 3;
		literals(&in, &out, state);
	}
	return -1;
}

enum {
	LZOP_ADLER_OUT = 0x1,
	LZOP_ADLER_IN = 0x2,
	LZOP_EXTRA = 0x40,
	LZOP_CRC_OUT = 0x100,
	LZOP_CRC_IN = 0x200,
	LZOP_MULTIPART = 0x400,
	LZOP_FILTER = 0x800,
};

static int header(struct in *in, uint32_t *flags)
{
	uint32_t version;

	skip(in, 9);
	version = get(in, 2);
	skip(in, 2); /* version of the library */
	if (version >= 0x940)
		skip(in, 2);                /* version needed to unpack */
	skip(in, version >= 0x940 ? 2 : 1); /* method, level */
	*flags = get(in, 4);
	if (*flags & (LZOP_FILTER | LZOP_MULTIPART))
		return -1;
	skip(in, version >= 0x940 ? 12 : 8); /* mode, time */
	skip(in, get(in, 1));                /* name */
	skip(in, 4);                         /* checksum */
	if (*flags & LZOP_EXTRA)
		skip(in, (size_t)get(in, 4) + 4);
	return in->bad ? -1 : 0;
}

static void skip_sums(struct in *in, uint32_t flags, uint32_t adler, uint32_t crc)
{
	skip(in, ((flags & adler) ? 4 : 0) + ((flags & crc) ? 4 : 0));
}

int lzop_unpack(const uint8_t *data, size_t n, uint8_t *out, size_t want)
{
	struct in in = { .p = data, .end = data + n };
	struct out o = { .start = out, .p = out, .end = out + want };
	uint32_t flags, to, from;

	if (header(&in, &flags) < 0)
		return -1;
	while ((to = get(&in, 4))) {
		from = get(&in, 4);
		skip_sums(&in, flags, LZOP_ADLER_OUT, LZOP_CRC_OUT);
		if (from < to)
			skip_sums(&in, flags, LZOP_ADLER_IN, LZOP_CRC_IN);
		if (in.bad || from > to || (size_t)(in.end - in.p) < from || (size_t)(o.end - o.p) < to)
			return -1;
		if (from == to)
			memcpy(o.p, in.p, to);
		else if (lzo1x((struct in){ .p = in.p, .end = in.p + from },
			       (struct out){ .start = o.p, .p = o.p, .end = o.p + to }) < 0)
			return -1;
		in.p += from;
		o.p += to;
	}
	return in.bad || o.p != o.end ? -1 : 0;
}
