/* budget.h: cells that fit into a time, those first that cover most: a new test, kernel, topology, profile, or a pair of these, for each second
 * that a cell is expected to take. Cells that nothing was heard of are taken to be as long as others in the mean. */
#pragma once
#include <stddef.h>
#include <stdint.h>
struct history;
struct matrix;

/* ms: of all CPUs together. Leaves out what does not fit, and says how many cells are left. */
size_t budget_choose(struct matrix *m, const struct history *h, uint64_t ms);
