/* symbols.h: which kernels have what a scheduler asked for in vain. */
#pragma once
#include <stdbool.h>
struct report;
struct report_cell;

/* Whether a cell failed for a symbol, so that it is worth to tell which kernels have it. */
bool report_needs_symbols(const struct report *r);
/* One of these kernels; dir: where "bootable" left its files. */
void report_kernel(struct report *r, const char *label, const char *dir);
/* "6.12.117, 6.18.2": the known kernels that have the symbol the cell failed for, or (there false) have it not. NULL: none,
 * or it is about no symbol. Caller frees. */
char *report_where(const struct report *r, const struct report_cell *c, bool there);
