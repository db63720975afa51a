#include "stats/names.h"
#include "base/mem.h"
#include <stdint.h>

static size_t place(const struct names *p, const char *s)
{
	uint64_t h = 0xcbf29ce484222325u; /* FNV-1a */
	size_t at;

	for (const char *c = s; *c; c++)
		h = (h ^ (unsigned char)*c) * 0x100000001b3u;
	at = (size_t)(h ^ h >> 32) & (p->cap - 1);
	while (p->v[at] && strcmp(p->v[at], s) != 0)
		at = (at + 1) & (p->cap - 1);
	return at;
}

static void grow(struct names *p)
{
	struct names more = { .cap = p->cap ? p->cap * 2 : 64, .n = p->n };

	more.v = xcalloc(more.cap, sizeof(*more.v));
	for (size_t i = 0; i < p->cap; i++) {
		if (p->v[i])
			more.v[place(&more, p->v[i])] = p->v[i];
	}
	free(p->v);
	*p = more;
}

const char *names_keep(struct names *p, const char *s)
{
	size_t at;

	if (p->n >= p->cap / 2)
		grow(p);
	at = place(p, s);
	if (!p->v[at]) {
		p->v[at] = xstrdup(s);
		p->n++;
	}
	return p->v[at];
}

void names_free(struct names *p)
{
	for (size_t i = 0; i < p->cap; i++)
		free(p->v[i]);
	free(p->v);
	*p = (struct names){ 0 };
}
