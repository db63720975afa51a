#include "test/variant.h"

#include <sched.h>
#include <stdlib.h>
#include <string.h>

#include "base/err.h"
#include "base/mem.h"
#include "options/guess.h"

#ifdef __aarch64__
#define THREADS_MAX 1u /* of a core of an aarch64 guest */
#else
#define THREADS_MAX 2u
#endif

enum { PROFILES_LIMIT = 1024 };

static bool excluded(const struct declared *d, const char *name)
{
	for (const char *const *f = d->t.flags_excluded; f && *f; f++)
		if (!strcmp(*f, name))
			return true;
	return false;
}

/* Those that profiles may have; borrowed. */
static struct flags allowed(const struct declared *d)
{
	struct flags f = { .v = xcalloc(d->flags.n + 1, sizeof(*f.v)) };

	for (size_t i = 0; i < d->flags.n; i++)
		if (!excluded(d, d->flags.v[i].name))
			f.v[f.n++] = d->flags.v[i];
	return f;
}

bool variant_profile_has(const char *profile, const char *name)
{
	size_t n = strlen(name);

	for (const char *at = profile; at; at = strchr(at, '+')) {
		at += *at == '+';
		if (strcspn(at, "+") == n && !memcmp(at, name, n))
			return true;
	}
	return false;
}

static bool has_required(const struct declared *d, const char *profile)
{
	for (const char *const *f = d->t.flags_required; f && *f; f++)
		if (!variant_profile_has(profile, *f))
			return false;
	return true;
}

static void drop(struct profile *p)
{
	for (size_t i = 0; i < p->n_args; i++)
		free(p->args[i]);
	free(p->args);
	free(p->name);
}

int variant_profiles(struct profiles *p, const struct declared *d, struct err *e)
{
	struct flags f = allowed(d);
	int r = profiles_all(p, &f, PROFILES_LIMIT, e);
	size_t n = 0;

	free(f.v);
	if (r < 0)
		return declared_in(d, e);
	for (size_t i = 0; i < p->n; i++) {
		if (has_required(d, p->v[i].name))
			p->v[n++] = p->v[i];
		else
			drop(&p->v[i]);
	}
	p->n = n;
	return n ? 0
		 : (err_set(e, X_USAGE,
			    "no profile has all of .flags_required, because of what they need and .flags_excluded"),
		    declared_in(d, e));
}

/* Turns a flag on, and what it needs. */
static void turn_on(const struct declared *d, bool *on, const char *name)
{
	size_t i = flags_find(&d->flags, name, strlen(name));

	if (i == d->flags.n || on[i])
		return;
	on[i] = true;
	for (size_t k = 0; k < d->flags.v[i].n_needs; k++)
		turn_on(d, on, d->flags.v[i].needs[k]);
}

char *variant_base_profile(const struct declared *d)
{
	auto_free bool *on = xcalloc(d->flags.n + 1, sizeof(*on));
	char *name = NULL;
	size_t n;

	if (!d->flags.n)
		return NULL;
	for (const char *const *f = d->t.flags_required; f && *f; f++)
		turn_on(d, on, *f);
	FILE *to = xmemstream(&name, &n);

	for (size_t i = 0; i < d->flags.n; i++)
		if (on[i])
			fprintf(to, "%s%s", ftell(to) ? "+" : "", d->flags.v[i].name);
	if (!ftell(to))
		fputs(PROFILE_DEFAULT, to);
	fclose(to);
	return name;
}

static unsigned host_cpus(void)
{
	static unsigned n;
	cpu_set_t set;

	if (!n)
		n = sched_getaffinity(0, sizeof(set), &set) == 0 ? (unsigned)CPU_COUNT(&set) : 1;
	return n;
}

/* Whether it is within the bounds of the test. */
static bool is_wanted(const struct declared *d, const struct preset *p)
{
	const struct topology *t = &p->topo;
	const struct bounds *b = &d->bounds;
	unsigned cpus = topology_cpus(t);

	if (d->t.host || t->threads > THREADS_MAX || (b->smt && t->threads < 2))
		return false;
	return t->nodes >= b->min_numa && t->nodes <= b->max_numa && t->llcs >= b->min_llcs && t->llcs <= b->max_llcs &&
	       cpus >= b->min_cpus && cpus <= b->max_cpus;
}

