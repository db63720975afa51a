#include "test/body.h"

#include <stdarg.h>
#include <stdlib.h>
#include <string.h>

#include "base/err.h"
#include "base/mem.h"
#include "scenario/error.h"
#include "scenario/scenario.h"
#include "scenario/set.h"

struct ktstr_body {
	struct body *b;
	const struct variant *v;
	const struct places *places;
	FILE *to;
	size_t size;
	char **kept; /* texts that were handed out */
	size_t n_kept;
	bool failed;
	struct err *e;
};

static const char *keep(struct ktstr_body *k, char *text)
{
	k->kept = xreallocarray(k->kept, k->n_kept + 1, sizeof(*k->kept));
	k->kept[k->n_kept++] = text;
	return text;
}

static void refuse(struct ktstr_body *k, const char *file, uint32_t line, const char *what)
{
	if (k->failed)
		return;
	k->failed = true;
	if (file)
		err_set(k->e, X_USAGE, "%s:%u: %s", file, line, what);
	else
		err_set(k->e, X_USAGE, "%s", what);
}

const char *ktstr_str(struct ktstr_body *k, const char *fmt, ...)
{
	va_list ap;

	if (k->failed)
		return "";
	va_start(ap, fmt);
	char *text = xvasprintf(fmt, ap);

	va_end(ap);
	return keep(k, text);
}

/* The second word: what the line is about. */
static const char *subject(struct ktstr_body *k, const char *line)
{
	const char *at = line + strcspn(line, " ");

	at += strspn(at, " ");
	return keep(k, xstrndup(at, strcspn(at, " ")));
}

const char *ktstr_add(struct ktstr_body *k, const char *file, uint32_t line, const char *fmt, ...)
{
	va_list ap;

	if (k->failed)
		return "";
	va_start(ap, fmt);
	auto_free char *text = xvasprintf(fmt, ap);

	va_end(ap);
	if (strchr(text, '\n')) {
		refuse(k, file, line, "a call adds one line, and this one has a line feed in it");
		return "";
	}
	if (k->b->n == SCENARIO_LINES_MAX || k->size + strlen(text) >= SCENARIO_TEXT_MAX) {
		refuse(k, file, line, "the scenario is longer than 4096 lines or 64 KiB");
		return "";
	}
	k->size += strlen(text) + 1;
	fprintf(k->to, "%s\n", text);
	k->b->origins = xreallocarray(k->b->origins, k->b->n + 1, sizeof(*k->b->origins));
	k->b->origins[k->b->n++] = (struct origin){ file, line };
	return subject(k, text);
}

bool ktstr_require_at(struct ktstr_body *k, const char *file, uint32_t line, bool ok, const char *fmt, ...)
{
	va_list ap;

	if (ok || k->failed)
		return ok && !k->failed;
	va_start(ap, fmt);
	auto_free char *text = xvasprintf(fmt, ap);

	va_end(ap);
	refuse(k, file, line, text);
	return false;
}

uint32_t ktstr_cpus(struct ktstr_body *k)
{
	return k->places->cpus;
}

uint32_t ktstr_llcs(struct ktstr_body *k)
{
	return k->places->llcs;
}

uint32_t ktstr_nodes(struct ktstr_body *k)
{
	return k->places->nodes;
}

uint32_t ktstr_cpus_of(struct ktstr_body *k, const char *set)
{
	struct scenario_error why = { 0 };
	struct set s = { 0 };
	struct cpus cpus = { 0 };

	if (k->failed)
		return 0;
	if (set_parse(&s, set, strlen(set), false, &why) && set_resolve(&s, k->places, 0, &cpus, &why))
		return cpus_count(&cpus);
	if (why.fault == SCENARIO_SKIP)
		return 0;
	auto_free char *what = xasprintf("ktstr_cpus_of(\"%s\"): %s%s%s", set, why.what, *why.tip ? "; " : "", why.tip);

	refuse(k, NULL, 0, what);
	return 0;
}

bool ktstr_flag(struct ktstr_body *k, const char *name)
{
	const struct flags *all = &k->v->d->flags;

	if (k->failed)
		return false;
	k->b->asks_flags = true;
	if (k->v->d->unasked)
		return false;
	if (flags_find(all, name, strlen(name)) == all->n) {
		auto_free char *what = xasprintf("ktstr_flag(\"%s\"): the scheduler has no such flag", name);

		refuse(k, NULL, 0, what);
		return false;
	}
	return variant_profile_has(k->v->profile, name);
}

uint64_t ktstr_seed(struct ktstr_body *k)
{
	uint32_t first = k->v->d->t.first_seed;

	return first ? first : 1;
}

int body_make(struct body *b, const struct variant *v, const struct places *p, struct err *e)
{
	struct ktstr_body k = { .b = b, .v = v, .places = p, .e = e };
	size_t n;

	*b = (struct body){ 0 };
	k.to = xmemstream(&b->text, &n);
	v->d->t.build(&k);
	fclose(k.to);
	for (size_t i = 0; i < k.n_kept; i++)
		free(k.kept[i]);
	free(k.kept);
	return k.failed ? declared_in(v->d, e) : 0;
}

void body_free(struct body *b)
{
	free(b->text);
	free(b->origins);
	*b = (struct body){ 0 };
}
