/* Lines are interned to small integers once per pass, in both normal forms, so that comparing blocks is comparing
 * integers; for one period P, run[i] (how far C[i..] equals C[i+P..]) answers every question about blocks at once. A pass
 * is therefore linear in the log but for the sort. */
#include "verifier/collapse.h"
#include "base/mem.h"
#include <ctype.h>
#include <stdint.h>

#define PERIOD_MIN 5
#define REPEAT_MIN 3
#define ANCHOR_MIN 10
#define PASSES 5

static struct view trim(struct view v)
{
	while (v.n && isspace((unsigned char)v.p[0])) {
		v.p++;
		v.n--;
	}
	while (v.n && isspace((unsigned char)v.p[v.n - 1]))
		v.n--;
	return v;
}

static struct view rtrim_to(struct view v, size_t n)
{
	while (n && isspace((unsigned char)v.p[n - 1]))
		n--;
	return (struct view){ v.p, n };
}

static const char *find(struct view v, const char *what)
{
	return memmem(v.p, v.n, what, strlen(what));
}

static bool is_register(const char *p, const char *end)
{
	return end - p >= 2 && p[0] == 'R' && isdigit((unsigned char)p[1]);
}

static struct view cut_goto(struct view v)
{
	const char *p = find(v, "goto pc");

	if (!p)
		return v;
	size_t n = (size_t)(p - v.p) + strlen("goto pc");

	while (n < v.n && (isdigit((unsigned char)v.p[n]) || v.p[n] == '+' || v.p[n] == '-'))
		n++;
	return n < v.n ? rtrim_to(v, n) : v;
}

static struct view normal(struct view line)
{
	struct view v = trim(line);
	const char *end = v.p + v.n;

	if (!v.n || !isdigit((unsigned char)v.p[0]))
		return v;
	const char *colon = find(v, ": ");

	if (colon) {
		const char *after = colon + 2;

		if ((end - after >= 5 && !memcmp(after, "frame", 5)) || is_register(after, end))
			return (struct view){ v.p, (size_t)(colon + 1 - v.p) };
	}
	const char *note = find(v, "; frame");

	if (note)
		return rtrim_to(v, (size_t)(note - v.p));
	note = find(v, "; R");
	if (note && is_register(note + 2, end))
		return rtrim_to(v, (size_t)(note - v.p));
	return cut_goto(v);
}

static struct view drop_index(struct view v)
{
	size_t n = 0;

	while (n < v.n && isdigit((unsigned char)v.p[n]))
		n++;
	if (n && n + 2 <= v.n && v.p[n] == ':' && v.p[n + 1] == ' ')
		return (struct view){ v.p + n + 2, v.n - n - 2 };
	return v;
}

struct view collapse_normal(struct view line, bool with_index)
{
	struct view v = normal(line);

	return with_index ? v : drop_index(v);
}

struct entry {
	struct view v;
	uint32_t line;
};

static int by_text(const void *a, const void *b)
{
	const struct entry *x = a, *y = b;
	size_t n = x->v.n < y->v.n ? x->v.n : y->v.n;
	int r = n ? memcmp(x->v.p, y->v.p, n) : 0;

	if (r)
		return r;
	if (x->v.n != y->v.n)
		return x->v.n < y->v.n ? -1 : 1;
	return x->line < y->line ? -1 : 1;
}

static bool same(struct view a, struct view b)
{
	return a.n == b.n && (!a.n || !memcmp(a.p, b.p, a.n));
}

/* id[i]: equal for lines of equal text. Ids ascend bytewise, so the smallest of several is the first. Returns the most
 * frequent id among texts of at least ANCHOR_MIN bytes that occur REPEAT_MIN times, or UINT32_MAX. */
static uint32_t intern(const struct view *lines, size_t n, bool with_index, uint32_t *id)
{
	auto_free struct entry *v = xcalloc(n, sizeof(*v));
	uint32_t next = 0, anchor = UINT32_MAX;
	size_t best = REPEAT_MIN - 1;

	for (size_t i = 0; i < n; i++)
		v[i] = (struct entry){ collapse_normal(lines[i], with_index), (uint32_t)i };
	qsort(v, n, sizeof(*v), by_text);
	for (size_t i = 0; i < n; next++) {
		size_t from = i;

		for (; i < n && same(v[i].v, v[from].v); i++)
			id[v[i].line] = next;
		if (v[from].v.n >= ANCHOR_MIN && i - from > best) {
			best = i - from;
			anchor = next;
		}
	}
	return anchor;
}

static int by_size(const void *a, const void *b)
{
	size_t x = *(const size_t *)a, y = *(const size_t *)b;

	return x < y ? -1 : x > y;
}

/* Most frequent distance of positions stride apart, at least PERIOD_MIN; ties: smallest. 0: none occurs twice. */
static size_t period_of(const size_t *pos, size_t n, size_t stride)
{
	auto_free size_t *gap = xcalloc(n, sizeof(*gap));
	size_t n_gap = 0, best = 1, period = 0;

	for (size_t i = 0; i + stride < n; i++) {
		if (pos[i + stride] - pos[i] >= PERIOD_MIN)
			gap[n_gap++] = pos[i + stride] - pos[i];
	}
	qsort(gap, n_gap, sizeof(*gap), by_size);
	for (size_t i = 0; i < n_gap;) {
		size_t from = i;

		while (i < n_gap && gap[i] == gap[from])
			i++;
		if (i - from > best) {
			best = i - from;
			period = gap[from];
		}
	}
	return period;
}

