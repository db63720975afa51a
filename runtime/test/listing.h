/* listing.h: the tests of a program, each checked first. */
#pragma once
#include "test/declared.h"
#include <stdbool.h>
#include <stdio.h>

enum listing_form {
	LISTING_NAMES, /* for people: a line per test, with its summary */
	LISTING_TERSE, /* "NAME: test", with all variants: what nextest reads */
};

/* ignored: those that are ignored alone. Faults of any test are told on errors, each by itself, and then nothing is printed: false. */
bool listing(FILE *f, FILE *errors, const struct declarations *d, enum listing_form form, bool ignored);
