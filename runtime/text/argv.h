/* argv.h: a command line under construction. {0} is an empty one; appends cannot fail. */
#pragma once
#include <stdbool.h>
#include <stddef.h>

struct argv {
	char **v; /* always NULL-ended once something was added; strings are ours */
	size_t n;
	size_t cap;
};

void argv_add(struct argv *a, const char *s);
void argv_fmt(struct argv *a, const char *fmt, ...) __attribute__((format(printf, 2, 3)));
/* Two words: the option, then its formatted value. */
void argv_opt(struct argv *a, const char *opt, const char *fmt, ...) __attribute__((format(printf, 3, 4)));
void argv_addv(struct argv *a, const char *const *v); /* all of a NULL-ended list */
void argv_free(struct argv *a);                       /* back to {0}; may run twice */

/* Whether two lists have the same words in the same order. */
bool words_equal(char *const *a, size_t a_n, char *const *b, size_t b_n);

/* One line that a shell reads back as the same words. Caller frees. */
char *argv_quote(const char *const *v);
char *shell_quote(const char *word);

#define auto_argv __attribute__((unused, cleanup(argv_free)))
