/* names.h: strings that occur again and again, each kept once. Equal texts are equal pointers. {0} is an empty pool. */
#pragma once
#include <stddef.h>
#include <stdint.h>

struct names {
	struct name {
		uint64_t hash;
		char *s; /* NULL: free */
		size_t n;
	} * v; /* open addressing */
	size_t n, cap;
	uint64_t seed; /* whoever writes a sidecar must not know how its names scatter */
};

/* Valid until names_free(). */
const char *names_keep(struct names *p, const char *s);
/* Of n bytes, none of which is NUL. */
const char *names_keepn(struct names *p, const char *s, size_t n);
void names_free(struct names *p);
