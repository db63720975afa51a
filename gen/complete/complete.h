/* complete.h: what may stand where the cursor is, for the shells' completion. All of it follows from the tables of opt.h. */
#pragma once
#include <stddef.h>
#include <stdio.h>
struct verb;

/* words: those of the command line behind the program (and behind "ktstr", as cargo puts it), up to the cursor; the last one
 * is the one at the cursor, perhaps empty. Writes a line "WORD\tDESCRIPTION" for each word that fits, with "--option=" in
 * front of it when the value stands there; "=files" or "=folders" where a path may stand as well. */
void complete_words(FILE *f, const struct verb *root, const char *const *words, size_t n);
