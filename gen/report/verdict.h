/* verdict.h: what a report comes to: one error, or none. */
#pragma once
#include <stddef.h>
struct err;
struct plan;
struct report;
struct run;

/* Once all cells are there: looks each up in expects. today: "2026-11-25". */
void report_expect(struct report *r, const char *today);
/* The worst of n reports of one run as an error, 0 when all is well: what kept a cell from running, then VM, timeout, died, rejected, other
 * failures; then a gate (X_OVER), then a pass that was not expected (X_PASSED). Expected failures are well. What is wrong with others is logged. */
int report_verdict(const struct report *all, size_t n, const struct run *run, const struct plan *p, struct err *e);
