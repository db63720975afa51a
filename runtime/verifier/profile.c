#include "verifier/profile.h"
#include "base/err.h"
#include "base/mem.h"
#include "verifier/flags.h"
#include <stdbool.h>
#include <stdio.h>

void profiles_free(struct profiles *p)
{
	for (size_t i = 0; i < p->n; i++) {
		for (size_t k = 0; k < p->v[i].n_args; k++)
			free(p->v[i].args[k]);
		free(p->v[i].args);
		free(p->v[i].name);
	}
	free(p->v);
	*p = (struct profiles){ 0 };
}

/* on[i]: flag i is. */
static void add(struct profiles *p, const struct flags *f, const bool *on)
{
	struct profile made = { .args = xcalloc(1, sizeof(*made.args)) };
	size_t size;
	FILE *name = xmemstream(&made.name, &size);

	for (size_t i = 0; i < f->n; i++) {
		const struct flag *flag = &f->v[i];

		if (!on[i])
			continue;
		fprintf(name, "%s%s", ftell(name) ? "+" : "", flag->name);
		made.args = xreallocarray(made.args, made.n_args + flag->n_args + 1, sizeof(*made.args));
		for (size_t k = 0; k < flag->n_args; k++)
			made.args[made.n_args++] = xstrdup(flag->args[k]);
		made.args[made.n_args] = NULL;
	}
	if (!ftell(name))
		fputs(PROFILE_DEFAULT, name);
	fclose(name);
	p->v = xreallocarray(p->v, p->n + 1, sizeof(*p->v));
	p->v[p->n++] = made;
}

/* A flag that flag i requires and that is not on: its name, else NULL. */
static const char *missing(const struct flags *f, size_t i, const bool *on)
{
	for (size_t k = 0; k < f->v[i].n_needs; k++) {
		const char *name = f->v[i].needs[k];
		size_t at = flags_find(f, name, strlen(name));

		if (at == f->n || !on[at])
			return name;
	}
	return NULL;
}

/* Bits of all flags that flag i needs in the end, itself among them; 0: it needs one that is none. */
static uint32_t closure(const struct flags *f, size_t i)
{
	uint32_t all = 1u << i, before = 0;

	while (all != before) {
		before = all;
		for (size_t k = 0; k < f->n; k++) {
			for (size_t m = 0; before & 1u << k && m < f->v[k].n_needs; m++) {
				const char *name = f->v[k].needs[m];
				size_t at = flags_find(f, name, strlen(name));

				if (at == f->n)
					return 0;
				all |= 1u << at;
			}
		}
	}
	return all;
}

/* Walks the numbers by their bits, highest first. What a chosen flag needs is decided with it, so no way is a dead end. */
struct walk {
	const struct flags *flags;
	uint32_t needs[PROFILE_FLAGS_MAX];
	struct profiles *out;
	uint64_t max;
};

enum { WALKED = 0, TOO_MANY = 1 };

/* Bits of wanted must be on; of the others, those from bit n on are off. */
static int walk(const struct walk *w, size_t n, uint32_t wanted)
{
	if (n == 0) {
		bool on[PROFILE_FLAGS_MAX];

		if (w->out->n == w->max)
			return TOO_MANY;
		for (size_t i = 0; i < w->flags->n; i++)
			on[i] = wanted & 1u << i;
		add(w->out, w->flags, on);
		return WALKED;
	}
	uint32_t bit = 1u << (n - 1), needs = w->needs[n - 1];
	uint32_t above = ~(bit | (bit - 1));

	if (!(wanted & bit) && walk(w, n - 1, wanted) == TOO_MANY)
		return TOO_MANY;
	if (!needs || needs & above & ~wanted)
		return WALKED;
	return walk(w, n - 1, wanted | needs);
}

int profiles_all(struct profiles *p, const struct flags *f, uint64_t max, struct err *e)
{
	auto_profiles struct profiles made = { 0 };
	struct walk w = { .flags = f, .out = &made, .max = max };

	if (f->n > PROFILE_FLAGS_MAX)
		return err_set(e, X_USAGE,
			       "scheduler has %zu flags, power set too large (2^%zu). Use --profiles to select "
			       "specific profiles",
			       f->n, f->n);
	for (size_t i = 0; i < f->n; i++)
		w.needs[i] = closure(f, i);
	if (walk(&w, f->n, 0) == TOO_MANY)
		return err_set(e, X_USAGE,
			       "%zu flags make more than %llu profiles; --profiles selects some of them, "
			       "--max-profiles N allows more",
			       f->n, (unsigned long long)max);
	*p = made;
	made = (struct profiles){ 0 };
	return 0;
}

