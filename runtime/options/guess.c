/* guess.c: how many slips of a finger lie between two words. */
#include "options/guess.h"

#include <string.h>

enum { LONGEST = 40 };

static unsigned least(unsigned a, unsigned b, unsigned c)
{
	unsigned m = a < b ? a : b;

	return m < c ? m : c;
}

/* Insertions, deletions, replacements, and swaps of neighbours. Both words fit LONGEST. */
static unsigned distance(const char *a, const char *b)
{
	unsigned rows[3][LONGEST + 1];
	unsigned *before = rows[0], *last = rows[1], *now = rows[2];
	size_t n = strlen(b);

	for (size_t k = 0; k <= n; k++)
		last[k] = (unsigned)k;
	for (size_t i = 1; a[i - 1]; i++) {
		now[0] = (unsigned)i;
		for (size_t k = 1; k <= n; k++) {
			unsigned differ = a[i - 1] != b[k - 1];

			now[k] = least(last[k] + 1, now[k - 1] + 1, last[k - 1] + differ);
			if (i > 1 && k > 1 && a[i - 1] == b[k - 2] && a[i - 2] == b[k - 1] &&
			    before[k - 2] + 1 < now[k])
				now[k] = before[k - 2] + 1;
		}
		unsigned *spare = before;
		before = last;
		last = now;
		now = spare;
	}
	return last[n];
}

void guess_try(struct guess *g, const char *candidate)
{
	size_t n = strlen(g->word);
	unsigned d;

	if (n < 2 || n > LONGEST || strlen(candidate) > LONGEST)
		return;
	/* An abbreviation is a good hint although we do not accept it. */
	if (n >= 3 && !strncmp(candidate, g->word, n))
		d = 1;
	else
		d = distance(g->word, candidate);
	if (d > 1 + n / 4)
		return;
	if (g->best && d >= g->distance)
		return;
	g->best = candidate;
	g->distance = d;
}
