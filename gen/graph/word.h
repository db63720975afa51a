/* word.h: a word of a command in a graph. */
#pragma once
#include <stddef.h>

/* As /bin/sh, which runs the commands and need not be bash, reads it back. That shell has no way to write a control character in
 * one line: plan_check() refuses those. For people there is shell_quote() of text/argv.h. Caller frees. */
char *sh_word(const char *word);
/* The same into room that is there, at least so many bytes and a NUL; where that NUL stands. */
char *sh_word_put(char *at, const char *word);
size_t sh_word_size(const char *word);
/* The first control character of text, which no build file can hold; NULL: none. */
const char *find_control(const char *text);
