/* again.h: a cell's run once more, by `ktstr run --audit`, as a process of its own. */
#pragma once
struct err;
struct replay_cell;

enum { AGAIN_SAME = 0, AGAIN_DIFFERS = 1 };

struct again {
	char *dir; /* of the other run, absolute */
};

struct argv;
/* more: options of `ktstr run` that are for its audit alone: "--spy", so that watch.json is in dir; "--halt=NS" with "--core=FILE", so that
 * "halted" is, and what comes behind that moment is no longer the same; NULL: none. Negative: it came to nothing. a is to be freed in any
 * case. */
int again_run(struct again *a, const struct replay_cell *c, const struct argv *more, struct err *e);
/* The words of the command that is kept, and what stands behind all options. X_NO_INPUT: it is none that may be run. */
int again_split(struct argv *words, struct argv *rest, const struct replay_cell *c, struct err *e);
/* The words of that, for who starts it; it writes what came of it into the file result. */
int again_command(struct argv *a, const struct replay_cell *c, const struct argv *more, const char *result,
		  struct err *e);
/* `ktstr run WORDS… REST…` (rest: "--" and what stands behind it; NULL: nothing), with that variable ("NAME=value"; NULL: none) set, as no run that is noted. The folder of its cell, for the caller to free; NULL: it
 * came to none. */
char *again_words(const struct argv *words, const struct argv *rest, const char *variable, struct err *e);
void again_free(struct again *a);
#define auto_again __attribute__((unused, cleanup(again_free)))
