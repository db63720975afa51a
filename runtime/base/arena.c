#include "base/arena.h"

#include <stdint.h>
#include <stdio.h>

#include "base/mem.h"

#if defined(__has_feature)
#if __has_feature(address_sanitizer)
#define LOOKED_AT 1
#endif
#elif defined(__SANITIZE_ADDRESS__)
#define LOOKED_AT 1
#endif

#ifdef LOOKED_AT
enum { BLOCK = 0 };
#else
enum { BLOCK = 256 << 10 };
#endif

enum { ALIGN = _Alignof(max_align_t), LIST_FIRST = 2 };

struct block {
	struct block *before;
	_Alignas(max_align_t) char bytes[];
};

struct arena {
	struct block *last;
	size_t used, room; /* of the last block */
};

struct arena *arena_new(void)
{
	return xcalloc(1, sizeof(struct arena));
}

void arena_free(struct arena *a)
{
	if (!a)
		return;
	for (struct block *b = a->last; b;) {
		struct block *before = b->before;

		free(b);
		b = before;
	}
	free(a);
}

/* n bytes as they come; at: 1, or ALIGN. */
static char *take(struct arena *a, size_t n, size_t at)
{
	size_t from = (a->used + at - 1) & ~(at - 1);

	if (from > a->room || n > a->room - from) {
		size_t room = n > BLOCK ? n : BLOCK;

		if (room > SIZE_MAX - sizeof(struct block))
			room = SIZE_MAX - sizeof(struct block);
		struct block *b = xmalloc(sizeof(*b) + room);

		b->before = a->last;
		a->last = b;
		a->room = room;
		from = 0;
	}
	a->used = from + n;
	return a->last->bytes + from;
}

void *arena_alloc(struct arena *a, size_t n)
{
	return memset(take(a, n, ALIGN), 0, n);
}

char *arena_str(struct arena *a, const char *s)
{
	size_t n = strlen(s) + 1;

	return memcpy(take(a, n, 1), s, n);
}

char *arena_vfmt(struct arena *a, const char *fmt, va_list ap)
{
	size_t room = a->room - a->used;
	char *at = room ? a->last->bytes + a->used : NULL;
	va_list again;

	va_copy(again, ap);
	int n = vsnprintf(at, room, fmt, ap);

	if (n < 0)
		abort();
	if ((size_t)n < room)
		a->used += (size_t)n + 1;
	else
		(void)vsnprintf(at = take(a, (size_t)n + 1, 1), (size_t)n + 1, fmt, again);
	va_end(again);
	return at;
}

void *arena_grow(struct arena *a, void *list, size_t n, size_t size)
{
	if (n && (n < LIST_FIRST || (n & (n - 1))))
		return list;
	void *longer = arena_alloc(a, (n ? 2 * n : LIST_FIRST) * size);

	return n ? memcpy(longer, list, n * size) : longer;
}