static char *flag_names(const struct flags *f)
{
	char *text;
	size_t n;
	FILE *out = xmemstream(&text, &n);

	for (size_t i = 0; i < f->n; i++)
		fprintf(out, "%s%s", i ? ", " : "", f->v[i].name);
	fclose(out);
	return text;
}

static int unknown(const struct flags *f, const char *word, size_t n, struct err *e)
{
	auto_free char *names = flag_names(f);

	return err_set(e, X_USAGE, "the scheduler has no flag \"%.*s\". Available: default%s%s%s", (int)n, word,
		       f->n ? ", and the flags " : "; it has no flags", names, f->n > 1 ? ", which '+' combines" : "");
}

/* One name of a list. Sets on[i] of each flag in it. */
static int read_name(const struct flags *f, const char *name, size_t n, bool *on, struct err *e)
{
	if (n == strlen(PROFILE_DEFAULT) && !memcmp(name, PROFILE_DEFAULT, n))
		return 0;
	for (size_t at = 0, len; at <= n; at += len + 1) {
		const char *end = memchr(name + at, '+', n - at);

		len = end ? (size_t)(end - (name + at)) : n - at;
		size_t i = flags_find(f, name + at, len);

		if (i == f->n)
			return unknown(f, name + at, len, e);
		on[i] = true;
	}
	for (size_t i = 0; i < f->n; i++) {
		const char *lacks = on[i] ? missing(f, i, on) : NULL;

		if (lacks)
			return err_set(e, X_USAGE, "\"%.*s\" is none: flag \"%s\" requires \"%s\"%s", (int)n, name,
				       f->v[i].name, lacks,
				       flags_find(f, lacks, strlen(lacks)) < f->n
					       ? ""
					       : ", which the scheduler does not have");
	}
	return 0;
}

/* The sets of flags that were named, a row of f->n for each. */
struct sets {
	size_t width, n;
	bool *on;
};

/* By number: the highest flag that only one of them has decides. */
static int compare(const bool *a, const bool *b, size_t n)
{
	while (n--) {
		if (a[n] != b[n])
			return a[n] ? 1 : -1;
	}
	return 0;
}

/* Into its place, unless it is there. */
static void insert(struct sets *s, const bool *on)
{
	size_t at = 0;
	int c = 1;

	while (at < s->n && (c = compare(on, s->on + at * s->width, s->width)) > 0)
		at++;
	if (at < s->n && c == 0)
		return;
	s->on = xreallocarray(s->on, (s->n + 1) * s->width + 1, sizeof(*s->on));
	memmove(s->on + (at + 1) * s->width, s->on + at * s->width, (s->n - at) * s->width);
	memcpy(s->on + at * s->width, on, s->width);
	s->n++;
}

static int read_list(struct sets *s, const struct flags *f, const char *list, size_t *named, uint64_t max,
		     struct err *e)
{
	for (size_t len; *list; list += len + (list[len] == ',')) {
		len = strcspn(list, ",");
		if (!len)
			continue;
		auto_free bool *on = xcalloc(f->n + 1, sizeof(*on));

		if (read_name(f, list, len, on, e) < 0)
			return -1;
		++*named;
		if (f->n || !s->n)
			insert(s, on);
		if (s->n > max)
			return err_set(e, X_USAGE, "more than %llu profiles are named; --max-profiles N allows more",
				       (unsigned long long)max);
	}
	return 0;
}

int profiles_named(struct profiles *p, const struct flags *f, const char *const *lists, size_t n, uint64_t max,
		   struct err *e)
{
	struct sets s = { .width = f->n };
	size_t named = 0;
	int r = 0;

	for (size_t i = 0; i < n && r == 0; i++)
		r = read_list(&s, f, lists[i], &named, max, e);
	if (r == 0 && !named)
		r = err_set(e, X_USAGE, "no profile is named; \"default\" is the one without flags");
	if (r == 0)
		*p = (struct profiles){ 0 };
	for (size_t i = 0; r == 0 && i < s.n; i++)
		add(p, f, s.on + i * s.width);
	free(s.on);
	return r;
}
