#include "options/guess.h"

#include <string.h>

#include "text/distance.h"

enum { LONGEST = 40 };

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
		d = edit_distance(g->word, candidate);
	if (d > 1 + n / 4)
		return;
	if (g->best && d >= g->distance)
		return;
	g->best = candidate;
	g->distance = d;
}
