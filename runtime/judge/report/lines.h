/* lines.h: lines that fit a terminal. A width of 0 is any; a column is a character. */
#pragma once
#include <stddef.h>
#include <stdio.h>

int lines_columns(const char *s, size_t n);
/* One line; broken at blanks where it does not fit, and what follows is indented. */
void lines_fit(FILE *f, int width, const char *fmt, ...) __attribute__((format(printf, 3, 4)));
/* Lines of n bytes that may be anything, filtered, each behind so many blanks; what does not fit is left out. */
void lines_cut(FILE *f, const char *text, size_t n, int indent, int width);
