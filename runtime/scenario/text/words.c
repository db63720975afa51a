#include "scenario/text/words.h"
#include "scenario/fault.h"
#include "scenario/scenario.h"

#include <stdint.h>
#include <stdlib.h>
#include <string.h>

/* The character at s as its code point, *len bytes; false: it is none. */
static bool character(const unsigned char *s, size_t n, size_t *len, uint32_t *c)
{
	static const uint32_t least[] = { 0, 0, 0x80, 0x800, 0x10000 };

	*len = s[0] < 0x80 ? 1 : s[0] < 0xc2 ? 0 : s[0] < 0xe0 ? 2 : s[0] < 0xf0 ? 3 : s[0] < 0xf5 ? 4 : 0;
	if (!*len || *len > n)
		return false;
	*c = *len == 1 ? s[0] : s[0] & (0xffu >> (*len + 1));
	for (size_t i = 1; i < *len; i++) {
		if ((s[i] & 0xc0) != 0x80)
			return false;
		*c = *c << 6 | (s[i] & 0x3f);
	}
	return *c >= least[*len] && *c <= 0x10ffff && (*c < 0xd800 || *c > 0xdfff);
}

/* What moves a cursor, turns text around or cannot be seen at all. */
static bool invisible(uint32_t c)
{
	return (c < 0x20 && c != '\t' && c != '\n') || (c >= 0x7f && c < 0xa0) || (c >= 0x200b && c <= 0x200f) ||
	       (c >= 0x2028 && c <= 0x202e) || (c >= 0x2060 && c <= 0x206f) || c == 0xfeff;
}

bool reader_open(struct reader *r, const char *text, size_t n, struct scenario_error *e)
{
	const unsigned char *s = (const unsigned char *)text;
	unsigned line = 1, column = 1;
	size_t len;
	uint32_t c;

	*r = (struct reader){ .p = text, .end = text + n, .line = 1, .column = 1 };
	if (n > SCENARIO_TEXT_MAX)
		return fault_bad(e, 0, "the text has %zu bytes; %u are the limit", n, SCENARIO_TEXT_MAX);
	for (size_t i = 0; i < n; i += len, column++) {
		len = 1;
		if (s[i] >= ' ' && s[i] < 0x7f)
			continue;
		bool ok = character(s + i, n - i, &len, &c);

		if (!ok || invisible(c)) {
			fault_bad(e, column,
				  ok ? "a character that cannot be seen, U+%04X" : "this is no UTF-8 (byte 0x%02x)",
				  ok ? (unsigned)c : s[i]);
			e->line = line;
			return ok && c == '\r' ? fault_tip(e, "lines are to end with a line feed alone") : false;
		}
		if (c == '\n') {
			line++;
			column = 0;
		}
	}
	r->room = malloc(n + WORDS_MAX + 1);
	return r->room ? true : fault_memory(e);
}

void reader_close(struct reader *r)
{
	free(r->room);
	r->room = NULL;
}

static void step(struct reader *r)
{
	if (*r->p == '\n') {
		r->line++;
		r->column = 1;
	} else if (((unsigned char)*r->p & 0xc0) != 0x80) {
		r->column++;
	}
	r->p++;
}

static void pass_blanks(struct reader *r, bool ends)
{
	while (r->p < r->end) {
		if (*r->p == '#') {
			while (r->p < r->end && *r->p != '\n')
				step(r);
		} else if (*r->p == ' ' || *r->p == '\t' || (ends && (*r->p == '\n' || *r->p == ';'))) {
			step(r);
		} else {
			return;
		}
	}
}

static bool ends_word(const struct reader *r)
{
	return r->p == r->end || *r->p == ' ' || *r->p == '\t' || *r->p == '\n' || *r->p == ';';
}

/* The brace that stands here as a word of its own, or 0. */
static char brace(const struct reader *r)
{
	struct reader after = *r;

	if (r->p == r->end || (*r->p != '{' && *r->p != '}'))
		return 0;
	after.p++;
	return ends_word(&after) ? *r->p : 0;
}

static bool read_word(struct reader *r, struct statement *s, struct word *w, char **room, struct scenario_error *e)
{
	char *to = *room;

	*w = (struct word){ .text = to, .quote = SIZE_MAX, .column = r->column };
	while (!ends_word(r)) {
		unsigned column = r->column;

		if (*r->p != '"') {
			*to++ = *r->p;
			step(r);
			continue;
		}
		if (w->quote == SIZE_MAX)
			w->quote = (size_t)(to - w->text);
		for (step(r); r->p < r->end && *r->p != '"' && *r->p != '\n'; step(r))
			*to++ = *r->p;
		if (r->p == r->end || *r->p != '"') {
			fault_bad(e, column, "this quote is not closed");
			e->line = s->line;
			return fault_tip(e, "a \" is missing before the end of the line");
		}
		step(r);
	}
	w->n = (size_t)(to - w->text);
	if (w->quote == SIZE_MAX)
		w->quote = w->n;
	*to++ = '\0';
	*room = to;
	return true;
}

int reader_next(struct reader *r, struct statement *s, struct scenario_error *e)
{
	char *room = r->room;

	pass_blanks(r, true);
	if (r->p == r->end)
		return 0;
	s->line = r->line;
	s->n = 0;
	s->raw = r->p;
	while (r->p < r->end && *r->p != '\n' && *r->p != ';') {
		char b = brace(r);

		if (b == '}' && s->n)
			break;
		if (s->n == WORDS_MAX) {
			fault_bad(e, r->column, "more than %d words", WORDS_MAX);
			e->line = s->line;
			return -1;
		}
		if (!read_word(r, s, &s->words[s->n++], &room, e))
			return -1;
		s->raw_n = (size_t)(r->p - s->raw);
		if (b == '{')
			break;
		pass_blanks(r, false);
	}
	return 1;
}

bool word_fault(struct scenario_error *e, const struct statement *s, const struct word *w)
{
	size_t at = e->column ? e->column - 1 : 0;

	e->line = s->line;
	e->column = w->column;
	for (size_t i = 0; i < at && i < w->n; i++)
		e->column += ((unsigned char)w->text[i] & 0xc0) != 0x80;
	if (w->quote < w->n && at >= w->quote)
		e->column++;
	return false;
}

bool word_can(const char *text)
{
	return !strpbrk(text, "\"\n");
}

void word_write(FILE *f, const char *text)
{
	if (*text && *text != '#' && !strpbrk(text, " \t;{}"))
		fputs(text, f);
	else
		fprintf(f, "\"%s\"", text);
}
