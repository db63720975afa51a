/* word.h: one word that may stand at the cursor. */
#pragma once
#include <stdio.h>

/* One line, if word begins with typed: before, word, and behind a tab help, which is cut at its first semicolon, bracket or
 * control character and passes text/text.h's filter: what a kernel's says is of its metadata. A word that a shell may read as more than that word is left out. */
void complete_word(FILE *f, const char *before, const char *word, const char *typed, const char *help);
