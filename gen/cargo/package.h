/* package.h: a scheduler named as a package of the cargo workspace we are called in, built by a graph of its own. */
#pragma once
#include "gen/graph/run.h"
#include <stdbool.h>
struct argv;
struct err;
struct home;

struct package_opts {
	const char *spec;    /* as cargo's --package */
	const char *bin;     /* NULL: it has one */
	const char *profile; /* of cargo; NULL: cargo's own choice */
	bool release;        /* the profile "release" */
};

struct package {
	char *binary; /* absolute; a copy, which stays as it is until package_free() */
	char *name;   /* of the program */
	struct run run;
};

/* Asks cargo, each time, in the current folder; what it says to its user appears on stderr. X_NO_TOOL without cargo, X_BUILD
 * when it fails, X_USAGE when the package has several programs and no default-run, X_BAD_SCHED when it has none, or all of them
 * require features. */
int package_build(struct package *p, const struct package_opts *o, const struct home *home, const struct run_opts *ro,
		  struct err *e);
/* Adds the options that build the same again: "--scheduler scx_a --release". */
void package_words(struct argv *a, const struct package_opts *o);
void package_free(struct package *p);
