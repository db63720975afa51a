/* naive_collapse.h: the rules of cycle collapse once more, as directly as they can be said, to compare with. Blocks are
 * compared line by line as text, every candidate is tried, nothing is remembered. */
#pragma once
#include "base/mem.h"
#include "verifier/log.h"
#include <ctype.h>
#include <stdbool.h>

struct naive {
	char **v; /* lines without their ends */
	size_t n;
};

static inline void naive_add(struct naive *l, const char *text, size_t n)
{
	l->v = xreallocarray(l->v, l->n + 1, sizeof(*l->v));
	l->v[l->n++] = xstrndup(text, n);
}

static inline struct naive naive_split(const char *text)
{
	struct naive l = { 0 };

	while (*text) {
		size_t n = strcspn(text, "\n");

		naive_add(&l, text, n && text[n - 1] == '\r' ? n - 1 : n);
		text += n + (text[n] == '\n');
	}
	return l;
}

static inline void naive_free(struct naive *l)
{
	for (size_t i = 0; i < l->n; i++)
		free(l->v[i]);
	free(l->v);
	*l = (struct naive){ 0 };
}

static inline void naive_rtrim(char *s)
{
	for (size_t n = strlen(s); n && isspace((unsigned char)s[n - 1]); n--)
		s[n - 1] = 0;
}

static inline char *naive_normal(const char *line, bool with)
{
	char *s = xstrdup(line + strspn(line, " \t\r\v\f\n"));
	char *p;

	naive_rtrim(s);
	if (!isdigit((unsigned char)s[0]))
		return s;
	if ((p = strstr(s, ": ")) && (!strncmp(p + 2, "frame", 5) || (p[2] == 'R' && isdigit((unsigned char)p[3])))) {
		p[1] = 0;
	} else if ((p = strstr(s, "; frame")) || ((p = strstr(s, "; R")) && isdigit((unsigned char)p[3]))) {
		*p = 0;
		naive_rtrim(s);
	} else if ((p = strstr(s, "goto pc"))) {
		p += 7;
		p += strspn(p, "+-0123456789");
		if (*p) {
			*p = 0;
			naive_rtrim(s);
		}
	}
	size_t digits = strspn(s, "0123456789");

	if (!with && !strncmp(s + digits, ": ", 2))
		memmove(s, s + digits + 2, strlen(s + digits + 2) + 1);
	return s;
}

static inline size_t naive_count(const struct naive *l, const char *text)
{
	size_t n = 0;

	for (size_t i = 0; i < l->n; i++)
		n += !strcmp(l->v[i], text);
	return n;
}

static inline const char *naive_anchor(const struct naive *l)
{
	const char *best = NULL;
	size_t most = 2;

	for (size_t i = 0; i < l->n; i++) {
		size_t n = strlen(l->v[i]) < 10 ? 0 : naive_count(l, l->v[i]);

		if (n > most || (best && n == most && strcmp(l->v[i], best) < 0)) {
			most = n;
			best = l->v[i];
		}
	}
	return best;
}

static inline size_t naive_period(const size_t *pos, size_t n, size_t stride)
{
	size_t best = 0, most = 1;

	for (size_t i = 0; i + stride < n; i++) {
		size_t gap = pos[i + stride] - pos[i], times = 0;

		for (size_t k = 0; k + stride < n; k++)
			times += pos[k + stride] - pos[k] == gap;
		if (gap >= 5 && (times > most || (best && times == most && gap < best))) {
			most = times;
			best = gap;
		}
	}
	return best;
}

/* How many equal blocks follow each other from at. */
static inline size_t naive_blocks(const struct naive *c, size_t at, size_t period)
{
	size_t count = 1;

	for (;; count++) {
		for (size_t i = 0; i < period; i++) {
			size_t b = at + count * period + i;

			if (b >= c->n || strcmp(c->v[at + i], c->v[b]) != 0)
				return count;
		}
	}
}

struct naive_cycle {
	size_t start, period, count;
};

static inline struct naive_cycle naive_search(const struct naive *form, const struct naive *c, const char *anchor)
{
	auto_free size_t *pos = xcalloc(form->n, sizeof(*pos));
	size_t n = 0;

	for (size_t i = 0; i < form->n; i++) {
		if (!strcmp(form->v[i], anchor))
			pos[n++] = i;
	}
	for (size_t stride = 1; stride <= 3; stride++) {
		size_t period = n > stride ? naive_period(pos, n, stride) : 0;

		for (size_t i = 0; period && i < n && pos[i] + 2 * period <= form->n; i++) {
			size_t best = naive_blocks(c, pos[i], period), start = pos[i];

			if (best < 2)
				continue;
			for (size_t back = 1; back < period && back <= pos[i]; back++) {
				size_t count = naive_blocks(c, pos[i] - back, period);

				if (count >= 2 && count > best) {
					best = count;
					start = pos[i] - back;
				}
			}
			if (best >= 3)
				return (struct naive_cycle){ start, period, best };
		}
	}
	return (struct naive_cycle){ 0 };
}

static inline struct naive_cycle naive_detect(const struct naive *l)
{
	struct naive_cycle found = { 0 };
	struct naive with = { 0 }, without = { 0 };

	for (size_t i = 0; i < l->n; i++) {
		auto_free char *a = naive_normal(l->v[i], true);
		auto_free char *b = naive_normal(l->v[i], false);

		naive_add(&with, a, strlen(a));
		naive_add(&without, b, strlen(b));
	}
	const char *a = naive_anchor(&with), *b = naive_anchor(&without);

	if (l->n >= 15 && a)
		found = naive_search(&with, &without, a);
	else if (l->n >= 15 && b)
		found = naive_search(&without, &without, b);
	naive_free(&with);
	naive_free(&without);
	return found;
}

static inline void naive_print(FILE *f, const struct naive *l, size_t from, size_t to)
{
	for (size_t i = from; i < to; i++)
		fprintf(f, "%s\n", l->v[i]);
}

/* Caller frees. */
static inline char *naive_collapse(const char *in)
{
	char *text = xstrdup(in);

	for (int pass = 0; pass < 5; pass++) {
		struct naive l = naive_split(text);
		struct naive_cycle c = naive_detect(&l);
		size_t n, end = c.start + c.period * c.count;

		if (c.count) {
			free(text);
			FILE *f = xmemstream(&text, &n);

			naive_print(f, &l, 0, c.start);
			fprintf(f, "--- %zux of the following %zu lines ---\n", c.count, c.period);
			naive_print(f, &l, c.start, c.start + c.period);
			fprintf(f, "--- %zu identical iterations omitted ---\n", c.count - 2);
			naive_print(f, &l, end - c.period, end);
			fprintf(f, "--- end repeat ---\n");
			naive_print(f, &l, end, l.n);
			fclose(f);
		}
		naive_free(&l);
		if (!c.count)
			break;
	}
	return text;
}
