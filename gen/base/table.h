/* table.h: columns sized to their content, fitted to the terminal by libsmartcols. Heads and cells are filtered as TEXT_LINE
 * (text/text.h): names of files, programs and kernels are what others chose. */
#pragma once
#include <stdbool.h>
#include <stddef.h>
#include <stdio.h>

struct table {
	char **head;
	bool *right;
	size_t n_cols;
	char **cells; /* row by row */
	size_t n_cells;
};

void table_column(struct table *t, const char *head, bool right);
void table_cell(struct table *t, const char *fmt, ...) __attribute__((format(printf, 2, 3)));
/* Columns of the terminal it takes; text beyond ASCII counts more than it shows. */
int table_width(const struct table *t);
/* Two leading spaces, two between columns. On a terminal too narrow the first column is cut with an ellipsis. */
void table_print(FILE *f, const struct table *t);
void table_free(struct table *t);
#define auto_table __attribute__((unused, cleanup(table_free)))
