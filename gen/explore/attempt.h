/* attempt.h: cells run by `ktstr run` as a process of its own, so that they are the cells that they always are: cached, in one graph, on all
 * CPUs. */
#pragma once
#include "judge/verdict.h"
#include "text/argv.h"
#include <stddef.h>
#include <stdint.h>
struct err;

struct attempts {
	char *program;       /* ktstr, absolute */
	struct argv options; /* of every run: kernel, shift, … */
	struct argv rest;    /* … and what stands behind all of them: "--", arguments of the scheduler */
	char *dir;           /* where texts and what they came to are written; ours */
	int lock, held;      /* none beside us; "cache gc" leaves dir alone */
	long long until;     /* now_ms() at which the time is over; -1: never */
};

#define ATTEMPTS_NONE ((struct attempts){ .lock = -1, .held = -1, .until = -1 })

/* name: of the folder, below the store's texts. X_FAIL when an equal one is at work. */
int attempts_open(struct attempts *a, const char *name, struct err *e);
void attempts_close(struct attempts *a); /* ATTEMPTS_NONE too, and twice */
#define auto_attempts __attribute__((unused, cleanup(attempts_close)))

enum attempt_end {
	ATTEMPT_JUDGED,
	ATTEMPT_UNFIT, /* it is no test, or the kernel or topology cannot have it: why says so */
	ATTEMPT_OVER,  /* the time is over */
};

struct attempt {
	struct ruling v; /* ATTEMPT_JUDGED */
	char *dir;       /* of the cell */
	char *why;       /* its last words; NULL: ATTEMPT_JUDGED, ATTEMPT_OVER */
	int code;        /* that it ended with; ATTEMPT_OVER: 0 */
};

/* file: name of the text below a->dir; it is written. Negative: it came to nothing (guest, host, stop). t is to be freed in any case. */
int attempt_run(struct attempt *t, const struct attempts *a, const char *file, const char *text, uint64_t first,
		size_t n, struct err *e);
/* The same of a test that is there: "run", its words and options. */
int attempt_words(struct attempt *t, const struct attempts *a, const struct argv *words, struct err *e);
/* Any verb, with all its words: its exit code and last words are all there is of it. 0, ATTEMPT_OVER; negative: it could not be run, or a stop. */
int attempt_verb(struct attempt *t, const struct attempts *a, const struct argv *words, struct err *e);
void attempt_free(struct attempt *t);
/* Folder of the only cell that a --json-file of `ktstr run` tells of. NULL: it tells of none that ran. Caller frees. */
char *attempt_cell_dir(const char *path);
#define auto_attempt __attribute__((unused, cleanup(attempt_free)))
