#include "gen/base/table.h"
#include "progress/log.h"
#include "base/mem.h"
#include "text/text.h"
#include <libsmartcols/libsmartcols.h>
#include <limits.h>
#include <stdarg.h>

void table_column(struct table *t, const char *head, bool right)
{
	t->head = xreallocarray(t->head, t->n_cols + 1, sizeof(*t->head));
	t->right = xreallocarray(t->right, t->n_cols + 1, sizeof(*t->right));
	t->head[t->n_cols] = text_plain(head, strlen(head), TEXT_LINE);
	t->right[t->n_cols++] = right;
}

void table_cell(struct table *t, const char *fmt, ...)
{
	va_list ap;
	auto_free char *text = NULL;

	va_start(ap, fmt);
	if (vasprintf(&text, fmt, ap) < 0)
		abort();
	va_end(ap);
	t->cells = xreallocarray(t->cells, t->n_cells + 1, sizeof(*t->cells));
	t->cells[t->n_cells++] = text_plain(text, strlen(text), TEXT_LINE);
}

int table_width(const struct table *t)
{
	size_t width = 2;

	for (size_t col = 0; col < t->n_cols; col++) {
		size_t widest = strlen(t->head[col]);

		for (size_t i = col; i < t->n_cells; i += t->n_cols) {
			size_t n = strlen(t->cells[i]);

			widest = n > widest ? n : widest;
		}
		width += widest + (col ? 2 : 0);
	}
	return width < INT_MAX ? (int)width : INT_MAX;
}

void table_print(FILE *f, const struct table *t)
{
	struct libscols_table *s = scols_new_table();
	struct libscols_line *line = NULL;
	int width = log_width(f);

	if (!s)
		return;
	scols_table_set_stream(s, f);
	scols_table_set_column_separator(s, "  ");
	if (width > 0)
		scols_table_set_termwidth(s, (size_t)width);
	scols_table_set_termforce(s, width > 0 ? SCOLS_TERMFORCE_ALWAYS : SCOLS_TERMFORCE_NEVER);
	for (size_t i = 0; i < t->n_cols; i++) {
		int flags = (t->right[i] ? SCOLS_FL_RIGHT : 0) | (i ? 0 : SCOLS_FL_TRUNC);
		auto_free char *head = i ? xstrdup(t->head[i]) : xasprintf("  %s", t->head[i]);

		scols_table_new_column(s, head, 0, flags);
	}
	for (size_t i = 0; i < t->n_cells; i++) {
		size_t col = i % t->n_cols;

		if (!col)
			line = scols_table_new_line(s, NULL);
		auto_free char *text = col ? xstrdup(t->cells[i]) : xasprintf("  %s", t->cells[i]);

		if (line)
			scols_line_set_data(line, col, text);
	}
	scols_print_table(s);
	scols_unref_table(s);
}

void table_free(struct table *t)
{
	for (size_t i = 0; i < t->n_cols; i++)
		free(t->head[i]);
	for (size_t i = 0; i < t->n_cells; i++)
		free(t->cells[i]);
	free(t->head);
	free(t->right);
	free(t->cells);
	*t = (struct table){ 0 };
}
