/* complete.h: what may stand where the cursor is, for the shells' completion. All of it follows from the tables of opt.h. */
#pragma once
#include <stddef.h>
#include <stdio.h>
struct opt;
struct verb;

/* words: those of the command line behind the program (and behind "ktstr", as cargo puts it), up to the cursor; the last one
 * is the one at the cursor, perhaps empty. Writes a line "WORD\tDESCRIPTION" for each word that fits, with "--option=" in
 * front of it when the value stands there; "=files" or "=folders" where a path may stand as well. */
void complete_words(FILE *f, const struct verb *root, const char *const *words, size_t n);

/* The values of an option, or of an argument (o has its choices only) whose place in usage lines is called arg: "ID", "FILE".
 * Where there are no choices the placeholder decides. typed: what is there of it; before: put in front of each. words: the
 * line. */
void complete_values(FILE *f, const struct opt *o, const char *arg, const char *typed, const char *before,
		     const char *const *words, size_t n);
/* The last profile of a comma-separated list, for the scheduler that words name. */
void complete_profiles(FILE *f, const char *before, const char *typed, const char *const *words, size_t n);
/* One line, if word begins with typed. help is cut at its first semicolon or bracket. */
void complete_word(FILE *f, const char *before, const char *word, const char *typed, const char *help);
