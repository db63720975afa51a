/* opt.h: one table of options parses them, prints -h and --help, and later feeds completions and man pages.
 *
 * Rules (docs/cli.md): "--name VALUE" and "--name=VALUE"; no abbreviations; an option given twice is an error unless
 * it is a list; "--" ends options; usage errors say what is wrong and exit 2. */
#pragma once
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
struct err;

enum opt_type {
	OPT_FLAG,  /* bool * */
	OPT_STR,   /* const char ** */
	OPT_U64,   /* uint64_t *; plain decimal */
	OPT_LIST,  /* struct opt_list *; repeatable */
	OPT_COUNT, /* int *; repeatable flag (-v -v) */
};

struct opt_list {
	const char **v;
	size_t n;
};

struct opt {
	const char *name; /* long name without dashes; NULL ends the table */
	char letter;      /* short form or 0 */
	bool hidden;      /* parsed, not shown */
	enum opt_type type;
	void *out;
	const char *arg;       /* placeholder in help ("ID"), NULL for flags */
	const char *help;      /* one sentence, no full stop */
	const char *conflicts; /* space-separated names that may not be given together with this one */
	const char *needs;     /* a name that must be given as well */
	const char *choices;   /* "auto kvm tcg": anything else is a usage error */
	uint64_t min, max;     /* OPT_U64, used when max is not 0 */
};

struct verb {
	const char *name;              /* "verifier"; nested verbs hang below */
	const char *args;              /* "[FILE]...", "" for none: shown in usage */
	const char *summary;           /* one line, for lists */
	const char *about;             /* paragraph(s) for --help, NULL: summary */
	const char *examples;          /* lines for --help, each already indented, or NULL */
	const struct opt *opts;        /* NULL: none */
	const struct verb *const *sub; /* NULL-ended, or NULL for a leaf */
	size_t min_args, max_args;     /* positional arguments of a leaf */
	const char *arg_choices;       /* "bash zsh": any other argument is a usage error; NULL: any */
	/* From the first word on that is none of opts and no help, everything is an argument. opt_global (but for help) and
	 * values that begin with a dash are none of ours then: "--kernel --workspace" lacks a value. */
	bool trailing;
	bool hidden;
	/* args: NULL-ended positionals. Returns an exit code; fills e when it is not X_SUCCESS (e->msg may stay empty when
	 * everything was said already). */
	int (*run)(int n, const char *const *args, struct err *e);
};

/* Options every verb has, given before or after it (-q, -v, --color, …). opt_main() hands them to log_setup(). */
extern const struct opt opt_global[];

extern const char *const ktstr_version; /* "0.3.2-c1" */

/* Walks verbs, parses options, runs the leaf. argv[0] is passed over; prog is how we are called ("cargo ktstr",
 * "ktstr"). Help goes to stdout; a missing verb prints help on stderr and is X_USAGE. Returns the exit code and prints
 * no error itself except usage errors, those of run() (X_USAGE) among them: e->msg is empty then. */
int opt_main(const struct verb *root, const char *prog, int argc, const char *const *argv, struct err *e);

/* For step programs: options only, no verbs and no opt_global. argv[0] is passed over; the first positional or "--"
 * ends the options, and *args points to what follows in argv. X_USAGE errors are returned, not printed. */
int opt_parse(const struct opt *opts, int argc, const char *const *argv, const char *const **args, int *n_args,
	      struct err *e);

/* Help for path[depth - 1]; path[0] is the root, whose name is prog. full: as --help shows it. */
void opt_help(FILE *f, const struct verb *const *path, size_t depth, const char *prog, bool full);
