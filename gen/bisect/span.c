#include "gen/bisect/span.h"

#include <stdlib.h>
#include <string.h>

#include "base/err.h"
#include "base/mem.h"
#include "gen/base/home.h"
#include "gen/bisect/hunt.h"
#include "gen/kernels/kernels.h"
#include "kernel/cache/entry.h"
#include "kernel/name/id.h"
#include "kernel/name/locate.h"
#include "kernel/name/match.h"
#include "kernel/name/word.h"
#include "text/argv.h"

/* No series ever had as many releases. */
enum { PATCHES_MAX = 1000 };

static void add(struct span *l, const char *word, const char *title, const struct kver *version)
{
	l->v = xreallocarray(l->v, l->n + 1, sizeof(*l->v));
	l->v[l->n++] = (struct span_kernel){ xstrdup(word), xstrdup(title), *version };
}

static const struct kernel_entry *entry_of(const struct kernel_cache *c, const char *key)
{
	for (size_t i = 0; key && i < c->list.n; i++)
		if (!strcmp(c->list.v[i].key, key))
			return &c->list.v[i];
	return NULL;
}

static const char *title_of(const struct kernel_entry *k)
{
	return k->meta.release ? k->meta.release : k->meta.version ? k->meta.version : k->key;
}

static int add_end(struct span *l, struct kernel_cache *cache, const char *text, bool build, struct err *e)
{
	auto_kernel struct kernel k = { 0 };
	struct kernel_word w;
	struct kver version;

	if (kernel_word_parse(&w, text, e) < 0)
		return -1;
	if (kernel_resolve(&k, &w, cache, e) < 0) {
		if (e->code != X_NO_KERNEL || !build || w.kind != KWORD_RELEASE)
			return -1;
		*e = (struct err){ 0 };
		add(l, text, text, &w.from);
		return 0;
	}
	const struct kernel_entry *entry = entry_of(cache, k.key);

	if (!entry || !match_version(entry, &version))
		return err_set(
			e, X_USAGE,
			"%s has no version that would tell where it stands among others: name kernels of the cache "
			"(ktstr kernel list), or commits of a repository with --tree DIR",
			text);
	add(l, entry->key, title_of(entry), &version);
	return 0;
}

static bool is_between(const struct span *l, const struct kver *v)
{
	return kver_cmp(&l->v[0].version, v) < 0 && kver_cmp(v, &l->v[1].version) < 0;
}

static struct span_kernel *of_version(const struct span *l, const struct kver *v)
{
	for (size_t i = 0; i < l->n; i++)
		if (!kver_cmp(&l->v[i].version, v))
			return &l->v[i];
	return NULL;
}

/* The list has those first that were added last. */
static void add_cached(struct span *l, const struct kernel_cache *cache, bool published)
{
	struct kernel_host here;

	kernel_host_here(&here);
	for (size_t i = 0; i < cache->list.n; i++) {
		const struct kernel_entry *k = &cache->list.v[i];
		struct kver version;

		if (match_by_version(k, here.machine) && !k->meta.version == !published && match_version(k, &version) &&
		    is_between(l, &version) && !of_version(l, &version))
			add(l, k->key, title_of(k), &version);
	}
}

static void add_patches(struct span *l)
{
	const struct kver first = l->v[0].version, last = l->v[1].version;

	for (unsigned p = first.patch + 1; p < last.patch && p - first.patch < PATCHES_MAX; p++) {
		struct kver v = { .major = first.major, .minor = first.minor, .patch = p, .parts = 3 };
		auto_free char *text = xasprintf("%u.%u.%u", v.major, v.minor, p);

		if (!of_version(l, &v))
			add(l, text, text, &v);
	}
}

static int add_series(struct span *l, const struct home *home, struct err *e)
{
	const struct kver a = l->v[0].version, b = l->v[1].version;
	auto_free char *range = xasprintf("%u.%u..%u.%u", a.major, a.minor, b.major, b.minor);
	struct kernels_opts how = { .build = KERNELS_BUILD_YES };
	auto_kernels struct kernels found = { 0 };
	const char *ids[] = { range };

	if (kernels_environment(&how, e) < 0 || kernels_find(&found, home, ids, 1, &how, e) < 0)
		return -1;
	for (size_t i = 0; i < found.n; i++) {
		struct kver v;

		if (found.v[i].version && kver_parse(&v, found.v[i].version) && is_between(l, &v) && !of_version(l, &v))
			add(l, found.v[i].version, found.v[i].version, &v);
	}
	return 0;
}

static int by_version(const void *a, const void *b)
{
	return kver_cmp(&((const struct span_kernel *)a)->version, &((const struct span_kernel *)b)->version);
}

int span_find(struct span *l, const struct home *home, const char *good, const char *bad, bool build, struct err *e)
{
	char kconfig[9];
	auto_kernel_cache struct kernel_cache cache = { .kconfig_hash = kconfig };

	*l = (struct span){ 0 };
	if (home_kconfig_hash(home, kconfig, e) < 0)
		return -1;
	if (add_end(l, &cache, good, build, e) < 0)
		return err_in(e, "--good");
	if (add_end(l, &cache, bad, build, e) < 0)
		return err_in(e, "--bad");
	int order = kver_cmp(&l->v[0].version, &l->v[1].version);

	if (order >= 0)
		return err_set(e, X_USAGE,
			       "%s, the good one, is %s %s, the bad one: what is looked for is the first that fails",
			       l->v[0].title, order ? "newer than" : "the same version as", l->v[1].title);
	if (!cache.list.root && kernel_list(&cache.list, kconfig, e) < 0)
		return -1;
	add_cached(l, &cache, true);
	add_cached(l, &cache, false);
	if (build && kver_same_series(&l->v[0].version, &l->v[1].version))
		add_patches(l);
	else if (build && add_series(l, home, e) < 0)
		return -1;
	qsort(l->v, l->n, sizeof(*l->v), by_version);
	return 0;
}

static bool is_in(const struct argv *ids, const char *id)
{
	for (size_t i = 0; i < ids->n; i++)
		if (!strcmp(ids->v[i], id))
			return true;
	return false;
}

void span_left(const struct span *l, const struct hunt *h, struct argv *ids)
{
	size_t low = 0, high = l->n - 1;

	for (size_t i = 0; i < l->n; i++) {
		if (is_in(&h->good, l->v[i].word))
			low = i;
		if (!strcmp(h->bad, l->v[i].word))
			high = i;
	}
	size_t middle = (low + high) / 2;

	/* From the middle to both sides. */
	for (size_t away = 0; away <= high - low; away++) {
		if (middle >= away && middle - away > low)
			argv_add(ids, l->v[middle - away].word);
		if (away && middle + away < high)
			argv_add(ids, l->v[middle + away].word);
	}
}

const struct span_kernel *span_at(const struct span *l, const char *word)
{
	for (size_t i = 0; i < l->n; i++)
		if (!strcmp(l->v[i].word, word))
			return &l->v[i];
	return NULL;
}

void span_free(struct span *l)
{
	for (size_t i = 0; i < l->n; i++) {
		free(l->v[i].word);
		free(l->v[i].title);
	}
	free(l->v);
	*l = (struct span){ 0 };
}
