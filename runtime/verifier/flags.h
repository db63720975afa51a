/* flags.h: the flags a scheduler says it has, its answer to --ktstr-list-flags.
 *
 *   [{"name":"llc","args":["--llc-aware"],"requires":[]},{"name":"steal","args":["--steal"],"requires":["llc"]}]
 *
 * Other members are passed over. The text comes from a foreign program, so everything has a bound. */
#pragma once
#include <stddef.h>
#include <stdio.h>
struct err;
struct json;

#define FLAGS_ARG "--ktstr-list-flags"

enum { FLAGS_TEXT = 1 << 20, FLAGS_MAX = 1024, FLAG_NAME = 64, FLAG_WORDS = 64, FLAG_WORD = 4096 };

struct flag {
	char *name;  /* letters, digits, '-', '_' and '.', at most FLAG_NAME; not "default" */
	char **args; /* added to the command line while the flag is on; at most FLAG_WORDS of FLAG_WORD bytes */
	size_t n_args;
	char **needs; /* names of flags that must be on as well; perhaps of none there is */
	size_t n_needs;
};

struct flags {
	struct flag *v; /* in the order of the scheduler, which is that of arguments and names of profiles */
	size_t n;
};

/* Nothing but white space and an empty array are no flags. e tells what is wrong with the text; its code is X_FAIL. */
int flags_parse(struct flags *f, const char *text, size_t n, struct err *e);
/* The same of an array within a text; -1 is none. */
int flags_read(struct flags *f, const struct json *j, int arr, struct err *e);
/* As above, on one line. */
void flags_write(FILE *f, const struct flags *flags);
/* Index of the flag whose name is these n characters; f->n when there is none. */
size_t flags_find(const struct flags *f, const char *name, size_t n);
void flags_free(struct flags *f);
#define auto_flags __attribute__((unused, cleanup(flags_free)))
