/* csv.h: the report as lines of numbers. */
#pragma once
#include <stddef.h>
#include <stdio.h>
struct report;

/* A line per program, and one for a cell without any; the first line names the columns. RFC 4180 but for its line ends. */
void report_csv(FILE *f, const struct report *r);
/* The same of n reports, under one first line. */
void report_csv_all(FILE *f, const struct report *all, size_t n);
