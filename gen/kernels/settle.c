#include "gen/kernels/settle.h"
#include "base/err.h"
#include "base/file.h"
#include "progress/log.h"
#include "base/mem.h"
#include "gen/graph/plan.h"
#include "gen/kernels/remote.h"
#include "gen/kernels/search.h"
#include "gen/kernels/target.h"
#include "text/kver.h"
#include <string.h>
#include "kernel/build/build.h"
#include "kernel/cache/entry.h"
#include "kernel/name/locate.h"
#include "store/digest.h"

enum { RANGE_MAX = 64, COMMIT_SHOWN = 12, CONFIG_MAX = 8 << 20 };

struct cache {
	struct kernel_list list;
	const struct build_how *how;
	const struct kernels_opts *o;
	bool boots; /* struct search's */
	char *toolchain; /* that a build would use now, kbuild_identity(); NULL: not asked for, or programs of it are missing */
	bool asked;
};

/* Programs are run for that, so only when an entry tells its own. */
static void ask_toolchain(struct cache *c)
{
	const struct kbuild b = { .arch = c->how->key.arch, .llvm = c->o->llvm, .cross = c->o->cross };
	auto_free char *text = NULL, *more = kbuild_environment_more();
	char hex[KEY_LEN + 1];
	struct err ignored;

	if (c->asked)
		return;
	c->asked = true;
	if (kbuild_toolchain(&b, &text, &ignored) < 0)
		return;
	hash_hex(more, strlen(more), hex);
	c->toolchain = kbuild_identity(text, *more ? hex : NULL);
}

/* Tools that are named are meant. Otherwise what is there will do for a verb that boots releases and commits, of which there may be a
 * dozen; and for whoever has no compiler at all. */
static bool is_toolchain(struct cache *c, const struct target *w, const struct kernel_meta *m)
{
	auto_free char *named = kernels_tools_named(c->o);

	if (!m->toolchain || (!named && c->boots && w->from != TARGET_LOCAL))
		return true;
	ask_toolchain(c);
	return c->toolchain ? !strcmp(m->toolchain, c->toolchain) : !named;
}

static bool is_identity(const struct target *w, const struct kernel_meta *m)
{
	const char *id = m->identity;

	switch (w->from) {
	case TARGET_TARBALL:
		return true; /* its checksum is published once and for all */
	case TARGET_GIT:
		if (id && !strncmp(id, "git:", 4))
			return !strcmp(id + 4, w->commit);
		return m->git_hash && !strncmp(m->git_hash, w->commit, 7);
	case TARGET_LOCAL:
		return id && !strncmp(id, "tree:", 5) && !strcmp(id + 5, w->tree);
	case TARGET_READY:
		break;
	}
	return false;
}

/* The same up to the configuration. */
static bool same_source(const char *a, const char *b)
{
	const char *end = strstr(a, "-kc");

	return end && !strncmp(a, b, (size_t)(end - a) + 3);
}

static void tell_stale(const struct cache *c, const char *key)
{
	for (size_t i = 0; i < c->list.n; i++) {
		const struct kernel_entry *k = &c->list.v[i];

		if (k->stale_kconfig && same_source(key, k->key)) {
			log_note("%s was built with another ktstr.kconfig; building it again", k->key);
			return;
		}
	}
}

/* Whether the entry is the kernel that is wanted; what is wrong with it is told. */
static bool is_wanted(struct cache *c, const struct target *w, const struct kernel_entry *k)
{
	if (k->corrupt)
		log_note("%s is damaged (%s); building it again", k->key, k->corrupt);
	else if (k->stale_ktstr)
		log_note("%s was built with another ktstr; building it again", k->key);
	else if (!is_identity(w, &k->meta))
		log_note("%s was built from other content; building it again", k->key);
	else if (k->stale_kconfig)
		return false;
	else if (w->fetched || is_toolchain(c, w, &k->meta))
		return true;
	else
		log_note("%s was built with other tools (%s); building it again%s%s", k->key, k->meta.toolchain,
			 c->toolchain ? " with " : "", c->toolchain ? c->toolchain : "");
	return false;
}

static void look_up(struct cache *c, struct target *w)
{
	for (size_t i = 0; i < c->list.n && !c->o->force; i++) {
		const struct kernel_entry *k = &c->list.v[i];

		if (strcmp(k->key, w->key) != 0)
			continue;
		if (!is_wanted(c, w, k))
			return;
		kernel_free(&w->k);
		kernel_from_entry(&w->k, k);
		w->k.key = xstrdup(k->key);
		w->from = TARGET_READY;
		return;
	}
	if (!c->o->force)
		tell_stale(c, w->key);
}

