/* fit.h: whether a topology can have a test, and what the test takes there. */
#pragma once
#include "text/argv.h"
#include <stdbool.h>
#include <stdint.h>
struct err;
struct test;

struct fit {
	char *skip;           /* why the topology cannot have it; NULL: it can */
	uint64_t ms;          /* what it takes of a guest's time */
	bool keeps;           /* lines attach, detach or exchange its scheduler */
	bool later;           /* and it begins without one */
	struct argv programs; /* of this machine that it runs, as the text names them; then where they are */
};

/* here: no guest, but this machine. X_USAGE with file and line when the text is wrong on that topology. f is to be freed in either case. */
int fit_find(struct fit *f, const struct test *t, const char *topology, bool here, struct err *e);
void fit_free(struct fit *f);
