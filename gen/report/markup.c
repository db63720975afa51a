#include "gen/report/markup.h"
#include "base/mem.h"
#include "gen/base/table.h"
#include "text/text.h"
#include <ctype.h>
#include <stdbool.h>
#include <string.h>
#include <strings.h>

/* What GitHub would make a link or a mention of, from a character on: "https://", "www.", "@name", "#12". It looks for those
 * in the text that comes of entities and backslashes, so only a character between helps. */
static bool is_reference(const char *start, const char *c)
{
	switch (*c) {
	case '@':
		return true;
	case '#':
		return isdigit((unsigned char)c[1]);
	case ':':
		return c[1] == '/' && c[2] == '/';
	case 'w':
	case 'W':
		return c - start >= 2 && c[1] == '.' && !strncasecmp(c - 2, "www", 3);
	default:
		return false;
	}
}

/* Plain text where HTML is read: no tag, and no reference. */
static void html(FILE *f, const char *plain)
{
	for (const char *c = plain; *c; c++) {
		if (*c == '<')
			fputs("&lt;", f);
		else if (*c == '>')
			fputs("&gt;", f);
		else if (*c == '&')
			fputs("&amp;", f);
		else
			fputc(*c, f);
		if (is_reference(plain, c))
			fputs("&#8203;", f); /* a space without width */
	}
}

void markup_html(FILE *f, const char *text)
{
	auto_free char *plain = text_plain(text, strlen(text), TEXT_LINE);

	html(f, plain);
}

static bool is_markup(const char *text, size_t i)
{
	/* An underscore within a word is one. */
	if (text[i] == '_')
		return !i || !isalnum((unsigned char)text[i - 1]) || !isalnum((unsigned char)text[i + 1]);
	return strchr("\\`*[]|!#~", text[i]) != NULL;
}

void markup_words(FILE *f, const char *text)
{
	auto_free char *plain = text_plain(text, strlen(text), TEXT_LINE);
	auto_free char *marked = xmalloc(2 * strlen(plain) + 1);
	size_t n = 0;

	for (size_t i = 0; plain[i]; i++) {
		if (is_markup(plain, i))
			marked[n++] = '\\';
		marked[n++] = plain[i];
	}
	marked[n] = '\0';
	html(f, marked);
}

/* The fence is longer than any run of backquotes in text, so that nothing in there ends it. */
void markup_fenced(FILE *f, const char *text)
{
	size_t longest = 2, run = 0;

	for (const char *c = text; *c; c++) {
		run = *c == '`' ? run + 1 : 0;
		longest = run > longest ? run : longest;
	}
	for (int k = 0; k < 2; k++) {
		for (size_t i = 0; i <= longest; i++)
			fputc('`', f);
		fputc('\n', f);
		if (!k)
			text_indent(f, text, strlen(text), 0);
	}
}

static void row(FILE *f, char *const *cells, size_t n)
{
	fputc('|', f);
	for (size_t i = 0; i < n; i++) {
		fputc(' ', f);
		markup_words(f, cells[i]);
		fputs(" |", f);
	}
	fputc('\n', f);
}

void markup_table(FILE *f, const struct table *t)
{
	row(f, t->head, t->n_cols);
	fputc('|', f);
	for (size_t i = 0; i < t->n_cols; i++)
		fputs(t->right[i] ? "---:|" : "---|", f);
	fputc('\n', f);
	for (size_t i = 0; i < t->n_cells; i += t->n_cols)
		row(f, t->cells + i, t->n_cols);
}
