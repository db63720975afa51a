/* inventory.h: all that a store holds, each thing that can go by itself, least recently used first.
 *
 * Results are those of gc.h. A build folder, objects, a source or texts at which somebody works are in use and stay. All of it can be
 * had again, but for what is remembered of earlier runs. What goes is out of sight at once: half of it is never there to be found. */
#pragma once
#include "store/gc.h"
#include <stdbool.h>

enum inventory_kind {
	INVENTORY_RESULT,  /* objects/: of a step, which is the holding's step */
	INVENTORY_GRAPH,   /* graphs/: a build folder of ninja; only what no result shares with it counts */
	INVENTORY_TREE,    /* trees/: objects of kernel builds, so that the next one is incremental */
	INVENTORY_SOURCE,  /* sources/: a fetched source whose kernel is not built yet, or half of one */
	INVENTORY_TARBALL, /* tarballs/: a release as it came, or its first part */
	INVENTORY_TEXTS,   /* texts/: of the tests of a program, which writes them again */
	INVENTORY_HISTORY, /* history/: what came of earlier runs, each by itself; nobody can have it again */
	INVENTORY_NOTE,    /* hashes/, releases/, sums/, host/: small, and had again in seconds */
	INVENTORY_KINDS,
};

struct inventory_item {
	enum inventory_kind kind;
	char *path;                 /* below the store */
	char *step;                 /* RESULT; else NULL */
	uint64_t bytes;             /* on the disk */
	long long used;             /* last use, seconds since 1970 */
	const struct gc_item *item; /* RESULT; owned by struct inventory */
};

struct inventory {
	struct store *st; /* not owned */
	struct gc gc;
	struct inventory_item *v;
	size_t n;
};

int inventory_open(struct inventory *h, struct store *st, struct err *e);
void inventory_close(struct inventory *h); /* may run twice */
#define auto_inventory __attribute__((unused, cleanup(inventory_close)))

/* GC_REMOVED, GC_IN_USE. One that is gone already counts as removed. */
int inventory_remove(struct inventory *h, const struct inventory_item *x, struct err *e);
/* Whether somebody works with it now. A result may turn out to be in use by a build folder only when it is removed. */
int inventory_in_use(struct inventory *h, const struct inventory_item *x, bool *in_use, struct err *e);
/* "result", "build folder" … of one of them. */
const char *inventory_kind_name(enum inventory_kind kind);
