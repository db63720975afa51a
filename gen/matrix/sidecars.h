/* sidecars.h: a file for each run of a matrix, for test-stats. */
#pragma once
struct err;
struct rulings;

/* Into the folder open as dir, each whole or not at all; others there stay. What came to no run has none. */
int sidecars_write(int dir, const struct rulings *all, struct err *e);