/* The cycle of this period that the first fitting anchor position belongs to. */
static struct cycle cycle_of(const uint32_t *c, size_t n, const size_t *pos, size_t n_pos, size_t period)
{
	auto_free size_t *run = xcalloc(n + 1, sizeof(*run));

	for (size_t i = n > period ? n - period : 0; i-- > 0;)
		run[i] = c[i] == c[i + period] ? run[i + 1] + 1 : 0;
	for (size_t i = 0; i < n_pos && pos[i] + 2 * period <= n; i++) {
		size_t start = pos[i], best = start, count;

		if (run[start] < period)
			continue;
		count = run[start] / period;
		for (size_t k = 1; k < period && k <= start; k++) {
			if (run[start - k] >= period && run[start - k] / period > count) {
				count = run[start - k] / period;
				best = start - k;
			}
		}
		if (count + 1 >= REPEAT_MIN)
			return (struct cycle){ best, period, count + 1 };
	}
	return (struct cycle){ 0 };
}

struct cycle collapse_detect(const struct view *lines, size_t n)
{
	struct cycle found = { 0 };

	if (n < PERIOD_MIN * REPEAT_MIN || n > UINT32_MAX / 2)
		return found;
	auto_free uint32_t *with = xcalloc(n, sizeof(*with));
	auto_free uint32_t *without = xcalloc(n, sizeof(*without));
	auto_free size_t *pos = xcalloc(n, sizeof(*pos));
	const uint32_t *id = with;
	size_t n_pos = 0;
	uint32_t anchor = intern(lines, n, true, with);
	uint32_t unrolled = intern(lines, n, false, without);

	if (anchor == UINT32_MAX) {
		id = without;
		anchor = unrolled;
	}
	if (anchor == UINT32_MAX)
		return found;
	for (size_t i = 0; i < n; i++) {
		if (id[i] == anchor)
			pos[n_pos++] = i;
	}
	for (size_t stride = 1; stride <= 3 && !found.count; stride++) {
		size_t period = n_pos > stride ? period_of(pos, n_pos, stride) : 0;

		if (period)
			found = cycle_of(without, n, pos, n_pos, period);
	}
	return found;
}

/* A growing list of lines; those of ours (marker lines) are freed with it. */
struct lines {
	struct view *v;
	size_t n;
	char *mark[PASSES][3];
};

static struct view mark(struct lines *l, size_t pass, size_t k, char *text)
{
	l->mark[pass][k] = text;
	return (struct view){ text, strlen(text) };
}

static void rewrite(struct lines *l, size_t pass, const struct cycle *c)
{
	size_t end = c->start + c->period * c->count, n = c->start;
	struct view *v = xcalloc(l->n + 3, sizeof(*v));

	memcpy(v, l->v, c->start * sizeof(*v));
	v[n++] = mark(l, pass, 0, xasprintf("--- %zux of the following %zu lines ---", c->count, c->period));
	memcpy(v + n, l->v + c->start, c->period * sizeof(*v));
	n += c->period;
	v[n++] = mark(l, pass, 1, xasprintf("--- %zu identical iterations omitted ---", c->count - 2));
	memcpy(v + n, l->v + end - c->period, c->period * sizeof(*v));
	n += c->period;
	v[n++] = mark(l, pass, 2, xasprintf("--- end repeat ---"));
	memcpy(v + n, l->v + end, (l->n - end) * sizeof(*v));
	n += l->n - end;
	free(l->v);
	l->v = v;
	l->n = n;
}

static void split(struct lines *l, struct view text)
{
	size_t cap = 0;

	while (text.n) {
		const char *nl = memchr(text.p, '\n', text.n);
		size_t n = nl ? (size_t)(nl - text.p) : text.n;

		if (l->n == cap) {
			cap = cap ? cap * 2 : 256;
			l->v = xreallocarray(l->v, cap, sizeof(*l->v));
		}
		l->v[l->n++] = (struct view){ text.p, n && text.p[n - 1] == '\r' ? n - 1 : n };
		n += nl != NULL;
		text.p += n;
		text.n -= n;
	}
}

void collapse_write(FILE *f, struct view text)
{
	struct lines l = { 0 };
	size_t pass = 0;

	split(&l, text);
	for (; pass < PASSES; pass++) {
		struct cycle c = collapse_detect(l.v, l.n);

		if (!c.count)
			break;
		rewrite(&l, pass, &c);
	}
	if (!pass)
		fwrite(text.p, 1, text.n, f);
	for (size_t i = 0; pass && i < l.n; i++) {
		fwrite(l.v[i].p, 1, l.v[i].n, f);
		fputc('\n', f);
	}
	for (size_t i = 0; i < PASSES; i++) {
		for (size_t k = 0; k < 3; k++)
			free(l.mark[i][k]);
	}
	free(l.v);
}
