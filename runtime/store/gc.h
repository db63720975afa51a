/* gc.h: what lies in a store, and the least recently used of it thrown out.
 *
 * A result is in use, and stays, while somebody makes it, looks it up or places it (its lock, and a shared flock on its
 * folder), and while a build folder that has a link to it is busy: whoever works with a build folder holds a shared flock
 * on its "used" (store_use_graph). So does one that was placed outside of the store by large files. What is thrown out goes from the store and from the build folders that are not busy, so
 * that its room is free again; the next request for it makes it again. Several processes may do this at once. */
#pragma once
#include "store/digest.h"
#include <stddef.h>
#include <stdint.h>
#include <sys/types.h>
struct err;
struct store;

struct gc_item {
	char key[KEY_LEN + 1];
	char *step;     /* that made it; "" when its recipe is damaged */
	uint64_t bytes; /* on the disk, shared with build folders */
	long long used; /* last use, seconds since 1970: asked for, or a build folder with a link to it was at work */
};

/* A file in a build folder that is one with a stored file. */
struct gc_link {
	dev_t dev;
	ino_t ino;
	char *path; /* relative to the store: "graphs/{name}/{folder of the step}/{file}" */
	long long used;
};

struct gc {
	struct store *st; /* not owned */
	struct gc_item *v;
	size_t n;
	struct gc_link *links;
	size_t n_links;
};

/* The results that this step made (NULL: any), least recently used first. */
int gc_open(struct gc *g, struct store *st, const char *step, struct err *e);
void gc_close(struct gc *g); /* may run twice */
#define auto_gc __attribute__((unused, cleanup(gc_close)))

enum { GC_REMOVED = 0, GC_IN_USE = 1 };
/* Throws one out. GC_IN_USE: it is all there. One that is gone already counts as removed. */
int gc_remove(struct gc *g, const struct gc_item *item, struct err *e);

/* Throws out until what this step made has at most so many bytes together, or all the rest is in use. */
int gc_bound(struct store *st, const char *step, uint64_t bytes, struct err *e);

/* Of a build folder open as dir: a descriptor that keeps its files where they are until it is closed, by us or by our
 * death. Negative: failed, or a stop while one of them was being thrown out. */
int store_use_graph(int dir, struct err *e);
/* The other way: both locks of the build folder path (below the store), which nobody else has then; the caller closes what is not
 * negative. GC_IN_USE: somebody works with it. create: O_CREAT, or 0 when a missing lock is as good as one that is free. */
int gc_lock_graph(struct store *st, const char *path, int create, int locks[2], struct err *e);
