/* figure_table.h: figures as tables of a report. */
#pragma once
#include "judge/facts/facts.h"
#include "judge/verdict.h"

/* A line for each group and phase of one run, and in front of a phase what was done in it, by lines of text (NULL: their numbers). Columns
 * that no line has a value for are left out; where the others do not fit into width (0: any) they come in several tables. */
void figure_table(FILE *f, const struct facts *facts, const char *text, int width);
/* Least, median and largest of all seeds. */
void figure_table_seeds(FILE *f, const struct ruling *v);
