/* Values: which there are depends on what the option asks for, and that is told by its placeholder. */
#include "base/err.h"
#include "base/mem.h"
#include "options/opt.h"
#include "gen/complete/profile.h"
#include "gen/complete/value.h"
#include "gen/complete/word.h"
#include "kernel/cache/entry.h"
#include "scenario/catalogue.h"
#include "topology/presets.h"

/* What a value is, with all that may help to find some. */
struct ask {
	FILE *f;
	const char *typed, *before;
	const char *const *words;
	size_t n;
};

static void files(const struct ask *a)
{
	fputs("=files\n", a->f);
}

static void folders(const struct ask *a)
{
	fputs("=folders\n", a->f);
}

static bool said_before(const struct kernel_list *l, size_t n, const char *version)
{
	for (size_t i = 0; i < n; i++) {
		if (l->v[i].meta.version && !strcmp(l->v[i].meta.version, version))
			return true;
	}
	return false;
}

/* Versions and keys of the cache. A path is a kernel, too. */
static void kernels(const struct ask *a)
{
	auto_kernel_list struct kernel_list l = { 0 };
	struct err ignored;

	files(a);
	if (strchr("./~", a->typed[0]) && a->typed[0])
		return;
	complete_word(a->f, a->before, "running", a->typed, "the kernel of this machine");
	if (kernel_list(&l, NULL, &ignored) < 0)
		return;
	for (size_t i = 0; i < l.n; i++) {
		const struct kernel_entry *k = &l.v[i];
		const struct kernel_meta *m = &k->meta;

		if (k->corrupt || kernel_key_check(k->key, &ignored) < 0 || *k->key == '-')
			continue;
		if (m->version && !said_before(&l, i, m->version))
			complete_word(a->f, a->before, m->version, a->typed, "a kernel of the cache");
		auto_free char *about = xasprintf("%s, built %s",
						  m->release   ? m->release
						  : m->version ? m->version
							       : m->source,
						  m->built_at);

		complete_word(a->f, a->before, k->key, a->typed, about);
	}
}

static void topologies(const struct ask *a)
{
	for (size_t i = 0; i < countof(presets); i++) {
		const struct topology *t = &presets[i].topo;
		auto_free char *about = xasprintf("%u nodes, %u LLCs, %u cores per LLC, %u threads", t->nodes, t->llcs,
						  t->cores, t->threads);

		complete_word(a->f, a->before, presets[i].name, a->typed, about);
	}
}

static void profiles(const struct ask *a)
{
	complete_profiles(a->f, a->before, a->typed, a->words, a->n);
}

static void scenarios(const struct ask *a)
{
	for (size_t i = 0; i < n_catalogue; i++)
		complete_word(a->f, a->before, catalogue[i].name, a->typed, NULL);
	files(a);
}

static const struct {
	const char *arg;
	void (*put)(const struct ask *a);
} kinds[] = {
	{ "ID", kernels },         { "PATH", files },    { "FILE", files },    { "DIR", folders },
	{ "N,L,C,T", topologies }, { "T", topologies },  { "FILE...", files }, { "[FILE]...", files },
	{ "[ARGS]...", files },    { "LIST", profiles },
};

static void choices(const struct ask *a, const char *list)
{
	for (const char *s = list + strspn(list, " "); *s; s += strspn(s, " ")) {
		size_t n = strcspn(s, " ");
		auto_free char *word = xstrndup(s, n);

		complete_word(a->f, a->before, word, a->typed, NULL);
		s += n;
	}
}

void complete_values(FILE *f, const struct opt *o, const char *arg, const char *typed, const char *before,
		     const char *const *words, size_t n)
{
	const struct ask a = { f, typed, before, words, n };

	if (o->choices) {
		choices(&a, o->choices);
		return;
	}
	/* Words of verbs about tests, whatever else they take. */
	if (arg && strstr(arg, "NAME|FILE")) {
		scenarios(&a);
		return;
	}
	for (size_t i = 0; arg && i < countof(kinds); i++) {
		if (!strcmp(arg, kinds[i].arg)) {
			kinds[i].put(&a);
			return;
		}
	}
}
