/* body.h: the scenario that a body makes, line by line, on one topology with one profile. */
#pragma once
#include "scenario/places.h"
#include "test/variant.h"
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
struct err;

/* Where a line comes from. */
struct origin {
	const char *file;
	uint32_t line;
};

struct body {
	char *text;             /* of all lines; the caller's */
	struct origin *origins; /* one for each */
	size_t n;
	bool asks_flags; /* what it made depends on the profile */
};

/* Calls the test's function. X_USAGE with file and line for what it did wrong. b is to be freed in any case. */
int body_make(struct body *b, const struct variant *v, const struct places *p, struct err *e);
void body_free(struct body *b);
#define auto_body __attribute__((unused, cleanup(body_free)))
