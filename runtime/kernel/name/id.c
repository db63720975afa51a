#include "kernel/name/id.h"

#include "base/err.h"
#include "base/file.h"
#include "base/mem.h"
#include "kernel/cache/entry.h"
#include "kernel/name/locate.h"
#include "kernel/name/match.h"
#include "kernel/name/nearest.h"
#include "kernel/name/word.h"
#include <ctype.h>

static int nothing_there(const struct kernel_list *l, const char *version, struct err *e)
{
	return err_set(e, X_NO_KERNEL,
		       "there is no kernel in %s yet; build one (cargo ktstr kernel build%s%s) or import one (cargo "
		       "ktstr kernel import FILE…)",
		       l->root, version ? " " : "", version ? version : "");
}

static int damaged(const struct kernel_entry *k, struct err *e)
{
	if (k->foreign)
		return err_set(e, X_NO_KERNEL,
			       "kernel entry %s is of another program, whose metadata we cannot read: %s", k->key,
			       k->corrupt);
	return err_set(e, X_NO_KERNEL, "kernel entry %s is damaged: %s; import or build it again", k->key, k->corrupt);
}

static int no_match(const struct kernel_list *l, const struct kernel_word *w, const struct kernel_host *host,
		    struct err *e)
{
	const char *id = w->text, *version = kernel_word_is_version(w) ? id : NULL;

	/* A damaged entry has no version any more, but its key still begins with it. */
	for (size_t i = 0; i < l->n; i++) {
		if (*id && l->v[i].corrupt && !strncmp(l->v[i].key, id, strlen(id)))
			return damaged(&l->v[i], e);
	}
	if (!l->n) {
		nothing_there(l, version, e);
		return err_in(e, "kernel \"%s\"", id);
	}
	auto_free char *near = nearest_matches(l, w, host->machine);
	auto_free char *make = version ? xasprintf("; cargo ktstr kernel build %s makes it", version) : xstrdup("");

	return err_set(e, X_NO_KERNEL, "no kernel \"%s\" in %s%s%s%s (all that are there: cargo ktstr kernel list)", id,
		       l->root, near ? "; near: " : "", near ? near : "", make);
}

static void take_entry(struct kernel *k, const struct kernel_entry *entry)
{
	kernel_from_entry(k, entry);
	k->key = xstrdup(entry->key);
}

static const struct kernel_list *list_of(struct kernel_cache *c, struct err *e)
{
	if (!c->list.root && kernel_list(&c->list, c->kconfig_hash, e) < 0)
		return NULL;
	return &c->list;
}

void kernel_cache_free(struct kernel_cache *c)
{
	kernel_list_free(&c->list);
}

static int from_cache(struct kernel *k, const struct kernel_word *w, struct kernel_cache *c,
		      const struct kernel_host *host, struct err *e)
{
	const struct kernel_list *l = list_of(c, e);
	const struct kernel_entry *found;

	if (!l || match_word(&found, l, w, host->machine, e) < 0)
		return -1;
	if (found && found->corrupt)
		return damaged(found, e);
	if (found) {
		take_entry(k, found);
		return 0;
	}
	return file_exists(w->text) ? kernel_locate(k, w->text, host, e) : no_match(l, w, host, e);
}

static int resolve(struct kernel *k, const struct kernel_word *w, struct kernel_cache *c,
		   const struct kernel_host *host, struct err *e)
{
	switch (w->kind) {
	case KWORD_PATH:
		return kernel_locate(k, w->text, host, e);
	case KWORD_RUNNING:
		return kernel_running(k, host, e);
	case KWORD_GIT:
		return err_set(e, X_NO_KERNEL, "'%s' is not fetched here; build it: cargo ktstr kernel build '%s'",
			       w->text, w->text);
	case KWORD_RANGE:
		return err_set(e, X_USAGE, "'%s' is a range; one kernel is wanted here", w->text);
	case KWORD_RELEASE:
	case KWORD_SERIES:
	case KWORD_MAJOR:
	case KWORD_NAME:
		break;
	}
	return from_cache(k, w, c, host, e);
}

/* What a developer of schedulers most likely works on; beside it only what needs no word to be found. */
static int by_default(struct kernel *k, struct kernel_cache *c, const struct kernel_host *host, struct err *e)
{
	const struct kernel_list *l = list_of(c, e);
	auto_free char *headers = xasprintf("%s/lib/modules/%s/build", host->root, host->release);
	const char *const trees[] = { "./linux", "../linux", headers };
	const struct kernel_entry *newest;
	struct err why = { 0 };

	if (!l)
		return -1;
	if ((newest = match_newest(l, host->machine))) {
		take_entry(k, newest);
		return 0;
	}
	for (size_t i = 0; i < countof(trees); i++)
		if (kernel_built_tree(k, trees[i], host))
			return 0;
	if (kernel_running(k, host, &why) == 0)
		return 0;
	if (!l->n)
		return nothing_there(l, NULL, e);
	return err_set(
		e, X_NO_KERNEL,
		"no kernel in %s is current: all are damaged, of another program, for another machine, built "
		"with another ktstr.kconfig or with a fragment of your own; name one with --kernel, or build again",
		l->root);
}

char *kernel_from_environment(const char *variable)
{
	const char *p = getenv(variable);
	size_t n;

	if (!p)
		return NULL;
	while (isspace((unsigned char)*p))
		p++;
	for (n = strlen(p); n && isspace((unsigned char)p[n - 1]); n--)
		;
	return n ? xstrndup(p, n) : NULL;
}

int kernel_resolve_on(const struct kernel_host *host, struct kernel *k, const struct kernel_word *w,
		      struct kernel_cache *c, struct err *e)
{
	auto_free char *env = NULL;
	struct kernel_word from_env;

	if (w && *w->text)
		return resolve(k, w, c, host, e);
	if (!(env = kernel_from_environment("KTSTR_KERNEL")))
		return by_default(k, c, host, e);
	if (kernel_word_parse(&from_env, env, e) < 0 || resolve(k, &from_env, c, host, e) < 0)
		return err_in(e, "KTSTR_KERNEL");
	return 0;
}

int kernel_resolve(struct kernel *k, const struct kernel_word *w, struct kernel_cache *c, struct err *e)
{
	struct kernel_host here;

	kernel_host_here(&here);
	return kernel_resolve_on(&here, k, w, c, e);
}

int kernel_range(struct kernel **v, size_t *n, const struct kernel_word *w, struct kernel_cache *c, struct err *e)
{
	const struct kernel_list *l;
	struct kernel_host here;
	const char *range = w->text;

	kernel_host_here(&here);
	if (w->kind != KWORD_RANGE)
		return err_set(e, X_USAGE, "'%s' is not a range of kernels", range);
	if (!(l = list_of(c, e)))
		return -1;
	auto_free const struct kernel_entry **found = xcalloc(l->n + 1, sizeof(*found));
	size_t have = match_range(found, l, &w->from, &w->to, here.machine);

	if (!have && !l->n) {
		nothing_there(l, NULL, e);
		return err_in(e, "kernels %s", range);
	}
	if (!have) {
		auto_free char *versions = nearest_versions(l, here.machine);

		return err_set(e, X_NO_KERNEL,
			       "no kernel of %s in %s, which has %s; cargo ktstr kernel build %s makes them", range,
			       l->root, versions ? versions : "none with a version", range);
	}
	*v = xcalloc(have, sizeof(**v));
	for (*n = 0; *n < have; (*n)++)
		take_entry(&(*v)[*n], found[*n]);
	return 0;
}
