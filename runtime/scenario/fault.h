/* fault.h: filling in what is wrong. For the room's own parsers.
 *
 * Those that read a part of a line count columns in bytes from the part's start (from 1, 0: none); whoever knows where the part
 * stands makes columns of the line of them (text/words.h). */
#pragma once
#include "scenario/error.h"
#include <stdbool.h>
#include <stddef.h>

/* All of them: false, so that a parser can return them. Text that was cut ends with a whole character. */
bool fault_bad(struct scenario_error *e, size_t column, const char *fmt, ...) __attribute__((format(printf, 3, 4)));
bool fault_skip(struct scenario_error *e, const char *fmt, ...) __attribute__((format(printf, 2, 3)));
bool fault_memory(struct scenario_error *e);
/* To go with a fault that is there. */
bool fault_tip(struct scenario_error *e, const char *fmt, ...) __attribute__((format(printf, 2, 3)));

/* Which of the words the n characters are, or how many there are: none. A word may be NULL, which nothing is. */
unsigned fault_which(const char *const *words, unsigned count, const char *text, size_t n);

/* Which of some words the n characters were meant to be: "did you mean WORD?" as tip, or all of them when none is near. */
struct fault_guess {
	const char *word;
	size_t n;
	const char *best;
	unsigned distance;
	char all[160];
};
void fault_guess_try(struct fault_guess *g, const char *candidate);
void fault_guess_words(struct fault_guess *g, const char *const *words, unsigned count);
bool fault_guess_tip(struct scenario_error *e, const struct fault_guess *g);
