/* sidecars.h: a file for each run of a matrix, for test-stats. */
#pragma once
struct err;
struct rulings;
struct run;

/* Into the folder open as dir, each whole or not at all; others there stay. What came to no run has none. */
int sidecars_write(int dir, const struct rulings *all, struct err *e);
/* Into a new folder of its own in the project we are in (gen/sweep/sidecars.h), whole or not at all: once something of the request ran or was
 * judged anew, or when that commit has no files yet. Where nothing may be written that is told in a line, and is no failure. */
void sidecars_leave(const struct rulings *all, const struct run *r);
