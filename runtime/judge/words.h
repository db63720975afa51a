/* words.h: pieces of what a report says. */
#pragma once
#include "judge/check.h"

/* "worker 5 (spin)", and the group where it is not said anyway. */
void words_worker(FILE *f, const struct facts_worker *w, bool group);
/* "settle", "phase 2" */
void words_phase(FILE *f, size_t phase);
/* "+1.204 s" */
void words_time(FILE *f, uint64_t ns);
char *words_moment(uint64_t ns); /* the same; the caller frees */
/* Line number of text (NULL: none has), without blanks around it and without a comment; false: it has no such line, or a blank one. */
bool words_line(const char *text, uint64_t number, const char **line, size_t *n);
/* ", 38 ms after "swap left right"": the last line that was carried out before; nothing when that is not known. text: of the
 * scenario, or NULL: its lines are told by number. */
void words_after(FILE *f, const struct facts *facts, const char *text, uint64_t ns);
/* What an expectation came to, in a line. The caller frees. */
char *words_of(const struct check *c, const struct trial_of *t, size_t more);
