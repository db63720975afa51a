/* whole.h: a test with all that a request says of it, in one text: scheduler with its arguments, topology, seed, what is expected. */
#pragma once
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
struct err;
struct scenario;
struct test;

struct whole_opts {
	const char *topology;            /* NULL: as the text says */
	const char *const *expect_lines; /* NULL-ended */
	uint64_t memory_mb;              /* 0: as the text says */
};

/* Changes the scenario of t. X_USAGE: it is of real time, or the topology is none. */
int whole_make(struct test *t, const struct whole_opts *o, struct err *e);
/* s with that one seed. Caller frees. */
char *whole_text(struct scenario *s, uint64_t seed);

/* How large it is. */
struct extent {
	size_t lines;
	unsigned workers, cpus;
	uint64_t ns;
};
/* False: its topology cannot have it. */
bool whole_extent(struct extent *x, const struct scenario *s);
