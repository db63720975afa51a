/* expect_line.h: a line of expectation.h's text. */
#pragma once
#include "judge/expect/expectation.h"

/* Nothing but blanks and a comment. */
bool expect_line_blank(const char *line, size_t n);
/* Whether it is the word "monitor": 0, or with "off": 1. Negative: it is neither. */
int expect_line_monitor(const char *line, size_t n);
/* All but layer and place. at may be NULL. X_USAGE; what x has is the caller's even then. */
int expect_line_read(struct expectation *x, const char *line, size_t n, const struct expect_place *at, struct err *e);
/* Puts the place before an error. Returns -1. */
int expect_place_in(const struct expect_place *at, struct err *e);
