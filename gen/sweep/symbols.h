/* symbols.h: which other kernels have what a scheduler missed on one. */
#pragma once
struct err;
struct report;
struct run;
struct sweep;

/* When a cell failed for a symbol: tells the report of the sweep's kernels and of the newest 16 others in the kernel cache
 * that are of their architecture. These are unpacked for it in a small graph of their own, once per kernel; one that is
 * damaged is left out. Negative only when we were told to stop. */
int sweep_symbols(struct report *rep, const struct sweep *s, const struct run *r, struct err *e);
