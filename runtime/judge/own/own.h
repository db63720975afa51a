/* own.h: what the function of a test program says of a run that is there: PROGRAM --judge TEST --runs DIR --to FILE SEED. The program has a
 * minute for it and is not asked a second time. */
#pragma once
#include "judge/judge.h"
#include "text/argv.h"
#include <stdint.h>
struct err;

struct own {
	struct argv faults;
	char *skip;
	struct judge_own said; /* the same, for the judge */
	char *printed;         /* what it printed, n bytes; NULL: nothing */
	size_t n;
};

/* runs: the folder with seed-N/run.json; NULL: it is a test of the host, which has none, and ten minutes. to: a file for the answer, which goes again. X_FAIL: the program
 * ended otherwise than with an answer, or printed more than 1 MiB; X_TIMEOUT. o is to be freed in any case. */
int own_ask(struct own *o, const char *program, const char *test, const char *runs, uint64_t seed, const char *to,
	    struct err *e);
/* faults and skip from its answer about that seed, which is not trusted; X_FAIL. */
int own_read(struct own *o, const char *text, size_t n, uint64_t asked, struct err *e);
void own_free(struct own *o);
#define auto_own __attribute__((unused, cleanup(own_free)))
