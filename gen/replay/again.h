/* again.h: a cell's run once more, by `ktstr run --audit`, as a process of its own. */
#pragma once
#include <stdbool.h>
struct err;
struct replay_cell;

enum { AGAIN_SAME = 0, AGAIN_DIFFERS = 1 };

struct again {
	char *dir; /* of the other run, absolute */
};

/* spy: looked into meanwhile; watch.json is in dir then. Negative: it came to nothing. a is to be freed in any case. */
int again_run(struct again *a, const struct replay_cell *c, bool spy, struct err *e);
/* `ktstr run WORDS… REST…` (rest: "--" and what stands behind it; NULL: nothing), with that variable ("NAME=value"; NULL: none) set, as no run that is noted. The folder of its cell, for the caller to free; NULL: it
 * came to none. */
struct argv;
char *again_words(const struct argv *words, const struct argv *rest, const char *variable, struct err *e);
void again_free(struct again *a);
#define auto_again __attribute__((unused, cleanup(again_free)))
