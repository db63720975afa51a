/* peek.h: members of a structure in a guest. */
#pragma once
#include "inspect/members.h"
#include "inspect/memory.h"
#include <stdbool.h>
#include <string.h>
struct err;

static inline bool peek_has(const struct member *f)
{
	return f->off >= 0;
}

/* A number of 4 or 8 bytes, as the member has. */
static inline int peek(const struct kmem *m, uint64_t base, const struct member *f, uint64_t *out, struct err *e)
{
	uint32_t small;

	if (f->size == sizeof(*out))
		return kmem_u64(m, base + (uint64_t)f->off, out, e);
	if (kmem_u32(m, base + (uint64_t)f->off, &small, e) < 0)
		return -1;
	*out = small;
	return 0;
}

/* A name of max - 1 characters at most: printable ASCII, the rest is '?'. */
static inline void peek_name(char *out, size_t max, const char *raw, size_t n)
{
	memset(out, 0, max);
	for (size_t i = 0; i < n && i + 1 < max && raw[i]; i++)
		out[i] = raw[i] > ' ' && raw[i] < 0x7f ? raw[i] : '?';
}
