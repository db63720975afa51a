/* saved.h: an earlier report (`verifier --json`), as far as it is of use to compare with. */
#pragma once
#include "inspect/progs.h"
#include <stddef.h>
struct err;

struct saved_cell {
	char *kernel;             /* its label */
	char *profile, *topology; /* or NULL */
	struct progs progs;       /* none when it did not attach */
};

struct saved {
	char *scheduler;
	struct saved_cell *cells;
	size_t n;
};

/* Hostile text in. X_FAIL when it is no report of ours. */
int saved_parse(struct saved *s, const char *text, size_t n, struct err *e);
void saved_free(struct saved *s); /* {0} too, and twice */
#define auto_saved __attribute__((unused, cleanup(saved_free)))
