#include "gen/matrix/select.h"

#include <stdlib.h>
#include <string.h>

#include "base/err.h"
#include "base/mem.h"
#include "gen/base/index.h"
#include "gen/matrix/matrix.h"
#include "options/guess.h"
#include "text/name.h"

enum { SHARDS_MAX = 10000, HASH_DIGITS = 8 };

int shard_parse(struct shard *s, const char *text, struct err *e)
{
	char *slash, *end;
	unsigned long i = strtoul(text, &slash, 10), n = *slash == '/' ? strtoul(slash + 1, &end, 10) : 0;

	if (*text < '0' || *text > '9' || *slash != '/' || slash[1] < '0' || slash[1] > '9' || *end || !i || i > n ||
	    n > SHARDS_MAX)
		return err_set(e, X_USAGE, "--shard %s: \"1/3\", the first of three, is wanted; at most %d", text,
			       SHARDS_MAX);
	*s = (struct shard){ (unsigned)i, (unsigned)n };
	return 0;
}

bool shard_has(const struct shard *s, const char *name)
{
	char hex[NAME_LEN + 1];

	if (!s->n)
		return true;
	name_hex(name, strlen(name), hex);
	hex[HASH_DIGITS] = '\0';
	return strtoul(hex, NULL, 16) % s->n == s->i - 1;
}

/* Leaves out each cell that means() denies. */
static size_t select_by(struct matrix *m, bool (*means)(const void *, const struct matrix_cell *), const void *ctx)
{
	size_t left = 0;

	for (size_t i = 0; i < m->n; i++)
		for (size_t k = 0; k < m->tests[i].n; k++) {
			struct matrix_cell *c = &m->tests[i].cells[k];

			c->out = c->out || !means(ctx, c);
			left += !c->out;
		}
	return left;
}

static bool in_shard(const void *ctx, const struct matrix_cell *c)
{
	return shard_has(ctx, matrix_name(c));
}

static bool has_text(const void *ctx, const struct matrix_cell *c)
{
	return strstr(matrix_name(c), ctx);
}

static bool is_known(const void *ctx, const struct matrix_cell *c)
{
	return index_find(ctx, matrix_name(c));
}

static bool any(const void *ctx, const struct matrix_cell *c)
{
	return !ctx && c;
}

size_t select_shard(struct matrix *m, const struct shard *s)
{
	return select_by(m, in_shard, s);
}

size_t select_text(struct matrix *m, const char *text)
{
	return select_by(m, has_text, text);
}

size_t select_known(struct matrix *m, const struct index *names)
{
	return select_by(m, is_known, names);
}

size_t select_count(const struct matrix *m)
{
	return select_by((struct matrix *)m, any, NULL);
}

static int no_cell(const struct matrix *m, const char *name, struct err *e)
{
	struct guess g = { .word = name };

	for (size_t i = 0; i < m->n; i++)
		for (size_t k = 0; k < m->tests[i].n; k++)
			guess_try(&g, matrix_name(&m->tests[i].cells[k]));
	return err_set(e, X_USAGE, "--cell %s: this request has no such cell%s%s%s; --list names those it has", name,
		       g.best ? " (did you mean " : "", g.best ? g.best : "", g.best ? "?)" : "");
}

int select_names(struct matrix *m, const char *const *names, size_t n, struct err *e)
{
	auto_index struct index all = { 0 }, known = { 0 };

	for (size_t i = 0; i < m->n; i++)
		for (size_t k = 0; k < m->tests[i].n; k++)
			index_add(&all, matrix_name(&m->tests[i].cells[k]), m);
	for (size_t i = 0; i < n; i++) {
		if (!index_find(&all, names[i]))
			return no_cell(m, names[i], e);
		index_add(&known, names[i], m);
	}
	return select_known(m, &known) ? 0 : err_set(e, X_USAGE, "--cell: another option leaves all of them out");
}
