#include "scenario/cpus.h"

#include <string.h>

enum { WORDS = CPUS_MAX / 64 };

bool cpus_has(const struct cpus *s, unsigned cpu)
{
	return cpu < CPUS_MAX && (s->bits[cpu / 64] >> cpu % 64 & 1);
}

void cpus_add(struct cpus *s, unsigned cpu)
{
	s->bits[cpu / 64] |= (uint64_t)1 << cpu % 64;
}

unsigned cpus_count(const struct cpus *s)
{
	unsigned n = 0;

	for (unsigned i = 0; i < WORDS; i++)
		n += s->bits[i] ? (unsigned)__builtin_popcountll(s->bits[i]) : 0;
	return n;
}

bool cpus_equal(const struct cpus *a, const struct cpus *b)
{
	return !memcmp(a, b, sizeof *a);
}

bool cpus_within(const struct cpus *a, const struct cpus *b)
{
	for (unsigned i = 0; i < WORDS; i++) {
		if (a->bits[i] & ~b->bits[i])
			return false;
	}
	return true;
}

void cpus_or(struct cpus *to, const struct cpus *s)
{
	for (unsigned i = 0; i < WORDS; i++)
		to->bits[i] |= s->bits[i];
}

void cpus_and(struct cpus *to, const struct cpus *s)
{
	for (unsigned i = 0; i < WORDS; i++)
		to->bits[i] &= s->bits[i];
}

void cpus_minus(struct cpus *to, const struct cpus *s)
{
	for (unsigned i = 0; i < WORDS; i++)
		to->bits[i] &= ~s->bits[i];
}

int cpus_next(const struct cpus *s, int cpu)
{
	for (unsigned i = (unsigned)(cpu + 1); i < CPUS_MAX;) {
		uint64_t rest = s->bits[i / 64] >> i % 64;

		if (rest)
			return (int)(i + (unsigned)__builtin_ctzll(rest));
		i = (i / 64 + 1) * 64;
	}
	return -1;
}

/* The range that begins behind last: false at the end. */
static bool next_range(const struct cpus *s, int last, int *from, int *to)
{
	*from = cpus_next(s, last);
	if (*from < 0)
		return false;
	*to = *from;
	while (cpus_has(s, (unsigned)*to + 1))
		++*to;
	return true;
}

void cpus_write(FILE *f, const struct cpus *s)
{
	const char *comma = "";

	for (int from, to = -1; next_range(s, to, &from, &to); comma = ",") {
		fprintf(f, "%s%d", comma, from);
		if (to > from)
			fprintf(f, "-%d", to);
	}
}

bool cpus_text(const struct cpus *s, char *to, size_t n)
{
	size_t used = 0;

	if (!n)
		return false;
	to[0] = '\0';
	for (int from, last = -1; next_range(s, last, &from, &last);) {
		int len = snprintf(to + used, n - used, last > from ? "%s%d-%d" : "%s%d", used ? "," : "", from, last);

		if ((size_t)len >= n - used)
			return false;
		used += (size_t)len;
	}
	return true;
}

static bool number(const char **p, const char *end, unsigned *v)
{
	const char *s = *p;

	for (*v = 0; s < end && *s >= '0' && *s <= '9'; s++) {
		*v = *v * 10 + (unsigned)(*s - '0');
		if (*v >= CPUS_MAX)
			return false;
	}
	if (s == *p)
		return false;
	*p = s;
	return true;
}

bool cpus_parse(struct cpus *s, const char *text, size_t n)
{
	const char *p = text, *end = text + n;
	unsigned from, to;

	*s = (struct cpus){ 0 };
	for (;;) {
		if (!number(&p, end, &from))
			return false;
		to = from;
		if (p < end && *p == '-') {
			p++;
			if (!number(&p, end, &to) || to < from)
				return false;
		}
		while (from <= to)
			cpus_add(s, from++);
		if (p == end)
			return true;
		if (*p++ != ',')
			return false;
	}
}
