/* verify.h: results held against their lists of contents (content.h) and their recipes. */
#pragma once
#include "store/digest.h"
#include <stddef.h>
#include <stdint.h>
struct err;
struct store;

struct verdict {
	char key[KEY_LEN + 1];
	char *step; /* that made it; "" when its recipe is damaged */
	char *file; /* below the result; "recipe" and "content" among them */
	char *why;
};

struct verdicts {
	struct verdict *v; /* what is damaged, one each result: the first thing wrong with it; by key */
	size_t n;
	size_t looked_at;
	uint64_t bytes; /* read */
};

enum verify_depth {
	VERIFY_QUICK, /* every file is there, regular, and of its size */
	VERIFY_ALL,   /* and has the content it was stored with */
};

typedef void verify_progress(size_t done, size_t total, const char *note);

/* Looks at every result. Nothing is changed; what is being made or thrown out meanwhile does not count. A stop ends it. progress
 * may be NULL. */
int store_verify(struct verdicts *v, struct store *st, enum verify_depth depth, verify_progress *progress,
		 struct err *e);
void verdicts_free(struct verdicts *v);
#define auto_verdicts __attribute__((unused, cleanup(verdicts_free)))
