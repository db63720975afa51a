#include "gen/shrink/halve.h"
#include "scenario/scenario.h"
#include "scenario/text/line.h"

#include <stdlib.h>
#include <string.h>

#define NS_PER_MS 1000000u

/* What is smaller tells nothing: a handful of ticks of the guest. */
enum { PERCENT_MIN = 25, TIME_MIN_MS = 20, DURATION_MIN_MS = 100 };

static bool has_amount(const struct scenario_line *l)
{
	return l->kind == LINE_WORK || l->kind == LINE_PROGRAM;
}

bool halve_workers(struct scenario *s, size_t line)
{
	if (line >= s->n_lines) {
		bool unsaid = false;

		for (size_t i = 0; i < s->n_lines; i++)
			unsaid |= has_amount(&s->lines[i]) && !s->lines[i].amount.value;
		if (!unsaid || s->workers < 2)
			return false;
		s->workers /= 2;
		return true;
	}
	struct scenario_line *l = &s->lines[line];

	if (!has_amount(l) || l->amount.value < (l->amount.percent ? 2 * PERCENT_MIN : 2))
		return false;
	l->amount.value /= 2;
	return true;
}

static bool is_time(const struct scenario_line *l)
{
	return l->kind == LINE_HOLD || l->kind == LINE_END;
}

/* To whole milliseconds. */
static bool halve_ns(uint64_t *ns, unsigned min_ms)
{
	uint64_t half = *ns / 2 / NS_PER_MS;

	if (half < min_ms)
		return false;
	*ns = half * NS_PER_MS;
	return true;
}

bool halve_time(struct scenario *s, size_t line)
{
	if (line >= s->n_lines) {
		bool percent = false;

		for (size_t i = 0; i < s->n_lines; i++)
			percent |= is_time(&s->lines[i]) && s->lines[i].amount.percent;
		return percent && halve_ns(&s->duration_ns, DURATION_MIN_MS);
	}
	struct scenario_line *l = &s->lines[line];

	return is_time(l) && !l->amount.percent && halve_ns(&l->amount.value, TIME_MIN_MS);
}

static bool read_parts(const char *text, unsigned v[HALVE_PARTS])
{
	for (int i = 0; i < HALVE_PARTS; i++) {
		char *end;
		unsigned long n = strtoul(text, &end, 10);

		if (end == text || !n || n > 4096 || *end != (i + 1 < HALVE_PARTS ? ',' : '\0'))
			return false;
		v[i] = (unsigned)n;
		text = end + 1;
	}
	return true;
}

bool halve_cpus(struct scenario *s, size_t part)
{
	static const int places[HALVE_PARTS] = { 2, 3, 1, 0 }; /* in "N,L,C,T" */
	unsigned v[HALVE_PARTS];
	char text[64];

	if (part >= HALVE_PARTS || !s->topology.text || !read_parts(s->topology.text, v) || v[places[part]] < 2)
		return false;
	v[places[part]] /= 2;
	if (v[1] % v[0])
		return false;
	snprintf(text, sizeof(text), "%u,%u,%u,%u", v[0], v[1], v[2], v[3]);
	char *smaller = strdup(text);

	if (!smaller)
		return false;
	free(s->topology.text);
	s->topology.text = smaller;
	return true;
}
