/* got.h: a letter that comes, as the layouts share it. */
#pragma once
#include "remote/policy.h"
#include "letter/letter.h"
#include <stdbool.h>
struct err;
struct job;
struct wire;

struct got {
	struct arrival arrival;
	struct patience patience;
	struct sha sum;
	uint64_t bytes;
};

void got_begin(struct got *g, const struct wire *w, const struct job *j);
/* A sink of wire.h. */
int got_letter(void *arg, const void *data, size_t n, struct err *e);
/* All of it is there: the label goes beside it. Told when it is not so. */
bool got_all(struct got *g, struct wire *w, const struct job *j);
void got_drop(struct got *g);
