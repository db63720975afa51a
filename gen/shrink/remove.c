#include "gen/shrink/remove.h"
#include "scenario/scenario.h"
#include "scenario/text/line.h"

#include <stdlib.h>
#include <string.h>

/* The index of the at-th line for which this holds; n_lines: there are not so many. */
static size_t find(const struct scenario *s, bool (*is)(const struct scenario_line *l), size_t at)
{
	for (size_t i = 0; i < s->n_lines; i++)
		if (is(&s->lines[i]) && at-- == 0)
			return i;
	return s->n_lines;
}

static size_t count(const struct scenario *s, bool (*is)(const struct scenario_line *l))
{
	size_t n = 0;

	for (size_t i = 0; i < s->n_lines; i++)
		n += is(&s->lines[i]);
	return n;
}

static bool makes_group(const struct scenario_line *l)
{
	return l->kind == LINE_CGROUP && l->name;
}

static bool opens(const struct scenario_line *l)
{
	return l->kind == LINE_EVERY || l->kind == LINE_EACH;
}

/* Ends find their block again. */
static void settle_blocks(struct scenario *s)
{
	size_t open[8], depth = 0;

	for (size_t i = 0; i < s->n_lines; i++) {
		if (opens(&s->lines[i]) && depth < sizeof(open) / sizeof(*open))
			open[depth++] = i;
		else if (s->lines[i].kind == LINE_END && depth)
			s->lines[i].block = open[--depth];
	}
}

/* Where the block that begins there ends. */
static size_t end_of(const struct scenario *s, size_t at)
{
	for (size_t i = at + 1; i < s->n_lines; i++)
		if (s->lines[i].kind == LINE_END && s->lines[i].block == at)
			return i;
	return at;
}

static bool drop(struct scenario *s, const bool *gone)
{
	size_t n = 0, left = 0;

	for (size_t i = 0; i < s->n_lines; i++)
		left += !gone[i];
	if (!left || left == s->n_lines)
		return false;
	for (size_t i = 0; i < s->n_lines; i++) {
		if (gone[i])
			line_free(&s->lines[i]);
		else
			s->lines[n++] = s->lines[i];
	}
	s->n_lines = n;
	settle_blocks(s);
	return true;
}

static bool is_name(const struct scenario_line *l)
{
	return l->kind != LINE_MARK && l->kind != LINE_VAR && l->kind != LINE_MAP && l->kind != LINE_SCHEDULER;
}

static bool is_in(const char *name, const char *group)
{
	size_t n = strlen(group);

	return name && !strncmp(name, group, n) && (!name[n] || name[n] == '/');
}

size_t remove_groups(const struct scenario *s)
{
	return count(s, makes_group);
}

const char *remove_group_name(const struct scenario *s, size_t at)
{
	size_t i = find(s, makes_group, at);

	return i < s->n_lines ? s->lines[i].name : "";
}

bool remove_group(struct scenario *s, size_t at)
{
	const char *group = remove_group_name(s, at);
	bool *gone = calloc(s->n_lines + 1, sizeof(*gone));
	bool ok = gone && *group;

	for (size_t i = 0; ok && i < s->n_lines; i++) {
		const struct scenario_line *l = &s->lines[i];

		gone[i] = is_name(l) && (is_in(l->name, group) || is_in(l->other, group));
	}
	ok = ok && drop(s, gone);
	free(gone);
	return ok;
}

bool remove_lines(struct scenario *s, size_t at, size_t n)
{
	bool *gone = calloc(s->n_lines + 1, sizeof(*gone));
	bool ok = gone;

	for (size_t i = at; ok && i < s->n_lines && i - at < n; i++) {
		size_t last = opens(&s->lines[i]) ? end_of(s, i) : i;

		for (size_t k = i; s->lines[i].kind != LINE_END && k <= last; k++)
			gone[k] = true;
	}
	ok = ok && drop(s, gone);
	free(gone);
	return ok;
}

size_t remove_blocks(const struct scenario *s)
{
	return count(s, opens);
}

bool remove_block(struct scenario *s, size_t at)
{
	size_t first = find(s, opens, at);
	bool *gone = calloc(s->n_lines + 1, sizeof(*gone));
	bool ok = gone && first < s->n_lines;

	if (ok)
		gone[first] = gone[end_of(s, first)] = true;
	ok = ok && drop(s, gone);
	free(gone);
	return ok;
}

bool remove_expectation(struct scenario *s, size_t at)
{
	struct scenario_list *l = &s->expect;

	if (at >= l->n)
		return false;
	free(l->at[at].text);
	memmove(&l->at[at], &l->at[at + 1], (l->n - at - 1) * sizeof(*l->at));
	l->n--;
	return true;
}
