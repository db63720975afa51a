/* index.h: from a name to what has it, in constant time. {0} is an empty one; names are not copied. */
#pragma once
#include <stddef.h>

struct index_slot {
	const char *name; /* NULL: free */
	void *value;
};

struct index {
	struct index_slot *v;
	size_t n, room; /* room: a power of two, at least twice n */
};

/* Adds name unless it is there; what the name stands for then. name must outlive the index. */
void *index_add(struct index *x, const char *name, void *value);
/* NULL: nothing has that name. */
void *index_find(const struct index *x, const char *name);
void index_free(struct index *x); /* back to {0} */
#define auto_index __attribute__((unused, cleanup(index_free)))
