/* arguments.h: the command line of a test program: what Rust's own test programs understand, as far as nextest and cargo use it. */
#pragma once
#include <stdbool.h>
#include <stddef.h>
struct err;

struct arguments {
	bool list, terse, ignored, include_ignored, exact, export, quiet, cells;
	const char **presets, **profiles; /* of --cells; argv's, the lists are the caller's to free */
	size_t n_presets, n_profiles;
	const char *judge, *runs, *to; /* of --judge; NULL: not given */
	int skip_code;                 /* of a test that is skipped; 0 unless given */
	const char **names;            /* argv's; the list is the caller's to free */
	size_t n;
};

enum { ARGUMENTS_HELP = 1 /* was printed on stdout */ };
/* X_USAGE. */
int arguments_read(struct arguments *a, int argc, char **argv, struct err *e);
