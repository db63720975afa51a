/* help.h: words about options and verbs, for opt.c. */
#pragma once
#include <stdbool.h>
#include <stddef.h>
#include <stdio.h>
struct opt;
struct verb;

/* "cargo ktstr kernel list [OPTIONS]" */
void opt_usage(FILE *f, const struct verb *const *path, size_t depth, const char *prog);

/* "--kernel ID", or "-h" for an option without a long name. */
const char *opt_spec(const struct opt *o, char *buf, size_t n);

/* Help for path[depth - 1]; path[0] is the root, whose name is prog. full: as --help shows it. */
void opt_help(FILE *f, const struct verb *const *path, size_t depth, const char *prog, bool full);
