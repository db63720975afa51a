#include "stats/names.h"
#include "base/mem.h"
#include "text/seed.h"
#include <xxhash.h>

static struct name *place(const struct names *p, uint64_t hash, const char *s, size_t n)
{
	size_t at = (size_t)hash & (p->cap - 1);

	for (;; at = (at + 1) & (p->cap - 1)) {
		struct name *x = &p->v[at];

		if (!x->s || (x->hash == hash && x->n == n && !memcmp(x->s, s, n)))
			return x;
	}
}

static void grow(struct names *p)
{
	struct names more = { .cap = p->cap ? p->cap * 2 : 64, .n = p->n, .seed = p->seed };

	more.v = xcalloc(more.cap, sizeof(*more.v));
	for (size_t i = 0; i < p->cap; i++) {
		const struct name *x = &p->v[i];

		if (x->s)
			*place(&more, x->hash, x->s, x->n) = *x;
	}
	free(p->v);
	*p = more;
}

const char *names_keepn(struct names *p, const char *s, size_t n)
{
	if (!p->cap)
		p->seed = seed_of_process();
	if (p->n >= p->cap / 2)
		grow(p);
	uint64_t hash = XXH3_64bits_withSeed(s, n, p->seed);
	struct name *x = place(p, hash, s, n);

	if (!x->s) {
		*x = (struct name){ hash, xstrndup(s, n), n };
		p->n++;
	}
	return x->s;
}

const char *names_keep(struct names *p, const char *s)
{
	return names_keepn(p, s, strlen(s));
}

void names_free(struct names *p)
{
	for (size_t i = 0; i < p->cap; i++)
		free(p->v[i].s);
	free(p->v);
	*p = (struct names){ 0 };
}
