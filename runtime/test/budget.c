#include "test/budget.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "base/err.h"
#include "base/mem.h"

#define VARIABLE "KTSTR_BUDGET_SECS"

/* Where each kind of feature has its bits. */
enum {
	BIT_SCHEDULER = 0,
	BIT_REQUIRED = 4,
	BIT_EXCLUDED = 10,
	BIT_ACTIVE = 16,
	BIT_CPUS = 22,
	BIT_LLCS = 27,
	BIT_SMT = 32,
	BIT_PERF,
	BIT_HOST,
	BIT_FAILS,
	BIT_DURATION,
	BIT_WORKERS = 39,
	BIT_VARIANT,
	BIT_TEST,
	BIT_NODES = 45,
	FLAG_BITS = 6,
};

double budget_seconds(FILE *errors)
{
	const char *said = getenv(VARIABLE);
	char *end;
	double v;

	if (!said || !*said)
		return 0;
	v = strtod(said, &end);
	if (end == said || *end || isnan(v))
		fprintf(errors, "ktstr: " VARIABLE "=\"%s\": no number, ignoring\n", said);
	else if (v <= 0)
		fprintf(errors, "ktstr: " VARIABLE "=%s: must be positive, ignoring\n", said);
	else
		return v;
	return 0;
}

static uint32_t djb2(const char *s)
{
	uint32_t h = 5381;

	for (; *s; s++)
		h = h * 33 + (unsigned char)*s;
	return h;
}

/* The class of v: how many of the bounds are below it. */
static uint64_t class(unsigned first, unsigned v, const unsigned *bounds, size_t n)
{
	size_t i = 0;

	while (i < n && v > bounds[i])
		i++;
	return 1ull << (first + i);
}

static uint64_t flag_bit(const struct declared *d, unsigned first, const char *name, size_t n)
{
	return 1ull << (first + flags_find(&d->flags, name, n) % FLAG_BITS);
}

static uint64_t of_flags(const struct variant *v)
{
	const struct declared *d = v->d;
	uint64_t bits = 0;

	for (const char *const *f = d->t.flags_required; f && *f; f++)
		bits |= flag_bit(d, BIT_REQUIRED, *f, strlen(*f));
	for (const char *const *f = d->t.flags_excluded; f && *f; f++)
		bits |= flag_bit(d, BIT_EXCLUDED, *f, strlen(*f));
	for (const char *at = v->profile; at; at = strchr(at, '+')) {
		at += *at == '+';
		size_t n = strcspn(at, "+");

		if (flags_find(&d->flags, at, n) < d->flags.n)
			bits |= flag_bit(d, BIT_ACTIVE, at, n);
	}
	return bits;
}

static uint64_t of_machine(const struct topology *t)
{
	static const unsigned cpus[] = { 8, 16, 64, 128 }, llcs[] = { 1, 2, 4, 8 }, nodes[] = { 1, 2, 4 };

	return class(BIT_CPUS, topology_cpus(t), cpus, countof(cpus)) | class(BIT_LLCS, t->llcs, llcs, countof(llcs)) |
	       class(BIT_NODES, t->nodes, nodes, countof(nodes)) | (uint64_t)(t->threads > 1) << BIT_SMT;
}

static double duration(const struct ktstr_test *t)
{
	return (t->duration_ms ? t->duration_ms : 2000) / 1000.0;
}

static uint64_t features(const struct variant *v, const struct topology *t, const char *name)
{
	static const unsigned ms[] = { 2000, 10000 };
	const struct ktstr_test *test = &v->d->t;
	uint64_t bits =
		1ull << (BIT_SCHEDULER + djb2(declared_scheduler(v->d)) % 4) | 1ull << (BIT_TEST + djb2(name) % 4);

	bits |= of_flags(v) | of_machine(t) | class(BIT_DURATION, (unsigned)(duration(test) * 1000), ms, countof(ms));
	bits |= (uint64_t)test->perf_mode << BIT_PERF | (uint64_t)(test->host != NULL) << BIT_HOST;
	bits |= (uint64_t)(test->expect_fail != NULL) << BIT_FAILS | (uint64_t)(test->workers > 2) << BIT_WORKERS;
	return bits | (uint64_t)(v->preset != NULL) << BIT_VARIANT;
}

static double estimate(const struct ktstr_test *t, unsigned cpus)
{
	if (t->host)
		return duration(t) + 2;
	return 10 + (cpus > 16 ? (cpus - 16) / 10 : 0) + duration(t) + 2 + (t->perf_mode ? 3 : 0);
}

void budget_add(struct budget *b, const struct variant *v)
{
	struct topology t = TOPOLOGY(1, 1, 2, 1);
	struct err e;

	if (v->preset)
		t = v->preset->topo;
	else
		(void)topology_parse(&t, v->d->topology, &e); /* it was checked */
	if (b->n == b->room) {
		b->room = b->room ? 2 * b->room : 256;
		b->v = xreallocarray(b->v, b->room, sizeof(*b->v));
	}
	char *name = variant_name(v);

	b->v[b->n++] = (struct budget_test){
		.name = name,
		.features = features(v, &t, name),
		.seconds = estimate(&v->d->t, topology_cpus(&t)),
		.ignored = variant_ignored(v),
	};
}

/* Most new bits by second; of equal ones the first by name. NULL: none. */
static struct budget_test *best(struct budget *b, uint64_t covered, double left)
{
	struct budget_test *found = NULL;
	double most = 0;

	for (size_t i = 0; i < b->n; i++) {
		struct budget_test *t = &b->v[i];
		double worth = __builtin_popcountll(t->features & ~covered) / t->seconds;

		if (t->chosen || t->seconds > left || worth <= 0)
			continue;
		if (worth > most || (worth == most && strcmp(t->name, found->name) < 0)) {
			most = worth;
			found = t;
		}
	}
	return found;
}

void budget_choose(struct budget *b, double seconds, FILE *errors)
{
	uint64_t covered = 0, possible = 0;
	struct budget_test *t;
	double used = 0;
	size_t n = 0;

	for (size_t i = 0; i < b->n; i++)
		possible |= b->v[i].features;
	while ((t = best(b, covered, seconds - used))) {
		t->chosen = true;
		covered |= t->features;
		used += t->seconds;
		n++;
	}
	fprintf(errors, "ktstr budget: %zu/%zu tests, %.0f/%.0fs used, %d/%d configurations covered\n", n, b->n, used,
		seconds, __builtin_popcountll(covered), __builtin_popcountll(possible));
}

void budget_free(struct budget *b)
{
	for (size_t i = 0; i < b->n; i++)
		free(b->v[i].name);
	free(b->v);
	*b = (struct budget){ 0 };
}
