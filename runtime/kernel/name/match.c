#include "kernel/name/match.h"

#include "base/err.h"
#include "base/mem.h"
#include "kernel/cache/entry.h"
#include "text/kver.h"
#include "kernel/name/word.h"

bool match_by_version(const struct kernel_entry *k, const char *machine)
{
	return !k->corrupt && !k->meta.extra_kconfig_hash && !strcmp(k->meta.arch, machine);
}

bool match_version(const struct kernel_entry *k, struct kver *v)
{
	char prefix[32];

	if (k->meta.version)
		return kver_parse(v, k->meta.version);
	if (!k->meta.release)
		return false;
	kver_prefix(k->meta.release, prefix, sizeof(prefix));
	return kver_parse(v, prefix);
}

static bool stale(const struct kernel_entry *k)
{
	return k->stale_kconfig || k->stale_ktstr;
}

struct candidate {
	const struct kernel_entry *entry;
	struct kver version;
};

/* Ours before other programs', a release before somebody's tree that calls itself by that number, a newer one before an
 * older one, then a fresh one.
 * Asked in the list's order, so of equal ones the one added last stays. */
static bool better(const struct candidate *new, const struct candidate *old)
{
	int r;

	if (!old->entry)
		return true;
	r = old->entry->foreign - new->entry->foreign;
	if (!r)
		r = !old->entry->meta.version - !new->entry->meta.version;
	if (!r)
		r = kver_cmp(&new->version, &old->version);
	if (!r)
		r = stale(old->entry) - stale(new->entry);
	return r > 0;
}

static bool version_fits(const struct kver *want, const struct kver *have)
{
	if (want->parts == 2 && !want->rc)
		return kver_same_series(want, have) && !have->rc;
	return kver_cmp(want, have) == 0;
}

static const struct kernel_entry *by_version(const struct kernel_list *l, const struct kernel_word *w,
					     const char *machine)
{
	struct candidate best = { 0 };

	if (!kernel_word_is_version(w))
		return NULL;
	for (size_t i = 0; i < l->n; i++) {
		struct candidate c = { .entry = &l->v[i] };

		if (match_by_version(c.entry, machine) && match_version(c.entry, &c.version) &&
		    version_fits(&w->from, &c.version) && better(&c, &best))
			best = c;
	}
	return best.entry;
}

static const struct kernel_entry *by_key(const struct kernel_list *l, const char *id)
{
	for (size_t i = 0; i < l->n; i++)
		if (!strcmp(l->v[i].key, id))
			return &l->v[i];
	return NULL;
}

static const struct kernel_entry *by_release(const struct kernel_list *l, const char *id, const char *machine)
{
	for (size_t i = 0; i < l->n; i++)
		if (match_by_version(&l->v[i], machine) && l->v[i].meta.release && !strcmp(l->v[i].meta.release, id))
			return &l->v[i];
	return NULL;
}

static int ambiguous(const struct kernel_list *l, const char *id, struct err *e)
{
	auto_free char *text = NULL;
	size_t size;
	FILE *f = xmemstream(&text, &size);

	for (size_t i = 0; i < l->n; i++)
		if (!l->v[i].corrupt && !strncmp(l->v[i].key, id, strlen(id)))
			fprintf(f, "%s%s", ftell(f) ? ", " : "", l->v[i].key);
	fclose(f);
	return err_set(e, X_NO_KERNEL, "\"%s\" is the beginning of several kernels: %s", id, text);
}

static int by_prefix(const struct kernel_list *l, const char *id, const struct kernel_entry **found, struct err *e)
{
	size_t hits = 0;

	for (size_t i = 0; i < l->n; i++) {
		if (l->v[i].corrupt || strncmp(l->v[i].key, id, strlen(id)) != 0)
			continue;
		*found = &l->v[i];
		hits++;
	}
	return hits > 1 ? ambiguous(l, id, e) : 0;
}

int match_word(const struct kernel_entry **found, const struct kernel_list *l, const struct kernel_word *w,
	       const char *machine, struct err *e)
{
	const char *id = w->text;

	*found = by_version(l, w, machine);
	if (!*found)
		*found = by_key(l, id);
	if (!*found)
		*found = by_release(l, id, machine);
	/* Who asks for 6.12.1 does not want 6.12.117. */
	if (!*found && !kernel_word_is_version(w))
		return by_prefix(l, id, found, e);
	return 0;
}

static int by_series(const void *a, const void *b)
{
	return kver_cmp(&((const struct candidate *)a)->version, &((const struct candidate *)b)->version);
}

size_t match_range(const struct kernel_entry **out, const struct kernel_list *l, const struct kver *from,
		   const struct kver *to, const char *machine)
{
	auto_free struct candidate *best = xcalloc(l->n + 1, sizeof(*best));
	size_t n = 0;

	for (size_t i = 0; i < l->n; i++) {
		struct candidate c = { .entry = &l->v[i] };
		size_t at = 0;

		if (!match_by_version(c.entry, machine) || !match_version(c.entry, &c.version) || c.version.rc)
			continue;
		struct kver series = { .major = c.version.major, .minor = c.version.minor, .parts = 2 };

		if (kver_cmp(&series, from) < 0 || kver_cmp(&series, to) > 0)
			continue;
		while (at < n && !kver_same_series(&best[at].version, &c.version))
			at++;
		if (better(&c, &best[at]))
			best[at] = c;
		n += at == n;
	}
	qsort(best, n, sizeof(*best), by_series);
	for (size_t i = 0; i < n; i++)
		out[i] = best[i].entry;
	return n;
}

const struct kernel_entry *match_newest(const struct kernel_list *l, const char *machine)
{
	for (size_t i = 0; i < l->n; i++)
		if (match_by_version(&l->v[i], machine) && !stale(&l->v[i]) && !l->v[i].foreign)
			return &l->v[i];
	return NULL;
}
