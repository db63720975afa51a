#include "text/distance.h"

#include <stdbool.h>
#include <string.h>

static unsigned least(unsigned a, unsigned b, unsigned c)
{
	unsigned m = a < b ? a : b;

	return m < c ? m : c;
}

/* row[k]: from a to the first k of the n bytes of b. */
static void fill(unsigned row[DISTANCE_MAX + 1], const char *a, size_t m, const char *b, size_t n)
{
	unsigned rows[3][DISTANCE_MAX + 1];
	unsigned *before = rows[0], *last = rows[1], *now = rows[2];

	for (size_t k = 0; k <= n; k++)
		last[k] = (unsigned)k;
	for (size_t i = 1; i <= m; i++) {
		now[0] = (unsigned)i;
		for (size_t k = 1; k <= n; k++) {
			bool swapped = i > 1 && k > 1 && a[i - 1] == b[k - 2] && a[i - 2] == b[k - 1];

			now[k] = least(last[k] + 1, now[k - 1] + 1, last[k - 1] + (a[i - 1] != b[k - 1]));
			if (swapped && before[k - 2] + 1 < now[k])
				now[k] = before[k - 2] + 1;
		}
		unsigned *spare = before;
		before = last;
		last = now;
		now = spare;
	}
	memcpy(row, last, (n + 1) * sizeof(*row));
}

unsigned edit_distance(const char *a, const char *b)
{
	size_t m = strnlen(a, DISTANCE_MAX), n = strnlen(b, DISTANCE_MAX);
	unsigned row[DISTANCE_MAX + 1];

	fill(row, a, m, b, n);
	return row[n];
}

unsigned edit_distance_prefix(const char *word, const char *name)
{
	size_t m = strnlen(word, DISTANCE_MAX), n = strnlen(name, DISTANCE_MAX);
	unsigned row[DISTANCE_MAX + 1], best;

	fill(row, word, m, name, n);
	best = row[0];
	for (size_t k = 1; k <= n; k++)
		best = row[k] < best ? row[k] : best;
	return best;
}
