/* ask.h: ktstr is asked to run a variant: its text as a file, and the words of a command line. */
#pragma once
#include "test/variant.h"
#include "text/argv.h"
#include <stdbool.h>
struct err;

struct ask {
	char *ktstr;       /* the program */
	char *file;        /* of the text; it stays, so that the command can be given again */
	char *json;        /* file for what came of it, which goes with ask_free(); NULL: nobody asks */
	struct argv words; /* of the command, from "run" on */
	int lock; /* shared flock on the folder of the file, which keeps it from "cache gc"; ask_become() hands it on. -1: none */
};

#define ASK_NONE \
	{ \
		.lock = -1 \
	}

/* Everything up to the command. X_NO_INPUT: the scheduler is nowhere; X_NO_TOOL: ktstr is not; X_STORE: no place for the text. a is to be freed
 * in any case. quiet: no progress is shown. */
int ask_make(struct ask *a, const struct variant *v, bool quiet, struct err *e);
/* The text of a variant as a file, and its scheduler's flags (NULL: it has none): what ask_make() hands on. Both are the caller's to free. *lock: of
 * struct ask, the caller's to close. */
int ask_text(int *lock, char **file, char **flags, const struct variant *v, struct err *e);
/* The program of its scheduler, absolute: looked for where 0.3.2 looked, in what the environment names, beside the test program, in the
 * workspace. NULL: X_NO_INPUT. Caller frees. */
char *ask_scheduler(const struct declared *d, struct err *e);
/* How long its scheduler may take to attach, in the unit that ktstr is told; 0: not said. */
unsigned ask_attach_s(const struct declared *d);
/* All of the command line. */
void ask_words(struct argv *to, const struct ask *a);
/* Whether the environment names a clock, in place of what tests say. */
bool ask_clock_said(void);
/* In place of this process. Returns when it cannot be: X_NO_TOOL. */
int ask_become(const struct ask *a, struct err *e);
void ask_free(struct ask *a);
#define auto_ask __attribute__((unused, cleanup(ask_free)))

/* Flags of schedulers whose declarations say nothing of flags: a scheduler is asked once, in a guest, and what it says is kept in the store for
 * as long as its file stays as it is. */
/* Fills those of all tests whose scheduler's answer is kept. Nothing runs. */
void ask_known_flags(struct declarations *d);
/* Asks the scheduler of a test whose flags are not known, and keeps what it says. Fails as the run of the test would, with ktstr's words on
 * stderr. */
int ask_flags(struct declared *d, bool quiet, struct err *e);
