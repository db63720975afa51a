#include "kernel/name/nearest.h"

#include "text/distance.h"
#include "base/mem.h"
#include "kernel/cache/entry.h"
#include "text/kver.h"
#include "kernel/name/match.h"
#include "kernel/name/word.h"
#include <string.h>

/* Added to the distance: what only a key can name comes after all of its series, then what a slip of the finger makes of the word,
 * other series, and other words. */
enum { BY_KEY_ONLY = 1 << 20, SLIP = 1 << 22, OTHER_SERIES = 1 << 23, OTHER_WORD = 1 << 26 };
/* In a series the newest comes first: patch levels below this count, candidates have none. */
enum { PATCHES = 1 << 10, SERIES_MAX = 1 << 12 };
enum { SHOWN = 3, VERSIONS_SHOWN = 8 };

struct near {
	const char *name;
	unsigned distance;
};

/* Patch levels between two releases of one series; false for anything else. */
static bool same_series(const struct kernel_entry *k, const struct kernel_word *w, unsigned *distance)
{
	const struct kver *want = &w->from;
	struct kver have;

	if (!kernel_word_is_version(w) || !match_version(k, &have) || !kver_same_series(want, &have))
		return false;
	*distance = want->patch > have.patch ? want->patch - have.patch : have.patch - want->patch;
	return true;
}

/* Series between two versions of one major number, and in a series the patch levels below all that count. */
static bool same_major(const struct kernel_entry *k, const struct kernel_word *w, unsigned *distance)
{
	const struct kver *want = &w->from;
	struct kver have;

	if (!kernel_word_is_version(w) || !match_version(k, &have) || want->major != have.major)
		return false;
	unsigned series = want->minor > have.minor ? want->minor - have.minor : have.minor - want->minor;
	unsigned patch = have.rc ? 0 : 1 + (have.patch < PATCHES - 2 ? have.patch : PATCHES - 2);

	*distance = (series < SERIES_MAX ? series : SERIES_MAX) * PATCHES + PATCHES - patch;
	return true;
}

/* The name of the entry that is closest to id; the shortest one among equals, which is what one would type. */
static struct near closest(const struct kernel_entry *k, const struct kernel_word *w, const char *machine)
{
	const char *id = w->text;
	bool named = match_by_version(k, machine);
	const char *names[] = { named ? k->meta.version : NULL, named ? k->meta.release : NULL, k->key };
	struct near best = { .distance = ~0u };
	unsigned patches, series;

	for (size_t i = 0; i < countof(names); i++) {
		unsigned d = names[i] ? edit_distance_prefix(id, names[i]) : ~0u;

		if (d < best.distance)
			best = (struct near){ names[i], d };
	}
	const char *shortest = names[0] ? names[0] : names[1];

	if (same_series(k, w, &patches))
		return shortest ? (struct near){ shortest, patches } : (struct near){ k->key, patches + BY_KEY_ONLY };
	if (best.distance > 1 && same_major(k, w, &series))
		return (struct near){ shortest ? shortest : k->key, series + OTHER_SERIES };
	if (best.distance > (strlen(id) < 3 ? 1 : strlen(id) / 3))
		return (struct near){ 0 };
	best.distance += best.distance > 1 ? OTHER_WORD : SLIP;
	return best;
}

/* Keeps the list sorted and free of repetitions. */
static void insert(struct near *list, size_t *n, size_t max, struct near new)
{
	size_t at;

	for (size_t i = 0; i < *n; i++)
		if (!strcmp(list[i].name, new.name))
			return;
	for (at = *n; at > 0 && list[at - 1].distance > new.distance; at--)
		if (at < max)
			list[at] = list[at - 1];
	if (at < max)
		list[at] = new;
	if (*n < max)
		(*n)++;
}

static char *join(const struct near *list, size_t n)
{
	char *text;
	size_t size;
	FILE *f;

	if (!n)
		return NULL;
	f = xmemstream(&text, &size);
	for (size_t i = 0; i < n; i++)
		fprintf(f, "%s%s", i ? ", " : "", list[i].name);
	fclose(f);
	return text;
}

char *nearest_matches(const struct kernel_list *l, const struct kernel_word *w, const char *machine)
{
	struct near list[SHOWN];
	size_t n = 0;

	for (size_t i = 0; i < l->n; i++) {
		struct near k = { 0 };

		if (!l->v[i].corrupt)
			k = closest(&l->v[i], w, machine);
		if (k.name)
			insert(list, &n, SHOWN, k);
	}
	return join(list, n);
}

char *nearest_versions(const struct kernel_list *l, const char *machine)
{
	struct near list[VERSIONS_SHOWN];
	size_t n = 0;

	for (size_t i = 0; i < l->n; i++) {
		const struct kernel_meta *m = &l->v[i].meta;
		const char *name = m->version ? m->version : m->release;

		if (match_by_version(&l->v[i], machine) && name)
			insert(list, &n, VERSIONS_SHOWN, (struct near){ .name = name });
	}
	return join(list, n);
}
