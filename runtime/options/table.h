/* table.h: verbs and their options, as every verb and step declares them. Rules: opt.h. */
#pragma once
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
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
	const char *name;  /* long name without dashes; NULL ends the table */
	const char *alias; /* space-separated other names, of newer versions of upstream; parsed, not shown; or NULL */
	char letter;       /* short form or 0 */
	bool hidden;       /* parsed, not shown */
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
	const char *alias;             /* another name, parsed and not shown; or NULL */
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
	size_t *before; /* how many arguments stood in front of "--", for a verb to which those behind it are others; NULL: they are alike */
	/* args: NULL-ended positionals. Returns an exit code; fills e when it is not X_SUCCESS (e->msg may stay empty when
	 * everything was said already). */
	int (*run)(int n, const char *const *args, struct err *e);
};

/* Whether the n bytes at name are its name or one of its others. */
bool opt_named(const struct opt *o, const char *name, size_t n);
bool verb_named(const struct verb *v, const char *name);
/* Whether word is one of the space-separated words of list, which may be NULL. */
bool opt_word_in(const char *list, const char *word, size_t n);
