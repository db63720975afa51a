#include "verifier/compare.h"
#include "base/mem.h"

/* Of a, the first that is not taken and has that name, or with fits a name that can be the same one. */
static size_t find(const struct progs *a, const bool *taken, const char *name, bool fits)
{
	size_t i = 0;

	while (i < a->n && (taken[i] || (fits ? !prog_names_fit(a->v[i].name, name) : strcmp(a->v[i].name, name) != 0)))
		i++;
	return i;
}

/* partner[i]: of b's program i in a, or a->n. */
static void pair(const struct progs *a, const struct progs *b, bool *taken, size_t *partner)
{
	for (int fits = 0; fits < 2; fits++) {
		for (size_t i = 0; i < b->n; i++) {
			if (fits && partner[i] < a->n)
				continue;
			partner[i] = find(a, taken, b->v[i].name, fits);
			if (partner[i] < a->n)
				taken[partner[i]] = true;
		}
	}
}

/* The longer one says more. */
static const char *name_of(const struct prog *old, const struct prog *new)
{
	return old && strlen(old->name) > strlen(new->name) ? old->name : new->name;
}

void compare_progs(struct compare *c, const struct progs *a, const struct progs *b)
{
	auto_free bool *taken = xcalloc(a->n + 1, sizeof(*taken));
	auto_free size_t *partner = xcalloc(b->n + 1, sizeof(*partner));

	*c = (struct compare){ .v = xcalloc(a->n + b->n + 1, sizeof(*c->v)) };
	pair(a, b, taken, partner);
	for (size_t i = 0; i < b->n; i++) {
		const struct prog *new = &b->v[i], *old = partner[i] < a->n ? &a->v[partner[i]] : NULL;

		c->v[c->n++] = (struct compare_row){
			name_of(old, new), old != NULL, true, old ? old->verified_insns : 0, new->verified_insns,
		};
	}
	for (size_t i = 0; i < a->n; i++)
		if (!taken[i])
			c->v[c->n++] = (struct compare_row){ a->v[i].name, true, false, a->v[i].verified_insns, 0 };
}

bool compare_differs(const struct compare_row *r)
{
	return r->in_a != r->in_b || r->a != r->b;
}

int64_t compare_delta(const struct compare_row *r)
{
	return (int64_t)r->b - (int64_t)r->a;
}

bool compare_percent(const struct compare_row *r, double *percent)
{
	if (!r->in_a || !r->in_b || !r->a)
		return false;
	*percent = 100.0 * (double)compare_delta(r) / r->a;
	return true;
}

bool compare_exceeds(const struct compare_row *r, uint64_t percent)
{
	if (!r->in_a || !r->in_b || r->b <= r->a)
		return false;
	/* 32-bit counts and percents below 2^31: nothing here overflows. */
	return (uint64_t)(r->b - r->a) * 100 > percent * r->a;
}

void compare_free(struct compare *c)
{
	free(c->v);
	*c = (struct compare){ 0 };
}
