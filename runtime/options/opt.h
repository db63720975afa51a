/* opt.h: one table of options parses them, prints -h and --help, and later feeds completions and man pages.
 *
 * Rules (docs/cli.md): "--name VALUE" and "--name=VALUE"; no abbreviations; an option given twice is an error unless
 * it is a list; "--" ends options; usage errors say what is wrong and exit 2. */
#pragma once
#include "options/global.h"
#include "options/table.h"

/* Walks verbs, parses options, runs the leaf. argv[0] is passed over; prog is how we are called ("cargo ktstr",
 * "ktstr"). Help goes to stdout; a missing verb prints help on stderr and is X_USAGE. Returns the exit code and prints
 * no error itself except usage errors, those of run() (X_USAGE) among them: e->msg is empty then. */
int opt_main(const struct verb *root, const char *prog, int argc, const char *const *argv, struct err *e);

/* For step programs: options only, no verbs and no opt_global. argv[0] is passed over; the first positional or "--"
 * ends the options, and *args points to what follows in argv. X_USAGE errors are returned, not printed. */
int opt_parse(const struct opt *opts, int argc, const char *const *argv, const char *const **args, int *n_args,
	      struct err *e);
