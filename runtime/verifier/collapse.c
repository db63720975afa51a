/* Lines become small integers once, in both normal forms, so that comparing blocks is comparing integers. For one period
 * P, run (how far the lines from here on equal those P further) answers every question about blocks. A pass looks at each
 * line a constant number of times. */
#include "verifier/collapse.h"
#include "base/mem.h"
#include "text/seed.h"
#include <ctype.h>
#include <stdint.h>

#define PERIOD_MIN 5
#define REPEAT_MIN 3
#define ANCHOR_MIN 10
#define PASSES 5
#define LINES_MAX ((size_t)4 << 20)
#define NO_ID UINT32_MAX

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

/* Texts and their numbers, in the order in which they came. */
struct names {
	struct view *text;
	uint64_t *hash;
	uint32_t n, cap;
	uint32_t *slot; /* number + 1, by hash; 0: free */
	size_t n_slots; /* a power of two */
	uint64_t seed;  /* a guest that knows it could make all its lines meet in one slot */
};

static uint64_t hash_of(struct view v, uint64_t h)
{
	const uint64_t odd = 0x9e3779b97f4a7c15; /* 2^64 over the golden ratio: its multiples scatter */

	h ^= v.n * odd;
	while (v.n) {
		uint64_t word = 0;
		size_t n = v.n < sizeof(word) ? v.n : sizeof(word);

		memcpy(&word, v.p, n);
		h = (h ^ word) * odd;
		h ^= h >> 29;
		v.p += n;
		v.n -= n;
	}
	return h ^ h >> 32;
}

static bool same(struct view a, struct view b)
{
	return a.n == b.n && (!a.n || !memcmp(a.p, b.p, a.n));
}

static void names_grow(struct names *t)
{
	t->n_slots = t->n_slots ? t->n_slots * 2 : 1024;
	t->cap = (uint32_t)(t->n_slots / 2);
	t->text = xreallocarray(t->text, t->cap, sizeof(*t->text));
	t->hash = xreallocarray(t->hash, t->cap, sizeof(*t->hash));
	free(t->slot);
	t->slot = xcalloc(t->n_slots, sizeof(*t->slot));
	for (uint32_t id = 0; id < t->n; id++) {
		size_t at = t->hash[id] & (t->n_slots - 1);

		while (t->slot[at])
			at = (at + 1) & (t->n_slots - 1);
		t->slot[at] = id + 1;
	}
}

static uint32_t name_of(struct names *t, struct view text)
{
	uint64_t hash = hash_of(text, t->seed);

	if (t->n == t->cap)
		names_grow(t);
	for (size_t at = hash & (t->n_slots - 1);; at = (at + 1) & (t->n_slots - 1)) {
		uint32_t id = t->slot[at] - 1;

		if (!t->slot[at]) {
			t->text[t->n] = text;
			t->hash[t->n] = hash;
			t->slot[at] = t->n + 1;
			return t->n++;
		}
		if (t->hash[id] == hash && same(t->text[id], text))
			return id;
	}
}

static void names_free(struct names *t)
{
	free(t->text);
	free(t->hash);
	free(t->slot);
}

struct line {
	struct view v;
	uint32_t with, without; /* numbers of its normal forms: with the instruction's index, and without */
};

struct lines {
	struct line *v;
	size_t n;
	struct names names;
	char *mark[PASSES][3]; /* lines of ours */
};

static struct line line_of(struct lines *l, struct view v)
{
	struct view with = normal(v);

	return (struct line){ v, name_of(&l->names, with), name_of(&l->names, drop_index(with)) };
}

static void lines_free(struct lines *l)
{
	for (size_t i = 0; i < PASSES; i++) {
		for (size_t k = 0; k < countof(l->mark[i]); k++)
			free(l->mark[i][k]);
	}
	names_free(&l->names);
	free(l->v);
}

static bool is_less(struct view a, struct view b)
{
	int r = memcmp(a.p, b.p, a.n < b.n ? a.n : b.n);

	return r ? r < 0 : a.n < b.n;
}

static uint32_t id_of(const struct line *line, bool with)
{
	return with ? line->with : line->without;
}

/* The most frequent form among those of at least ANCHOR_MIN bytes that occur REPEAT_MIN times; ties: bytewise smallest. */
static uint32_t anchor_of(const struct lines *l, bool with)
{
	auto_free uint32_t *count = xcalloc(l->names.n, sizeof(*count));
	uint32_t best = NO_ID;

	for (size_t i = 0; i < l->n; i++)
		count[id_of(&l->v[i], with)]++;
	for (uint32_t id = 0; id < l->names.n; id++) {
		struct view text = l->names.text[id];

		if (text.n < ANCHOR_MIN || count[id] < REPEAT_MIN)
			continue;
		if (best == NO_ID || count[id] > count[best] ||
		    (count[id] == count[best] && is_less(text, l->names.text[best])))
			best = id;
	}
	return best;
}

/* Most frequent distance of positions stride apart, at least PERIOD_MIN; ties: smallest. 0: none occurs twice. */
static size_t period_of(const uint32_t *pos, size_t n, size_t stride, uint32_t *count, size_t n_lines)
{
	size_t period = 0;
	uint32_t best = 1;

	memset(count, 0, n_lines * sizeof(*count));
	for (size_t i = 0; i + stride < n; i++)
		count[pos[i + stride] - pos[i]]++;
	for (size_t gap = PERIOD_MIN; gap < n_lines; gap++) {
		if (count[gap] > best) {
			best = count[gap];
			period = gap;
		}
	}
	return period;
}

