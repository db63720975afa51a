#include "gen/base/index.h"
#include "base/mem.h"
#include <string.h>
#include <xxhash.h>

enum { ROOM_MIN = 64 };

/* Where name is, or the free slot where it belongs. */
static struct index_slot *slot(const struct index *x, const char *name)
{
	size_t i = (size_t)XXH3_64bits(name, strlen(name)) & (x->room - 1);

	while (x->v[i].name && strcmp(x->v[i].name, name) != 0)
		i = (i + 1) & (x->room - 1);
	return &x->v[i];
}

static void grow(struct index *x)
{
	struct index larger = { .n = x->n, .room = x->room ? x->room * 2 : ROOM_MIN };

	larger.v = xcalloc(larger.room, sizeof(*larger.v));
	for (size_t i = 0; i < x->room; i++) {
		if (x->v[i].name)
			*slot(&larger, x->v[i].name) = x->v[i];
	}
	free(x->v);
	*x = larger;
}

void *index_add(struct index *x, const char *name, void *value)
{
	if (2 * (x->n + 1) > x->room)
		grow(x);
	struct index_slot *s = slot(x, name);

	if (s->name)
		return s->value;
	*s = (struct index_slot){ name, value };
	x->n++;
	return value;
}

void *index_find(const struct index *x, const char *name)
{
	return x->room ? slot(x, name)->value : NULL;
}

void index_free(struct index *x)
{
	free(x->v);
	*x = (struct index){ 0 };
}
