#include "trial/kept.h"

#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

#include "base/mem.h"

static void add_tail(struct kept *k, const char *data, size_t n)
{
	if (n > KEPT_TAIL) {
		data += n - KEPT_TAIL;
		n = KEPT_TAIL;
	}
	if (k->tail_n + n > KEPT_TAIL) {
		size_t drop = k->tail_n + n - KEPT_TAIL;

		memmove(k->tail, k->tail + drop, k->tail_n - drop);
		k->tail_n -= drop;
	}
	memcpy(k->tail + k->tail_n, data, n);
	k->tail_n += n;
}

void kept_add(struct kept *k, const char *data, size_t n)
{
	size_t room = k->max - k->n, part = n < room ? n : room;

	if (!n)
		return;
	if (k->n + part > k->cap) {
		while (k->cap < k->n + part)
			k->cap = k->cap ? 2 * k->cap : 4096;
		k->head = xreallocarray(k->head, k->cap, 1);
	}
	if (part)
		memcpy(k->head + k->n, data, part);
	k->n += part;
	k->said += n;
	add_tail(k, data, n);
}

void kept_write(FILE *f, const struct kept *k)
{
	uint64_t cut = k->said - k->n;
	size_t n = cut < k->tail_n ? (size_t)cut : k->tail_n;

	if (!k->said)
		return;
	fwrite(k->head, 1, k->n, f);
	if (cut > n)
		fprintf(f, "\n--- %" PRIu64 " bytes of output left out ---\n", cut - n);
	fwrite(k->tail + (k->tail_n - n), 1, n, f);
}

void kept_free(struct kept *k)
{
	free(k->head);
	*k = (struct kept){ .max = k->max };
}
