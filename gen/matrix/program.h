/* program.h: a test program (libktstr), asked which cells there are of its tests: PROGRAM --cells (docs/formats.md). It writes their texts,
 * the same files that it runs by itself, so that a cell is one whoever asks for it.
 *
 * The program is the user's and runs with his rights; what it says is bounded and checked all the same, and it has a minute for it. */
#pragma once
#include "options/opt.h"
#include "text/argv.h"
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
struct err;

/* Tests that share a text: one test, or what a body made of one on one topology with one profile. */
struct program_test {
	char *name;
	char *text;             /* file, absolute */
	char *flags;            /* file with its scheduler's flags; NULL: it has none, and so no profiles */
	struct argv topologies; /* as topology/topology.h has them, presets by name */
	struct argv profiles;
	bool virtual, real; /* by which clocks */
	bool perf_mode;
	bool judged;       /* a function of the program judges each run besides */
	bool body;         /* the text is that of these topologies and profiles alone */
	uint64_t attach_s; /* 0: not said */
};

struct test_binary {
	char *path; /* absolute */
	struct program_test *v;
	size_t n;
	struct argv hosts; /* names of tests of the host */
	struct argv
		lacks; /* tests without a cell on presets for which this machine is too small: "NAME: PRESET, PRESET" */
};

struct program_asked {
	const struct opt_list *presets;  /* names, "all"; none: each test where it says */
	const struct opt_list *profiles; /* lists of them; none: what each requires */
	bool all_profiles, ignored;
};

/* Whether the word names a file that can be started, and no text. */
bool program_is(const char *word);
/* X_NO_INPUT: that is no test program, or one of an older libktstr. X_USAGE: it says that a test is declared wrongly. p is to be freed in
 * any case. */
int program_ask(struct test_binary *p, const char *word, const struct program_asked *a, struct err *e);
/* The same from its answer, which is not trusted; X_FAIL. */
int program_read(struct test_binary *p, const char *text, size_t n, struct err *e);
void program_free(struct test_binary *p);
