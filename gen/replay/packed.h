/* packed.h: a cell with one seed as a bundle (bundle/bundle.h), and a bundle run. */
#pragma once
#include <stdbool.h>
struct err;
struct replay_cell;

/* X_NO_INPUT when something of it is not there any more; X_USAGE for what no bundle can have: profiles, a package of cargo, programs, another
 * side of a comparison, real time. */
int packed_write(const char *path, const struct replay_cell *c, struct err *e);

/* Whether a path is one by its first bytes. */
bool packed_is(const char *path);
/* Runs it in a kernel cache of its own. 0: run.json is the same to the byte, 1: it is not. Negative: it came to nothing. */
int packed_run(const char *path, struct err *e);
