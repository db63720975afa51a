/* prefetch.h: the texts of a collection's files, one after the other, while a thread reads the next ones. */
#pragma once
#include "base/err.h"
#include "stats/collect.h"
#include <pthread.h>
#include <stdbool.h>

enum { PREFETCH_FILES = 64 };

struct prefetch_text {
	char *s; /* with a NUL behind it */
	size_t n, cap;
	bool bad; /* it could not be read, and why says what was wrong */
	struct err why;
};

/* files[i % PREFETCH_FILES] is the collection's file i, for taken <= i < ready. */
struct prefetch {
	const struct collection *c;
	struct prefetch_text files[PREFETCH_FILES];
	size_t next, upto; /* the caller has had all before next, and may have those before upto without asking */
	bool threaded;
	pthread_t thread;
	pthread_mutex_t lock; /* of what follows */
	pthread_cond_t more, room;
	size_t ready, taken;
	size_t bytes; /* of the texts between them */
	bool want_more, want_room, over;
};

/* c outlives it. */
void prefetch_begin(struct prefetch *p, const struct collection *c);
/* The next file in the order of c, valid until the next call; NULL behind the last one. */
const struct prefetch_text *prefetch_next(struct prefetch *p);
void prefetch_end(struct prefetch *p);
