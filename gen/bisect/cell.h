/* cell.h: a cell that ran (gen/replay/cell.h), as a test to bisect: the command it was run by, without what the request says anew. */
#pragma once
#include "text/argv.h"
#include <stdbool.h>
struct err;

struct cell_words {
	char *test, *kernel; /* kernel: that it ran on; NULL: its command names none */
	struct argv own;     /* options of `ktstr run`, with the seeds that it ran with */
	struct argv rest;    /* "--", arguments of its scheduler; or nothing */
};

/* Whether a word may be one: TEST/KERNEL/TOPOLOGY and no file. */
bool cell_is_named(const char *word);
/* without: options that are left out, each with its value; NULL-ended. Fails as replay_find(). c is to be freed in any case. */
int cell_words(struct cell_words *c, const char *word, const char *const *without, struct err *e);
void cell_words_free(struct cell_words *c);
