#include "verifier/compare.h"
#include "base/mem.h"

/* How many of the first n have that name. */
static size_t times(const struct progs *p, size_t n, const char *name)
{
	size_t k = 0;

	for (size_t i = 0; i < n; i++)
		k += !strcmp(p->v[i].name, name);
	return k;
}

static const struct prog *nth(const struct progs *p, const char *name, size_t k)
{
	for (size_t i = 0; i < p->n; i++) {
		if (!strcmp(p->v[i].name, name) && !k--)
			return &p->v[i];
	}
	return NULL;
}

void compare_progs(struct compare *c, const struct progs *a, const struct progs *b)
{
	*c = (struct compare){ .v = xcalloc(a->n + b->n + 1, sizeof(*c->v)) };
	for (size_t i = 0; i < b->n; i++) {
		const struct prog *new = &b->v[i];
		const struct prog *old = nth(a, new->name, times(b, i, new->name));

		c->v[c->n++] = (struct compare_row){
			new->name, old != NULL, true, old ? old->verified_insns : 0, new->verified_insns,
		};
	}
	for (size_t i = 0; i < a->n; i++) {
		const struct prog *old = &a->v[i];

		if (!nth(b, old->name, times(a, i, old->name)))
			c->v[c->n++] = (struct compare_row){ old->name, true, false, old->verified_insns, 0 };
	}
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