static struct target *add(struct kernels *w, const char *id, enum target_from from)
{
	w->v = xreallocarray(w->v, w->n + 1, sizeof(*w->v));
	w->v[w->n] = (struct target){ .id = id ? xstrdup(id) : NULL, .from = from };
	return &w->v[w->n++];
}

static void name(struct target *x, const char *brief, const char *label)
{
	x->brief = plan_slug(brief);
	x->k.name = xstrdup(x->key);
	x->k.label = xstrdup(label);
}

/* "6.14.0" is published as 6.14. */
static char *published(const char *version)
{
	struct kver v;

	if (!kver_parse(&v, version) || v.parts < 3 || v.patch)
		return xstrdup(version);
	return v.rc ? xasprintf("%u.%u-rc%u", v.major, v.minor, v.rc) : xasprintf("%u.%u", v.major, v.minor);
}

static void add_tarball(struct kernels *w, struct cache *c, const char *id, const char *version)
{
	struct target *x = add(w, id, TARGET_TARBALL);

	x->version = published(version);
	x->key = key_tarball(x->version, &c->how->key);
	name(x, x->version, x->version);
	look_up(c, x);
}

static int settle_range(struct kernels *w, struct cache *c, const struct search *s, const struct asked *d,
			struct err *e)
{
	const char *found[RANGE_MAX];
	int n = releases_range(&s->ask.releases, &d->version, found, countof(found), e);

	for (int i = 0; i < n; i++)
		add_tarball(w, c, d->id, found[i]);
	return n < 0 ? -1 : 0;
}

static int settle_version(struct kernels *w, struct cache *c, const struct search *s, const struct asked *d,
			  struct err *e)
{
	const char *version;

	if (!d->version.text) {
		version = releases_latest(&s->ask.releases, e);
		if (version)
			log_info("latest stable kernel: %s", version);
	} else if (d->version.kind == KWORD_RANGE) {
		return settle_range(w, c, s, d, e);
	} else if (d->version.kind == KWORD_RELEASE) {
		version = d->version.text;
	} else {
		version = releases_series(&s->ask.releases, &d->version, e);
		if (version)
			log_info("latest %s.x kernel: %s", d->version.text, version);
	}
	if (!version)
		return -1;
	add_tarball(w, c, d->id, version);
	return 0;
}

/* The tree's own configuration is a fragment that leaves nothing to ask for; so it is told in the key. */
static int find_base(struct target *x, struct kernel_build_how *how, struct err *e)
{
	auto_free char *path = xasprintf("%s/.config", x->dir);
	auto_free char *text = NULL;
	size_t n;

	if (!file_exists(path))
		return 0;
	if (file_read(AT_FDCWD, path, CONFIG_MAX, &text, &n, e) < 0)
		return err_as(e, X_NO_INPUT, "configuration of the kernel source");
	crc_hex(text, n, x->base_kc);
	x->base = TAKE(path);
	how->extra_kc = x->base_kc;
	return 0;
}

static int settle_tree(struct kernels *w, struct cache *c, const struct search *s, const struct asked *d, struct err *e)
{
	const struct question *q = &s->ask.v[d->question];
	const char *slash = strrchr(d->text, '/');
	struct target *x = add(w, d->id, TARGET_LOCAL);
	struct kernel_build_how how = c->how->key;

	x->dir = xstrdup(d->text);
	x->tree = xstrdup(q->tree);
	x->version = xstrdup(q->version);
	x->commit = q->commit ? xstrdup(q->commit) : NULL;
	x->dirty = q->dirty;
	if (s->o->own_config && find_base(x, &how, e) < 0)
		return -1;
	x->key = key_local(q->dirty ? NULL : q->commit, q->version, q->tree, &how);
	name(x, slash && slash[1] ? slash + 1 : "tree", x->version);
	if (x->dirty)
		free(TAKE(x->key));
	else
		look_up(c, x);
	return 0;
}

static void settle_git(struct kernels *w, struct cache *c, const struct search *s, const struct asked *d)
{
	const struct question *q = d->question == NO_QUESTION ? NULL : &s->ask.v[d->question];
	struct target *x = add(w, d->id, TARGET_GIT);

	x->url = xstrdup(d->text);
	x->ref = xstrdup(d->ref);
	x->commit = xstrdup(q ? q->commit : d->ref);
	x->key = key_git(x->ref, x->commit, &c->how->key);
	auto_free char *brief = xasprintf("%.*s", q ? PLAN_SLUG_MAX : COMMIT_SHOWN, x->ref);

	name(x, brief, brief);
	look_up(c, x);
}

