/* collapse.h: runs of equal loop iterations in a verifier trace become the first and the last one. docs/verifier.md has
 * the rules; they are upstream 0.3.2's, so that the output compares. */
#pragma once
#include "verifier/log.h"
#include <stdio.h>

/* Writes text with up to 5 cycles collapsed; text without a cycle comes out byte for byte, and so does one of more than 4
 * million lines. Linear in the text: at most some 100 bytes of memory per line. */
void collapse_write(FILE *f, struct view text);

/* Pieces of it, for tests. Normal forms point into line. with_index: keep the instruction number. */
struct view collapse_normal(struct view line, bool with_index);
struct cycle {
	size_t start, period, count; /* in lines; count 0: none */
};
struct cycle collapse_detect(const struct view *lines, size_t n);
