/* words.h: the text of a scenario as statements of words.
 *
 * A statement ends at a line feed, a ";", behind a "{" and before a "}"; a brace counts when it is a word of its own. Within
 * "…" all characters but a quote and a line feed stand for themselves. "#" at the start of a word begins a comment. */
#pragma once
#include "scenario/error.h"
#include <stdbool.h>
#include <stddef.h>
#include <string.h>

enum { WORDS_MAX = 64 };

/* Ended by a NUL, without its quotes. */
struct word {
	const char *text;
	size_t n;
	size_t quote;    /* where in the text the first quoted part begins; n: nowhere */
	unsigned column; /* where it begins, quotes and all */
};

struct statement {
	unsigned line;
	struct word words[WORDS_MAX];
	unsigned n;
	const char *raw; /* all of it as it stands in the text, from the first word on; not ended */
	size_t raw_n;
};

struct reader {
	const char *p, *end;
	unsigned line, column;
	char *room; /* of words */
};

/* The text must live as long as the reader. Refused: what is too long, no UTF-8, or has characters that no one can see. */
bool reader_open(struct reader *r, const char *text, size_t n, struct scenario_error *e);
void reader_close(struct reader *r);
/* 1, or 0 at the end, or -1. Words live until the next call. */
int reader_next(struct reader *r, struct statement *s, struct scenario_error *e);

/* The column of the error is one of the word's text, in bytes: makes it one of the line. False. */
bool word_fault(struct scenario_error *e, const struct statement *s, const struct word *w);
static inline bool word_is(const struct word *w, const char *text)
{
	return *w->text == *text && !strcmp(w->text, text);
}
/* Whether a text can have it as a word: nothing stands for a quote or a line feed. */
bool word_can(const char *text);
/* As a word that is read as this text: in quotes where it must. word_can() holds. */
void word_write(FILE *f, const char *text);
