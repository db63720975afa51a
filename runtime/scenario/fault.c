#include "scenario/fault.h"

#include <stdarg.h>
#include <string.h>

/* The end of what fits, without half a character. */
static void trim(char *s, size_t size)
{
	size_t n = strlen(s), start = n;

	if (n < size - 1)
		return;
	while (start && ((unsigned char)s[start - 1] & 0xc0) == 0x80)
		start--;
	if (start && (unsigned char)s[start - 1] >= 0xc0)
		s[start - 1] = '\0';
}

static bool fill(struct scenario_error *e, enum scenario_fault fault, size_t column, const char *fmt, va_list args)
{
	e->fault = fault;
	e->column = (unsigned)column;
	e->tip[0] = '\0';
	vsnprintf(e->what, sizeof e->what, fmt, args);
	trim(e->what, sizeof e->what);
	return false;
}

bool fault_bad(struct scenario_error *e, size_t column, const char *fmt, ...)
{
	va_list args;

	va_start(args, fmt);
	fill(e, SCENARIO_BAD, column, fmt, args);
	va_end(args);
	return false;
}

bool fault_skip(struct scenario_error *e, const char *fmt, ...)
{
	va_list args;

	va_start(args, fmt);
	fill(e, SCENARIO_SKIP, 0, fmt, args);
	va_end(args);
	return false;
}

bool fault_memory(struct scenario_error *e)
{
	*e = (struct scenario_error){ .fault = SCENARIO_MEMORY };
	strcpy(e->what, "out of memory");
	return false;
}

bool fault_tip(struct scenario_error *e, const char *fmt, ...)
{
	va_list args;

	va_start(args, fmt);
	vsnprintf(e->tip, sizeof e->tip, fmt, args);
	va_end(args);
	trim(e->tip, sizeof e->tip);
	return false;
}

unsigned fault_which(const char *const *words, unsigned count, const char *text, size_t n)
{
	unsigned i = 0;

	while (i < count && (!words[i] || strlen(words[i]) != n || memcmp(words[i], text, n) != 0))
		i++;
	return i;
}

enum { WORD_MAX = 32 };

/* Insertions, deletions, replacements, and swaps of neighbours. */
static unsigned distance(const char *a, size_t na, const char *b)
{
	unsigned rows[3][WORD_MAX + 1], *before = rows[0], *last = rows[1], *now = rows[2], *swap;
	size_t nb = strlen(b);

	if (na > WORD_MAX || nb > WORD_MAX)
		return WORD_MAX;
	for (size_t j = 0; j <= nb; j++)
		before[j] = last[j] = (unsigned)j;
	for (size_t i = 1; i <= na; i++) {
		now[0] = (unsigned)i;
		for (size_t j = 1; j <= nb; j++) {
			unsigned best = last[j - 1] + (a[i - 1] != b[j - 1]);

			if (last[j] + 1 < best)
				best = last[j] + 1;
			if (now[j - 1] + 1 < best)
				best = now[j - 1] + 1;
			if (i > 1 && j > 1 && a[i - 1] == b[j - 2] && a[i - 2] == b[j - 1] && before[j - 2] + 1 < best)
				best = before[j - 2] + 1;
			now[j] = best;
		}
		swap = before;
		before = last;
		last = now;
		now = swap;
	}
	return last[nb];
}

void fault_guess_try(struct fault_guess *g, const char *candidate)
{
	unsigned d = distance(g->word, g->n, candidate);
	size_t used = strlen(g->all);

	if (d <= (g->n + 2) / 3 && (!g->best || d < g->distance)) {
		g->best = candidate;
		g->distance = d;
	}
	if (used + strlen(candidate) + 3 < sizeof g->all) {
		if (used)
			strcat(g->all, " ");
		strcat(g->all, candidate);
	} else if (used + 5 < sizeof g->all && (used < 3 || strcmp(g->all + used - 3, "...") != 0)) {
		strcat(g->all, used ? " ..." : "...");
	}
}

void fault_guess_words(struct fault_guess *g, const char *const *words, unsigned count)
{
	for (unsigned i = 0; i < count; i++)
		if (words[i])
			fault_guess_try(g, words[i]);
}

bool fault_guess_tip(struct scenario_error *e, const struct fault_guess *g)
{
	if (g->best)
		return fault_tip(e, "did you mean \"%s\"?", g->best);
	if (g->all[0])
		return fault_tip(e, "there are: %s", g->all);
	return false;
}