/* The cycle of this period that the first fitting anchor position belongs to. run has room for all lines. */
static struct cycle cycle_of(const struct lines *l, const uint32_t *pos, size_t n_pos, size_t period, uint32_t *run)
{
	memset(run, 0, l->n * sizeof(*run));
	for (size_t i = l->n > period ? l->n - period : 0; i-- > 0;)
		run[i] = l->v[i].without == l->v[i + period].without ? run[i + 1] + 1 : 0;
	for (size_t i = 0; i < n_pos && pos[i] + 2 * period <= l->n; i++) {
		size_t start = pos[i], count = run[start] / period;

		if (!count)
			continue;
		/* Of the starts less than a period earlier only one run reaches further by a block: ours, continued backwards. */
		size_t back = period - run[start] % period;

		if (back < period && back <= start && run[start - back] == run[start] + back) {
			start -= back;
			count++;
		}
		if (count + 1 >= REPEAT_MIN)
			return (struct cycle){ start, period, count + 1 };
	}
	return (struct cycle){ 0 };
}

static struct cycle detect(const struct lines *l)
{
	struct cycle found = { 0 };
	bool with = true;

	if (l->n < PERIOD_MIN * REPEAT_MIN)
		return found;
	uint32_t anchor = anchor_of(l, with);

	if (anchor == NO_ID)
		anchor = anchor_of(l, with = false);
	if (anchor == NO_ID)
		return found;
	auto_free uint32_t *pos = xcalloc(l->n, sizeof(*pos));
	auto_free uint32_t *work = xcalloc(l->n, sizeof(*work));
	size_t n_pos = 0;

	for (size_t i = 0; i < l->n; i++) {
		if (id_of(&l->v[i], with) == anchor)
			pos[n_pos++] = (uint32_t)i;
	}
	for (size_t stride = 1; stride <= 3 && !found.count; stride++) {
		size_t period = n_pos > stride ? period_of(pos, n_pos, stride, work, l->n) : 0;

		if (period)
			found = cycle_of(l, pos, n_pos, period, work);
	}
	return found;
}

struct cycle collapse_detect(const struct view *lines, size_t n)
{
	struct lines l = { .v = xcalloc(n, sizeof(*l.v)), .n = n, .names = { .seed = seed_of_process() } };

	for (size_t i = 0; i < n; i++)
		l.v[i] = line_of(&l, lines[i]);
	struct cycle found = detect(&l);

	lines_free(&l);
	return found;
}

static struct line mark(struct lines *l, size_t pass, size_t k, char *text)
{
	l->mark[pass][k] = text;
	return line_of(l, (struct view){ text, strlen(text) });
}

/* In place: what is left out is always more than the three lines of ours. */
static void rewrite(struct lines *l, size_t pass, const struct cycle *c)
{
	size_t end = c->start + c->period * c->count, block = c->period * sizeof(*l->v);
	struct line *to = l->v + c->start;

	memmove(to + 1, to, block);
	*to++ = mark(l, pass, 0, xasprintf("--- %zux of the following %zu lines ---", c->count, c->period));
	to += c->period;
	*to++ = mark(l, pass, 1, xasprintf("--- %zu identical iterations omitted ---", c->count - 2));
	memmove(to, l->v + end - c->period, block);
	to += c->period;
	*to++ = mark(l, pass, 2, xasprintf("--- end repeat ---"));
	memmove(to, l->v + end, (l->n - end) * sizeof(*l->v));
	l->n = (size_t)(to - l->v) + (l->n - end);
}

static size_t count_lines(struct view text)
{
	size_t n = 0;

	for (const char *nl; text.n; n++) {
		nl = memchr(text.p, '\n', text.n);
		text.n -= nl ? (size_t)(nl + 1 - text.p) : text.n;
		text.p = nl ? nl + 1 : text.p;
	}
	return n;
}

static void split(struct lines *l, struct view text, size_t n)
{
	l->v = xcalloc(n, sizeof(*l->v));
	while (text.n) {
		const char *nl = memchr(text.p, '\n', text.n);
		size_t len = nl ? (size_t)(nl - text.p) : text.n;

		l->v[l->n++] = line_of(l, (struct view){ text.p, len && text.p[len - 1] == '\r' ? len - 1 : len });
		len += nl != NULL;
		text.p += len;
		text.n -= len;
	}
}

void collapse_write(FILE *f, struct view text)
{
	struct lines l = { .names = { .seed = seed_of_process() } };
	size_t pass = 0, n = count_lines(text);

	if (n <= LINES_MAX)
		split(&l, text, n);
	for (; pass < PASSES; pass++) {
		struct cycle c = detect(&l);

		if (!c.count)
			break;
		rewrite(&l, pass, &c);
	}
	if (!pass)
		fwrite(text.p, 1, text.n, f);
	for (size_t i = 0; pass && i < l.n; i++) {
		fwrite(l.v[i].v.p, 1, l.v[i].v.n, f);
		fputc('\n', f);
	}
	lines_free(&l);
}
