#include "json/keys.h"
#include "base/mem.h"
#include "text/seed.h"
#include <xxhash.h>

enum { CAP_LEAST = 128, CAP_KEPT = 1 << 14 };

static uint64_t hash_of(const struct json_keys *k, uint64_t object, struct json_text key)
{
	const uint64_t odd = 0x9e3779b97f4a7c15; /* 2^64 over the golden ratio: its multiples scatter */
	uint64_t seed = k->seed + object * odd;

	if (!key.escaped)
		return XXH3_64bits_withSeed(key.s, key.n, seed);
	auto_free char *plain = xmalloc(key.n);

	return XXH3_64bits_withSeed(plain, json_text_decode(key, plain), seed);
}

static bool same(const struct json_key *a, struct json_text b)
{
	if (!a->escaped && !b.escaped)
		return a->n == b.n && !memcmp(a->s, b.s, b.n);
	auto_free char *x = xmalloc((size_t)a->n + 1), *y = xmalloc(b.n + 1);
	size_t n = json_text_decode((struct json_text){ a->s, a->n, a->escaped }, x);

	return n == json_text_decode(b, y) && !memcmp(x, y, n);
}

static struct json_key *place(const struct json_keys *k, uint64_t hash, uint64_t object, struct json_text key)
{
	size_t at = (size_t)(hash ^ hash >> 32) & (k->cap - 1);

	for (;; at = (at + 1) & (k->cap - 1)) {
		struct json_key *x = &k->v[at];

		if (x->object < k->first || (x->hash == hash && x->object == object && same(x, key)))
			return x;
	}
}

static void grow(struct json_keys *k)
{
	struct json_keys more = *k;

	more.cap = k->cap ? k->cap * 2 : CAP_LEAST;
	more.v = xcalloc(more.cap, sizeof(*more.v));
	for (size_t i = 0; i < k->cap; i++) {
		const struct json_key *x = &k->v[i];

		if (x->object >= k->first)
			*place(&more, x->hash, x->object, (struct json_text){ x->s, x->n, x->escaped }) = *x;
	}
	free(k->v);
	*k = more;
}

void json_keys_begin(struct json_keys *k)
{
	if (k->cap > CAP_KEPT) {
		free(TAKE(k->v));
		k->cap = 0;
	}
	if (!k->object)
		k->seed = seed_of_process();
	k->n = 0;
	k->first = k->object + 1;
}

uint64_t json_keys_object(struct json_keys *k)
{
	return ++k->object;
}

bool json_keys_add(struct json_keys *k, uint64_t object, struct json_text key)
{
	uint64_t hash = hash_of(k, object, key);

	if (k->n >= k->cap / 2)
		grow(k);
	struct json_key *x = place(k, hash, object, key);

	if (x->object >= k->first)
		return false;
	*x = (struct json_key){ hash, object, key.s, (uint32_t)key.n, key.escaped };
	k->n++;
	return true;
}

void json_keys_free(struct json_keys *k)
{
	free(k->v);
	*k = (struct json_keys){ 0 };
}
