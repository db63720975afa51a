/* span.h: kernels in the order of their versions, from one that is good to one that is bad. */
#pragma once
#include "text/kver.h"
#include <stdbool.h>
#include <stddef.h>
struct argv;
struct err;
struct home;
struct hunt;

struct span_kernel {
	char *word;  /* what --kernel takes: its key, or a version that is to be built */
	char *title; /* its release, or version */
	struct kver version;
};

struct span {
	struct span_kernel *v; /* the first is good, the last is bad */
	size_t n;
};

/* Of each version in the cache the entry that was added last, releases before built trees; with build also releases that are not there: of one
 * series all between, else the newest of each series that kernel.org lists. X_NO_KERNEL: one of the two is not there. X_USAGE: it has no version, or
 * the good one is not the older of them. l is to be freed in any case. */
int span_find(struct span *l, const struct home *home, const char *good, const char *bad, bool build, struct err *e);
/* For hunt.h. */
void span_left(const struct span *l, const struct hunt *h, struct argv *ids);
const struct span_kernel *span_at(const struct span *l, const char *word);
void span_free(struct span *l);
