/* compose.h: a variant as the text of a scenario: what its members say, then its lines.
 *
 * Nothing of the program is in it but what it says, so that equal texts are one cell, whoever wrote them. */
#pragma once
#include "test/body.h"
#include "test/variant.h"
#include <stddef.h>

struct composed {
	char *text;
	size_t n;
	unsigned head;    /* lines in front of those of the scenario */
	struct body body; /* where those come from; none of it with a text */
};

/* binary: of the scheduler, in place of what the test has; NULL: as it has it. program: the path of this one, for work functions.
 * X_USAGE with file and line. c is to be freed in any case. */
int compose(struct composed *c, const struct variant *v, const struct places *p, const char *binary,
	    const char *program, struct err *e);
void composed_free(struct composed *c);
#define auto_composed __attribute__((unused, cleanup(composed_free)))
