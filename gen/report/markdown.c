#include "base/mem.h"
#include "text/text.h"
#include "gen/report/markdown.h"
#include "gen/report/cell.h"
#include "gen/report/diff.h"
#include "gen/report/grid.h"
#include "gen/report/report.h"
#include "gen/report/symbols.h"
#include <ctype.h>
#include <strings.h>

#define COLUMNS 6 /* as many fit a summary page */

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

static void html_words(FILE *f, const char *text)
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

/* A guest's words inside of Markdown: nothing of them is markup. */
static void words(FILE *f, const char *text)
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

static void row(FILE *f, char *const *cells, size_t n, size_t step, const char *head)
{
	fputs("| ", f);
	words(f, head);
	for (size_t i = 0; i < n; i++) {
		fputs(" | ", f);
		words(f, cells[i * step]);
	}
	fputs(" |\n", f);
}

static void rule(FILE *f, size_t n)
{
	fputs("|---|", f);
	while (n--)
		fputs("---:|", f);
	fputc('\n', f);
}

static void table(FILE *f, const struct grid *g)
{
	if (g->n_cols <= COLUMNS) {
		row(f, g->cols, g->n_cols, 1, "program");
		rule(f, g->n_cols);
		for (size_t i = 0; i < g->n_rows; i++)
			row(f, g->v + i * g->n_cols, g->n_cols, 1, g->rows[i]);
		return;
	}
	row(f, g->rows, g->n_rows, 1, "cell");
	rule(f, g->n_rows);
	for (size_t i = 0; i < g->n_cols; i++)
		row(f, g->v + i, g->n_rows, g->n_cols, g->cols[i]);
}

/* Longer than any run of backquotes in text, so that nothing in there ends it. */
static void fenced(FILE *f, const char *text)
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

static void failure(FILE *f, const struct report *r, const struct report_cell *c)
{
	auto_free char *where = report_label(r, c, true);
	auto_free char *again = report_again(r, c);
	auto_free char *has = report_where(r, c, true);
	auto_free char *hasnt = report_where(r, c, false);

	/* What stands in a line of HTML is no Markdown. */
	fputs("\n<details><summary>", f);
	html_words(f, where);
	fprintf(f, ": %s: ", report_outcome(c));
	html_words(f, report_reason(c));
	fputs(c->met == MET_EXPECTED ? " (expected)</summary>\n\n" : "</summary>\n\n", f);
	if (c->why.words) {
		words(f, c->why.words);
		fputs("\n\n", f);
	}
	if (has || hasnt) {
		words(f, c->why.subject);
		fprintf(f, ": %s%s%s%s\n\n", has ? "on " : "", has ? has : "",
			has && hasnt ? "; not on "
			: hasnt      ? "not on "
				     : "",
			hasnt ? hasnt : "");
	}
	if (c->why.trail) {
		fenced(f, c->why.trail);
		fputc('\n', f);
	}
	if (again) {
		fputs("To run it again:\n\n", f);
		fenced(f, again);
		fputc('\n', f);
	}
	fputs("</details>\n", f);
}

void report_markdown(FILE *f, const struct report *r)
{
	auto_grid struct grid g = { 0 };

	fputs("### ", f);
	words(f, r->scheduler);
	fputs(": verified instructions\n\n", f);
	if (r->n) {
		grid_fill(&g, r);
		table(f, &g);
		if (g.highest || g.near)
			fputc('\n', f);
		if (g.highest)
			fputs("\\* the highest count of its program  \n", f);
		if (g.near)
			fprintf(f, "\\! at least 75 %% of the %u instructions at which the verifier gives up\n",
				INSN_LIMIT);
	}
	report_diff_markdown(f, r);
	for (size_t i = 0; i < r->n; i++) {
		const struct report_cell *c = &r->cells[i];

		if (c->failure || (c->have && c->result.verdict != VERDICT_ATTACHED))
			failure(f, r, c);
	}
}
