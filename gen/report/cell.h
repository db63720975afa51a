/* cell.h: a cell of a report in words. */
#pragma once
#include <stdbool.h>
struct report;
struct report_cell;

#define INSN_LIMIT 1000000u /* BPF_COMPLEXITY_LIMIT_INSNS of include/linux/bpf.h, all kernels with sched_ext */
#define NEAR_LIMIT 750000u

/* "6.12.117 llc+steal 1,2,4,1": what tells the cell from the others; "" when it is the only one. kernel: that one in any
 * case. Filtered as TEXT_LINE (text/text.h). Caller frees. */
char *report_label(const struct report *r, const struct report_cell *c, bool kernel);
/* "rejected", "not run": one word or two for the outcome. */
const char *report_outcome(const struct report_cell *c);
/* One line about it; "" when there is nothing to say. */
const char *report_reason(const struct report_cell *c);
/* The command that runs this cell again, or NULL. Caller frees. */
char *report_again(const struct report *r, const struct report_cell *c);
