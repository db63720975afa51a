#include "gen/complete/complete.h"

#include "base/mem.h"
#include "gen/complete/value.h"
#include "gen/complete/word.h"
#include "options/opt.h"
#include <stdbool.h>

enum { DEPTH = 8 };

/* Where the words before the cursor have led to. */
struct place {
	const struct verb *path[DEPTH];
	size_t depth;
	const struct opt *pending; /* whose value comes next */
	bool ended;                /* only arguments from here on */
	bool help;                 /* behind "help": names of verbs only */
	bool lost;                 /* a verb that is none */
	size_t n_args;
};

static const struct verb *last(const struct place *p)
{
	return p->path[p->depth - 1];
}

/* The tables that apply, nearest first, and opt_global; NULL behind it. */
static const struct opt *table(const struct place *p, size_t i)
{
	static const struct opt none[] = { { 0 } };

	if (i > p->depth || (i == p->depth && last(p)->trailing))
		return NULL;
	if (i == p->depth)
		return opt_global;
	return p->path[p->depth - 1 - i]->opts ? p->path[p->depth - 1 - i]->opts : none;
}

static bool takes_value(const struct opt *o)
{
	return o->type != OPT_FLAG && o->type != OPT_COUNT;
}

static const struct opt *find_long(const struct place *p, const char *name, size_t n)
{
	const struct opt *t;

	for (size_t i = 0; (t = table(p, i)); i++) {
		for (; t->name; t++) {
			if (opt_named(t, name, n))
				return t;
		}
	}
	return NULL;
}

static const struct opt *find_short(const struct place *p, char letter)
{
	const struct opt *t;

	for (size_t i = 0; (t = table(p, i)); i++) {
		for (; t->name; t++) {
			if (t->letter && t->letter == letter)
				return t;
		}
	}
	return NULL;
}

static void take_long(struct place *p, const char *name)
{
	size_t n = strcspn(name, "=");
	const struct opt *o = find_long(p, name, n);

	if (!o)
		p->ended = last(p)->trailing;
	else if (takes_value(o) && !name[n])
		p->pending = o;
}

static void take_short(struct place *p, const char *letters)
{
	for (; *letters; letters++) {
		const struct opt *o = find_short(p, *letters);

		if (!o)
			p->ended = last(p)->trailing;
		if (!o || takes_value(o)) {
			p->pending = o && !letters[1] ? o : NULL;
			return;
		}
	}
}

static void take_plain(struct place *p, const char *word)
{
	const struct verb *v = last(p);

	if (!v->sub) {
		p->n_args++;
		p->ended |= v->trailing;
		return;
	}
	for (size_t i = 0; v->sub[i] && p->depth < DEPTH; i++) {
		if (verb_named(v->sub[i], word)) {
			p->path[p->depth++] = v->sub[i];
			return;
		}
	}
	p->lost = p->help || strcmp(word, "help") != 0;
	p->help = true;
}

static void take(struct place *p, const char *word)
{
	if (p->pending)
		p->pending = NULL;
	else if (p->ended || word[0] != '-' || !word[1])
		take_plain(p, word);
	else if (word[1] != '-')
		take_short(p, word + 1);
	else if (word[2])
		take_long(p, word + 2);
	else
		p->ended = true;
}

static void put_options(FILE *f, const struct place *p, const char *typed)
{
	const struct opt *t;

	for (size_t i = 0; (t = table(p, i)); i++) {
		for (; t->name; t++) {
			auto_free char *name = xasprintf("--%s", t->name);

			if (!t->hidden)
				complete_word(f, "", name, typed, t->help);
		}
	}
	if (last(p)->trailing)
		complete_word(f, "", "--help", typed, "print help");
}

static void put_verbs(FILE *f, const struct place *p, const char *typed)
{
	const struct verb *v = last(p);

	for (size_t i = 0; v->sub && v->sub[i]; i++) {
		if (!v->sub[i]->hidden)
			complete_word(f, "", v->sub[i]->name, typed, v->sub[i]->summary);
	}
	if (v->sub && !p->help)
		complete_word(f, "", "help", typed, "show the help of a command");
}

/* "--option=value" at the cursor. */
static void put_joined(FILE *f, const struct place *p, const char *word, const char *const *words, size_t n)
{
	size_t len = strcspn(word + 2, "=");
	const struct opt *o = find_long(p, word + 2, len);
	auto_free char *before = xstrndup(word, len + 3);

	if (o && takes_value(o))
		complete_values(f, o, o->arg, word + len + 3, before, words, n);
}

void complete_words(FILE *f, const struct verb *root, const char *const *words, size_t n)
{
	struct place p = { .path = { root }, .depth = 1 };
	const char *cur = n ? words[n - 1] : "";
	size_t from = n && !strcmp(words[0], root->name) && n > 1;

	for (size_t i = from; i + 1 < n; i++)
		take(&p, words[i]);
	if (p.lost)
		return;
	if (p.pending)
		complete_values(f, p.pending, p.pending->arg, cur, "", words, n);
	else if (!p.help && !p.ended && cur[0] == '-' && strchr(cur, '=') && cur[1] == '-')
		put_joined(f, &p, cur, words, n);
	else if (!p.help && !p.ended && cur[0] == '-')
		put_options(f, &p, cur);
	else if (last(&p)->sub || p.help)
		put_verbs(f, &p, cur);
	else if (p.n_args < last(&p)->max_args || last(&p)->trailing)
		complete_values(f, &(struct opt){ .choices = last(&p)->arg_choices }, last(&p)->args, cur, "", words,
				n);
}
