#include "test/declared.h"
#include "test/works.h"

#include <stdlib.h>
#include <string.h>

#include "base/err.h"
#include "base/mem.h"
#include "options/guess.h"
#include "verifier/profile.h"

#define IGNORED "demo_"

enum { NAME_MAX_BYTES = 128, LIST_MAX = 256 };

/* A structure of another length into one of ours: what it lacks is 0. X_USAGE: what it has beyond says something. */
static int take(void *to, size_t size, const void *from, size_t its, size_t least, const char *what, struct err *e)
{
	const char *bytes = from;

	if (its < least)
		return err_set(e, X_USAGE,
			       "%s says that it has %zu bytes, and every libktstr's has %zu at least: compile the "
			       "program again, with <ktstr.h> of this library",
			       what, its, least);
	for (size_t i = size; i < its; i++)
		if (bytes[i])
			return err_set(
				e, X_USAGE,
				"%s has members that this libktstr does not know: the program was compiled with the header of "
				"a newer one, install that",
				what);
	memset(to, 0, size);
	memcpy(to, from, its < size ? its : size);
	return 0;
}

static void copy_list(char ***to, size_t *n, const char *const *from)
{
	while (from && from[*n])
		(*n)++;
	*to = xcalloc(*n + 1, sizeof(**to));
	for (size_t i = 0; i < *n; i++)
		(*to)[i] = xstrdup(from[i]);
}

static int take_flags(struct declared *d, struct err *e)
{
	size_t its = d->s.flag_size, least = sizeof(struct ktstr_flag);
	const char *at = (const char *)d->s.flags;

	for (; at; at += its) {
		struct ktstr_flag f;

		if (take(&f, sizeof(f), at, its, least, "a flag", e) < 0)
			return -1;
		if (!f.name)
			return 0;
		if (d->flags.n == FLAGS_MAX)
			return err_set(e, X_USAGE, "more than %d flags; does the list end with KTSTR_FLAGS()?",
				       FLAGS_MAX);
		d->flags.v = xreallocarray(d->flags.v, d->flags.n + 1, sizeof(*d->flags.v));
		struct flag *to = &d->flags.v[d->flags.n++];

		*to = (struct flag){ .name = xstrdup(f.name) };
		copy_list(&to->args, &to->n_args, f.args);
		copy_list(&to->needs, &to->n_needs, f.needs);
	}
	return 0;
}

static int take_writes(struct declared *d, struct err *e)
{
	const char *at = (const char *)d->t.map_write;

	for (; at; at += d->t.map_write_size) {
		struct ktstr_map_write w;

		if (take(&w, sizeof(w), at, d->t.map_write_size, sizeof(w), "a map_write", e) < 0)
			return -1;
		if (!w.map)
			return 0;
		if (d->n_writes == LIST_MAX)
			return err_set(e, X_USAGE,
				       "more than %d map_writes; does the list end with KTSTR_MAP_WRITES()?", LIST_MAX);
		d->writes = xreallocarray(d->writes, d->n_writes + 1, sizeof(*d->writes));
		d->writes[d->n_writes++] = w;
	}
	return 0;
}

static uint32_t or3(uint32_t a, uint32_t b, uint32_t c)
{
	return a ? a : b ? b : c;
}

static void inherit(struct declared *d)
{
	const struct ktstr_test *t = &d->t;
	const struct ktstr_scheduler *s = &d->s;

	d->topology = t->topology ? t->topology : s->topology ? s->topology : "1,1,2,1";
	d->bounds = (struct bounds){
		.min_numa = or3(t->min_numa, s->min_numa, 1),
		.max_numa = or3(t->max_numa, s->max_numa, 1),
		.min_llcs = or3(t->min_llcs, s->min_llcs, 1),
		.max_llcs = or3(t->max_llcs, s->max_llcs, 12),
		.min_cpus = or3(t->min_cpus, s->min_cpus, 1),
		.max_cpus = or3(t->max_cpus, s->max_cpus, 192),
		.smt = t->smt || s->smt,
	};
}

int declared_in(const struct declared *d, struct err *e)
{
	return err_in(e, "%s:%u: test %s", d->t.file ? d->t.file : "?", d->t.line,
		      d->name ? d->name : "without a name");
}

