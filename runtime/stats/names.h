/* names.h: strings that occur again and again, each kept once. Equal texts are equal pointers. {0} is an empty pool. */
#pragma once
#include <stddef.h>

struct names {
	char **v; /* open addressing; NULL: free */
	size_t n, cap;
};

/* Valid until names_free(). */
const char *names_keep(struct names *p, const char *s);
void names_free(struct names *p);