static int settle_word(struct kernels *w, struct cache *c, const struct search *s, struct asked *d, struct err *e)
{
	struct target *x;

	switch (d->kind) {
	case ASKED_VERSION:
		return settle_version(w, c, s, d, e);
	case ASKED_TREE:
		return settle_tree(w, c, s, d, e);
	case ASKED_GIT:
		settle_git(w, c, s, d);
		return 0;
	case ASKED_READY:
		break;
	}
	x = add(w, d->id, TARGET_READY);
	x->k = d->k;
	x->key = d->k.key ? xstrdup(d->k.key) : NULL;
	d->k = (struct kernel){ 0 };
	return 0;
}

static bool same(const struct target *a, const struct target *b)
{
	if (a->from != b->from)
		return false;
	if (a->from == TARGET_READY)
		return !strcmp(a->k.image, b->k.image);
	if (a->from == TARGET_LOCAL)
		return !strcmp(a->tree, b->tree) && !strcmp(a->base_kc, b->base_kc);
	return !strcmp(a->key, b->key);
}

static void drop_repeats(struct kernels *w)
{
	size_t n = 0;

	for (size_t i = 0; i < w->n; i++) {
		size_t k = 0;

		while (k < n && !same(&w->v[k], &w->v[i]))
			k++;
		if (k == n) {
			w->v[n++] = w->v[i];
			continue;
		}
		w->v[k].repeated = true;
		target_free(&w->v[i]);
	}
	w->n = n;
}

/* Folders in a graph must differ: two image files may well be called bzImage. */
static char *unlike(const struct kernels *w, size_t i, const char *text, const char *(*of)(const struct target *))
{
	auto_free char *base = plan_slug(text);
	char *out = xstrdup(base);

	for (size_t k = 0, n = 1; k < i; k++) {
		const char *have = of(&w->v[k]);

		if (!have || strcmp(have, out) != 0)
			continue;
		free(out);
		out = xasprintf("%s-%zu", base, ++n);
		k = (size_t)-1;
	}
	return out;
}

static const char *name_of(const struct target *w)
{
	return w->k.name;
}

static const char *brief_of(const struct target *w)
{
	return w->brief;
}

static void replace(char **text, char *with)
{
	free(*text);
	*text = with;
}

/* Two builds of one version are told apart by their names. */
static void make_labels_differ(const struct kernels *w)
{
	for (size_t i = 0; i < w->n; i++) {
		bool shared = false;

		for (size_t k = i + 1; k < w->n; k++) {
			if (strcmp(w->v[i].k.label, w->v[k].k.label) != 0)
				continue;
			shared = true;
			replace(&w->v[k].k.label, xstrdup(w->v[k].k.name));
		}
		if (shared)
			replace(&w->v[i].k.label, xstrdup(w->v[i].k.name));
	}
}

static void make_names_differ(const struct kernels *w)
{
	for (size_t i = 0; i < w->n; i++) {
		struct target *x = &w->v[i];

		replace(&x->k.name, unlike(w, i, x->k.name, name_of));
		if (x->brief)
			replace(&x->brief, unlike(w, i, x->brief, brief_of));
	}
	make_labels_differ(w);
}

/* What comes is then in the cache as if it had been there. */
static int fetch(struct kernels *w, struct cache *c, const struct search *s, struct err *e)
{
	int r = kernels_fetch(w, s, e);

	if (r <= 0)
		return r;
	kernel_list_free(&c->list);
	if (kernel_list(&c->list, s->how.kc, e) < 0)
		return -1;
	for (size_t i = 0; i < w->n; i++) {
		if (w->v[i].fetched)
			look_up(c, &w->v[i]);
	}
	return 0;
}

int search_settle(struct search *s, struct kernels *w, struct err *e)
{
	struct cache c = { .how = &s->how, .o = s->o, .boots = s->boots };
	struct kernels new = { 0 };
	int r = ask_run(&s->ask, s->home, s->o->explain, e);

	if (r == 0)
		r = kernel_list(&c.list, s->how.kc, e);
	for (size_t i = 0; r == 0 && i < s->n; i++)
		r = settle_word(&new, &c, s, &s->v[i], e);
	if (r == 0)
		drop_repeats(&new);
	if (r == 0 && !s->o->force)
		r = fetch(&new, &c, s, e);
	free(c.toolchain);
	kernel_list_free(&c.list);
	if (r < 0) {
		kernels_free(&new);
		return -1;
	}
	make_names_differ(&new);
	*w = new;
	return 0;
}