static int take_test(struct declared *d, const struct ktstr_test *t, struct err *e)
{
	const size_t least = offsetof(struct ktstr_test, ignored), s_least = offsetof(struct ktstr_scheduler, smt);

	if (take(&d->t, sizeof(d->t), t, t->size, least, "a test", e) < 0)
		return -1;
	d->name = d->t.name ? d->t.name : d->t.id ? d->t.id : "";
	d->under = d->t.scheduler != NULL;
	if (d->under &&
	    take(&d->s, sizeof(d->s), d->t.scheduler, d->t.scheduler->size, s_least, "its scheduler", e) < 0)
		return declared_in(d, e);
	inherit(d);
	d->unasked = d->s.binary && !d->s.flags;
	return take_flags(d, e) < 0 || take_writes(d, e) < 0 ? declared_in(d, e) : 0;
}

/* Link time optimisation leaves the section in an order of its own. */
static int by_place(const void *a, const void *b)
{
	const struct declared *x = a, *y = b;
	int order = x->t.file == y->t.file ? 0 : strcmp(x->t.file ? x->t.file : "", y->t.file ? y->t.file : "");

	return order                    ? order
	       : x->t.line != y->t.line ? (x->t.line > y->t.line) - (x->t.line < y->t.line)
					: strcmp(x->name, y->name);
}

int declared_read(struct declarations *d, const struct ktstr_program *p, struct err *e)
{
	if (p->size < sizeof(*p) || p->abi != KTSTR_ABI)
		return err_set(
			e, X_USAGE,
			"this program was compiled for version %u of libktstr's ABI, and this library has version %u: compile "
			"it again, or install the library that belongs to its <ktstr.h>",
			p->size < 2 * sizeof(uint32_t) ? 0 : p->abi, KTSTR_ABI);
	d->v = xcalloc((size_t)(p->tests_end - p->tests) + 1, sizeof(*d->v));
	for (const struct ktstr_test *const *t = p->tests; t < p->tests_end; t++)
		if (*t && take_test(&d->v[d->n++], *t, e) < 0)
			return -1;
	for (size_t i = 0; i < d->n; i++)
		d->v[i].program = p;
	for (size_t i = 1; i < d->n; i++)
		if (by_place(&d->v[i - 1], &d->v[i]) > 0) {
			qsort(d->v, d->n, sizeof(*d->v), by_place);
			break;
		}
	return works_check(p, e);
}

static int check_name(const struct declared *d, struct err *e)
{
	size_t n = strlen(d->name);

	if (!n || n > NAME_MAX_BYTES || strchr(".-", *d->name) ||
	    d->name[strspn(d->name, "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789_-.")])
		return err_set(
			e, X_USAGE,
			"a test's name has letters, digits, \"_\", \"-\" and \".\" alone, begins with one of the first three, and "
			"is no longer than %d",
			NAME_MAX_BYTES);
	return 0;
}

static int check_bound(const char *what, uint32_t min, uint32_t max, struct err *e)
{
	return min <= max ? 0
			  : err_set(e, X_USAGE, "min_%s (%u) exceeds max_%s (%u); set max_%s as well", what, min, what,
				    max, what);
}

static int check_flag(const struct declared *d, const char *name, const char *what, struct err *e)
{
	struct guess g = { .word = name };

	if (!d->flags.n)
		return err_set(
			e, X_USAGE, "%s has \"%s\", but %s", what, name,
			d->under
				? "its scheduler has no flags: give it .flags = KTSTR_FLAGS({ \"NAME\", KTSTR_LIST(\"--ARG\") })"
				: "without a scheduler there are no flags");
	if (flags_find(&d->flags, name, strlen(name)) < d->flags.n)
		return 0;
	for (size_t i = 0; i < d->flags.n; i++)
		guess_try(&g, d->flags.v[i].name);
	return err_set(e, X_USAGE, "%s has \"%s\", which is no flag of the scheduler%s%s%s", what, name,
		       g.best ? "; did you mean \"" : "", g.best ? g.best : "", g.best ? "\"?" : "");
}

static bool among(const char *const *list, const char *name)
{
	for (; list && *list; list++)
		if (!strcmp(*list, name))
			return true;
	return false;
}

/* As what a scheduler says of itself. */
static int check_declared_flags(const struct declared *d, struct err *e)
{
	auto_flags struct flags read = { 0 };
	auto_free char *text = NULL;
	size_t n;
	FILE *f = xmemstream(&text, &n);

	flags_write(f, &d->flags);
	fclose(f);
	return flags_parse(&read, text, n, e) < 0 ? err_as(e, X_USAGE, "flags of its scheduler") : 0;
}

