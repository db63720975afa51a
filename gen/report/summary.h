/* summary.h: the grid as a table for people. */
#pragma once
#include <stdio.h>
struct report;

/* With a heading, fitted to the terminal: turned around or in several parts when it is too wide. */
void report_summary(FILE *f, const struct report *r);
