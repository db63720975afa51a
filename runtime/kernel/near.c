#include "kernel/near.h"

#include "base/mem.h"
#include "kernel/entry.h"
#include <stdbool.h>
#include <string.h>

enum { NAME_MAX_LEN = 96, SHOWN = 3 };

static unsigned least(unsigned a, unsigned b, unsigned c)
{
	unsigned m = a < b ? a : b;

	return m < c ? m : c;
}

unsigned near_distance(const char *id, const char *name)
{
	size_t n = strnlen(id, NAME_MAX_LEN), m = strnlen(name, NAME_MAX_LEN);
	unsigned row[NAME_MAX_LEN + 1], best;

	for (size_t j = 0; j <= m; j++)
		row[j] = (unsigned)j;
	for (size_t i = 1; i <= n; i++) {
		unsigned diagonal = row[0];

		row[0] = (unsigned)i;
		for (size_t j = 1; j <= m; j++) {
			unsigned above = row[j];

			row[j] = least(above + 1, row[j - 1] + 1, diagonal + (id[i - 1] != name[j - 1]));
			diagonal = above;
		}
	}
	best = row[0];
	for (size_t j = 1; j <= m; j++)
		best = row[j] < best ? row[j] : best;
	return best;
}

struct near {
	const char *name;
	unsigned distance;
};

/* The name of the entry that is closest to id; the shortest one among equals, which is what one would type. */
static struct near closest(const struct kernel_entry *k, const char *id)
{
	const char *names[] = { k->meta.version, k->meta.release, k->key };
	struct near best = { .distance = ~0u };

	for (size_t i = 0; i < countof(names); i++) {
		unsigned d = names[i] ? near_distance(id, names[i]) : ~0u;

		if (d < best.distance)
			best = (struct near){ names[i], d };
	}
	return best;
}

/* Keeps the list sorted and free of repetitions. */
static void insert(struct near *list, size_t *n, struct near new)
{
	size_t at;

	for (size_t i = 0; i < *n; i++)
		if (!strcmp(list[i].name, new.name))
			return;
	for (at = *n; at > 0 && list[at - 1].distance > new.distance; at--)
		if (at < SHOWN)
			list[at] = list[at - 1];
	if (at < SHOWN)
		list[at] = new;
	if (*n < SHOWN)
		(*n)++;
}

char *near_matches(const struct kernel_list *l, const char *id)
{
	unsigned far = (unsigned)strlen(id) / 3;
	struct near list[SHOWN];
	size_t n = 0, size;
	char *text;
	FILE *f;

	for (size_t i = 0; i < l->n; i++) {
		struct near k = { 0 };

		if (!l->v[i].corrupt)
			k = closest(&l->v[i], id);
		if (k.name && k.distance <= (far < 1 ? 1 : far))
			insert(list, &n, k);
	}
	if (!n)
		return NULL;
	f = xmemstream(&text, &size);
	for (size_t i = 0; i < n; i++)
		fprintf(f, "%s%s", i ? ", " : "", list[i].name);
	fclose(f);
	return text;
}
