/* asking.h: what the engine asks its keeper for (engine/keeper.h), taken out of what it prints. It comes from a guest: hostile. */
#pragma once
#include <stdbool.h>
#include <stddef.h>

enum { ASKING_LINE = 256 };

enum asking_deed {
	ASKING_NOTHING,
	ASKING_ATTACH,
	ASKING_DETACH,
	ASKING_RESTART,
	ASKING_REPLACE,
	ASKING_LATE /* it does not wait any more */
};

struct asking {
	char line[ASKING_LINE];
	size_t n;
	bool over; /* what follows is the run */
};

enum { ASKING_ALL = 0, ASKING_LINE_DONE = 1 };
/* Takes lines of *data in front of the run, *n bytes, and moves both behind what was taken. ASKING_LINE_DONE: *deed says what the line
 * asks for, *profile (of REPLACE, as long as a is not used again) by which name; call again. ASKING_ALL: there is no whole line; bytes
 * that are left are the run's. Negative: it is no such line. */
int asking_take(struct asking *a, const char **data, size_t *n, enum asking_deed *deed, const char **profile);
