/* kept.h: what a program in a guest wrote, as far as there is room: all of it up to a bound, and the end of what is beyond. */
#pragma once
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>

#define KEPT_TAIL (64u << 10)

struct kept {
	size_t max; /* bytes from the beginning */
	char *head;
	size_t n, cap;
	char tail[KEPT_TAIL]; /* the last bytes of all */
	size_t tail_n;
	uint64_t said; /* bytes in all */
};

void kept_add(struct kept *k, const char *data, size_t n);
/* What there is, with a line in place of what is not. */
void kept_write(FILE *f, const struct kept *k);
void kept_free(struct kept *k);
#define auto_kept __attribute__((unused, cleanup(kept_free)))
