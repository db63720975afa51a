/* value.h: what an option or an argument may be. */
#pragma once
#include <stddef.h>
#include <stdio.h>
struct opt;

/* The values of an option, or of an argument (o has its choices only) whose place in usage lines is called arg: "ID", "FILE".
 * Where there are no choices the placeholder decides. typed: what is there of it; before: put in front of each. words: the
 * line. */
void complete_values(FILE *f, const struct opt *o, const char *arg, const char *typed, const char *before,
		     const char *const *words, size_t n);