static int check_flags(const struct declared *d, struct err *e)
{
	const char *const *in = d->t.flags_required, *const *out = d->t.flags_excluded;

	if (d->flags.n && check_declared_flags(d, e) < 0)
		return -1;
	if (d->unasked)
		return 0;
	for (size_t i = 0; i < d->flags.n; i++)
		for (size_t k = 0; k < d->flags.v[i].n_needs; k++)
			if (check_flag(d, d->flags.v[i].needs[k], "the flag's .needs", e) < 0)
				return -1;
	for (; out && *out; out++)
		if (check_flag(d, *out, ".flags_excluded", e) < 0)
			return -1;
	for (; in && *in; in++) {
		if (check_flag(d, *in, ".flags_required", e) < 0)
			return -1;
		if (among(d->t.flags_excluded, *in))
			return err_set(e, X_USAGE, "flag \"%s\" is both required and excluded", *in);
	}
	return 0;
}

/* What would be for nobody. */
static int check_addressee(const struct declared *d, struct err *e)
{
	const struct ktstr_test *t = &d->t;

	if (d->s.binary)
		return 0;
	if ((t->args && *t->args) || (d->s.args && *d->s.args))
		return err_set(e, X_USAGE, ".args are for the scheduler's program, and none is named: .binary = \"…\"");
	return d->n_writes
		       ? err_set(e, X_USAGE,
				 ".map_write is for maps of the scheduler's program, and none is named: .binary = \"…\"")
		       : 0;
}

static int check_kind(const struct declared *d, struct err *e)
{
	const struct ktstr_test *t = &d->t;
	int kinds = (t->scenario != NULL) + (t->build != NULL) + (t->host != NULL);

	if (kinds != 1)
		return err_set(e, X_USAGE,
			       "a test has one of .scenario (a text), a body, and a body for the host; this one has %s",
			       kinds ? "several" : "none of them");
	if (t->host && (t->expect || t->judge || t->scheduler || t->expect_fail))
		return err_set(
			e, X_USAGE,
			"a test of the host has no guest: .scheduler, .expect, .expect_fail and .judge are not for it");
	if (t->clock > KTSTR_BOTH)
		return err_set(e, X_USAGE, ".clock is KTSTR_VIRTUAL, KTSTR_REAL or KTSTR_BOTH, and not %u", t->clock);
	if (t->perf_mode && t->clock != KTSTR_REAL)
		return err_set(e, X_USAGE, ".perf_mode is about real time: add .clock = KTSTR_REAL");
	return 0;
}

int declared_check(const struct declared *d, struct err *e)
{
	const struct bounds *b = &d->bounds;

	if (check_name(d, e) < 0 || check_kind(d, e) < 0 || check_addressee(d, e) < 0 ||
	    check_bound("numa", b->min_numa, b->max_numa, e) < 0 ||
	    check_bound("llcs", b->min_llcs, b->max_llcs, e) < 0 ||
	    check_bound("cpus", b->min_cpus, b->max_cpus, e) < 0 || check_flags(d, e) < 0)
		return declared_in(d, e);
	return 0;
}

static int by_name(const void *a, const void *b)
{
	const struct declared *const *x = a, *const *y = b;
	int order = strcmp((*x)->name, (*y)->name);

	return order ? order : (*x > *y) - (*x < *y);
}

int declared_names(const struct declarations *d, struct err *e)
{
	auto_free const struct declared **all = xcalloc(d->n + 1, sizeof(*all));

	for (size_t i = 0; i < d->n; i++)
		all[i] = &d->v[i];
	qsort(all, d->n, sizeof(*all), by_name);
	for (size_t i = 1; i < d->n; i++)
		if (!strcmp(all[i - 1]->name, all[i]->name)) {
			err_set(e, X_USAGE,
				"there is another test of that name, at %s:%u; .name = \"…\" gives one of them another",
				all[i - 1]->t.file, all[i - 1]->t.line);
			return declared_in(all[i], e);
		}
	return 0;
}

const struct declared *declared_find(const struct declarations *d, const char *name, size_t n)
{
	for (size_t i = 0; i < d->n; i++)
		if (!strncmp(d->v[i].name, name, n) && !d->v[i].name[n])
			return &d->v[i];
	return NULL;
}

const char *declared_scheduler(const struct declared *d)
{
	const char *binary = d->s.binary;

	if (d->s.name)
		return d->s.name;
	return !binary ? "eevdf" : strrchr(binary, '/') ? strrchr(binary, '/') + 1 : binary;
}

bool declared_ignored(const struct declared *d)
{
	return d->t.ignored || !strncmp(d->name, IGNORED, strlen(IGNORED));
}

void declarations_free(struct declarations *d)
{
	for (size_t i = 0; i < d->n; i++) {
		flags_free(&d->v[i].flags);
		free(d->v[i].writes);
	}
	free(d->v);
	*d = (struct declarations){ 0 };
}
