/* help.h: words about options and verbs, for opt.c. */
#pragma once
#include <stddef.h>
#include <stdio.h>
struct opt;
struct verb;

/* "cargo ktstr kernel list [OPTIONS]" */
void opt_usage(FILE *f, const struct verb *const *path, size_t depth, const char *prog);

/* "--kernel ID", or "-h" for an option without a long name. */
const char *opt_spec(const struct opt *o, char *buf, size_t n);

/* The candidate most like a mistyped word; best stays NULL while none is close. */
struct guess {
	const char *word;
	const char *best;
	unsigned distance;
};
void guess_try(struct guess *g, const char *candidate);
