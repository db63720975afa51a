#include "gen/bisect/cell.h"

#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

#include "base/err.h"
#include "base/file.h"
#include "base/mem.h"
#include "gen/replay/cell.h"
#include "gen/replay/words.h"

bool cell_is_named(const char *word)
{
	const char *slash = strchr(word, '/');

	return slash && strchr(slash + 1, '/') && *word != '/' && !file_exists(word);
}

static bool is_in(const char *const *list, const char *word)
{
	for (; *list; list++)
		if (!strcmp(*list, word))
			return true;
	return false;
}

/* "ktstr run TEST OPTION…", as the judge wrote it. */
static void take(struct cell_words *c, const struct argv *words, const char *const *without)
{
	c->test = xstrdup(words->v[2]);
	for (size_t i = 3; i < words->n; i++) {
		bool kernel = !strcmp(words->v[i], "--kernel");
		const char *value = i + 1 < words->n ? words->v[i + 1] : NULL;

		if (kernel && value && !c->kernel)
			c->kernel = xstrdup(value);
		if (is_in(without, words->v[i]))
			i++;
		else
			argv_add(&c->own, words->v[i]);
	}
}

/* They are no part of the command. */
static void add_seeds(struct cell_words *c, const struct ruling *v, const char *const *without)
{
	uint64_t first = UINT64_MAX, last = 0;

	for (size_t i = 0; i < v->n_seeds; i++) {
		first = v->seeds[i].seed < first ? v->seeds[i].seed : first;
		last = v->seeds[i].seed > last ? v->seeds[i].seed : last;
	}
	if (v->n_seeds && !is_in(without, "--seeds"))
		argv_opt(&c->own, "--seeds", "%" PRIu64 "..%" PRIu64, first, last);
}

int cell_words(struct cell_words *c, const char *word, const char *const *without, struct err *e)
{
	auto_replay_cell struct replay_cell cell = { 0 };
	auto_argv struct argv words = { 0 };

	*c = (struct cell_words){ 0 };
	if (replay_find(&cell, word, NULL, e) < 0)
		return -1;
	if (!words_unquote(&words, cell.v.command) || words.n < 3 || strcmp(words.v[0], "ktstr") != 0 ||
	    strcmp(words.v[1], "run") != 0 || *words.v[2] == '-' ||
	    (cell.v.command_rest && !words_unquote(&c->rest, cell.v.command_rest)))
		return err_set(e, X_NO_INPUT, "%s: its command is none of ktstr run", replay_name(cell.dir));
	if (!replay_ours(cell.dir))
		return err_set(e, X_NO_INPUT, "%s is no cell of this store; run its test first", replay_name(cell.dir));
	take(c, &words, without);
	add_seeds(c, &cell.v, without);
	return 0;
}

void cell_words_free(struct cell_words *c)
{
	free(c->test);
	free(c->kernel);
	argv_free(&c->own);
	argv_free(&c->rest);
	*c = (struct cell_words){ 0 };
}
