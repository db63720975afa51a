/* report_in.h: what the files of the report share. */
#pragma once
#include "gen/report.h"

/* "6.12.117 llc+steal 1,2,4,1": what tells the cell from the others; "" when it is the only one. kernel: that one in any
 * case. Caller frees. */
char *report_label(const struct report *r, const struct report_cell *c, bool kernel);
/* All cells side by side, with a heading. */
void report_table(FILE *f, const struct report *r);
