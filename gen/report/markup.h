/* markup.h: words of others in Markdown. Nothing of them is markup there, a tag, a mention or a link.
 *
 * All text that a report does not spell itself goes through one of these: names of programs, kernels and schedulers come from
 * guests, from folders and from reports that others have saved. */
#pragma once
#include <stdio.h>
struct table;

/* Within a line or a cell, filtered as TEXT_LINE (text/text.h). */
void markup_words(FILE *f, const char *text);
/* The same within a line of HTML, where Markdown is not read. */
void markup_html(FILE *f, const char *text);
/* Lines as they are, in a block of their own; filtered as TEXT_LINES. */
void markup_fenced(FILE *f, const char *text);
void markup_table(FILE *f, const struct table *t);
