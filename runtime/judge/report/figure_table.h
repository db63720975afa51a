/* figure_table.h: figures as tables of a report. */
#pragma once
#include "judge/facts/facts.h"
#include "judge/verdict.h"

/* A line for each group and phase of one run. Columns that no line has a value for are left out. */
void figure_table(FILE *f, const struct facts *facts);
/* Least, median and largest of all seeds. */
void figure_table_seeds(FILE *f, const struct ruling *v);