/* In virtual time all CPUs of a guest take turns, so that the host's do not bound them. */
static bool is_too_large(const struct declared *d, const struct preset *p)
{
	return d->t.clock & KTSTR_REAL && topology_cpus(&p->topo) > host_cpus();
}

bool variant_preset(const struct declared *d, const struct preset *p)
{
	return is_wanted(d, p) && !is_too_large(d, p);
}

bool variant_preset_lacks(const struct declared *d, const struct preset *p)
{
	return is_wanted(d, p) && is_too_large(d, p);
}

bool variant_ignored(const struct variant *v)
{
	return v->preset || declared_ignored(v->d);
}

char *variant_name(const struct variant *v)
{
	return v->preset ? xasprintf(VARIANT_PREFIX "%s/%s/%s", v->d->name, v->preset->name,
				     v->profile ? v->profile : PROFILE_DEFAULT)
			 : xstrdup(v->d->name);
}

static int unknown_test(const struct declarations *d, const char *name, struct err *e)
{
	struct guess g = { .word = name };

	for (size_t i = 0; i < d->n; i++)
		guess_try(&g, d->v[i].name);
	return err_set(e, X_USAGE, "unknown test: %s%s%s%s; --list shows all", name, g.best ? " (did you mean " : "",
		       g.best ? g.best : "", g.best ? "?)" : "");
}

static int find_profile(struct variant *v, char **profile, const char *name, struct err *e)
{
	const char *const list[] = { name };
	struct flags f = allowed(v->d);
	auto_profiles struct profiles p = { 0 };
	int r = 0;

	if (!v->d->flags.n)
		r = strcmp(name, PROFILE_DEFAULT) ? -1 : 0;
	else if (profiles_named(&p, &f, list, 1, 1, e) < 0 || p.n != 1 || strcmp(p.v[0].name, name) ||
		 !has_required(v->d, name))
		r = -1;
	else
		v->profile = *profile = xstrdup(name);
	free(f.v);
	return r < 0 ? err_set(e, X_USAGE, "unknown flag profile: %s (of test %s)", name, v->d->name) : 0;
}

size_t variant_test(const struct declarations *d, const char *name)
{
	bool plain = strncmp(name, VARIANT_PREFIX, strlen(VARIANT_PREFIX)) != 0;
	const char *at = plain ? name : name + strlen(VARIANT_PREFIX);
	const struct declared *t = declared_find(d, at, plain ? strlen(at) : strcspn(at, "/"));

	return t ? (size_t)(t - d->v) : d->n;
}

int variant_find(struct variant *v, char **profile, const struct declarations *d, const char *name, struct err *e)
{
	const char *rest = name + strlen(VARIANT_PREFIX), *preset, *last;

	*profile = NULL;
	*v = (struct variant){ 0 };
	if (strncmp(name, VARIANT_PREFIX, strlen(VARIANT_PREFIX)) != 0) {
		v->d = declared_find(d, name, strlen(name));
		if (!v->d)
			return unknown_test(d, name, e);
		v->profile = *profile = variant_base_profile(v->d);
		return 0;
	}
	preset = strchr(rest, '/');
	last = preset ? strchr(preset + 1, '/') : NULL;
	if (!last || strchr(last + 1, '/'))
		return err_set(e, X_USAGE,
			       "invalid gauntlet test name: %s; it is " VARIANT_PREFIX "TEST/PRESET/PROFILE", name);
	v->d = declared_find(d, rest, (size_t)(preset - rest));
	if (!v->d) {
		auto_free char *test = xstrndup(rest, (size_t)(preset - rest));

		return unknown_test(d, test, e);
	}
	v->preset = preset_find(preset + 1, (size_t)(last - preset - 1));
	if (!v->preset || !variant_preset(v->d, v->preset))
		return err_set(e, X_USAGE, "unknown gauntlet preset: %.*s%s%s", (int)(last - preset - 1), preset + 1,
			       v->preset ? " is not within the bounds of test " : "", v->preset ? v->d->name : "");
	return find_profile(v, profile, last + 1, e);
}
