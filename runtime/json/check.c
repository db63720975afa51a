/* check.c: jsmn splits text but does not judge it (it takes {"a"}, [1 2], [nope], two roots …), and its time grows
 * with the square of the nesting. So the text is read once against the grammar before jsmn sees it. */
#include "json/check.h"

#include <stdbool.h>
#include <string.h>

#include "base/err.h"
#include "base/utf8.h"

struct scan {
	const char *text;
	size_t n, at;
	size_t tokens, max_tokens;
	struct err *e;
};

static int wrong(struct scan *s, const char *what)
{
	size_t line = 1, column = 1;

	for (size_t i = 0; i < s->at && i < s->n; i++) {
		column++;
		if (s->text[i] == '\n') {
			line++;
			column = 1;
		}
	}
	return err_set(s->e, X_FAIL, "line %zu, column %zu: %s", line, column, what);
}

static int peek(const struct scan *s)
{
	return s->at < s->n ? (unsigned char)s->text[s->at] : -1;
}

static bool accept(struct scan *s, char c)
{
	if (peek(s) != (unsigned char)c)
		return false;
	s->at++;
	return true;
}

static void skip_space(struct scan *s)
{
	while (s->at < s->n && json_space(s->text[s->at]))
		s->at++;
}

static size_t skip_digits(struct scan *s)
{
	size_t from = s->at;

	while (peek(s) >= '0' && peek(s) <= '9')
		s->at++;
	return s->at - from;
}

static int hex4(struct scan *s, unsigned *out)
{
	unsigned v = 0;

	for (int i = 0; i < 4; i++, s->at++) {
		int c = peek(s);
		int d = c >= '0' && c <= '9'   ? c - '0'
			: c >= 'a' && c <= 'f' ? c - 'a' + 10
			: c >= 'A' && c <= 'F' ? c - 'A' + 10
					       : -1;

		if (d < 0)
			return wrong(s, "four hexadecimal digits were expected");
		v = v << 4 | (unsigned)d;
	}
	*out = v;
	return 0;
}

static int check_escape(struct scan *s)
{
	unsigned high, low;
	int c = peek(s);

	if (c <= 0 || !strchr("\"\\/bfnrtu", c))
		return wrong(s, "not an escape JSON knows");
	s->at++;
	if (c != 'u')
		return 0;
	if (hex4(s, &high) < 0)
		return -1;
	if (high >= 0xdc00 && high <= 0xdfff)
		return wrong(s, "the second half of a surrogate pair without the first");
	if (high < 0xd800 || high > 0xdfff)
		return 0;
	if (!accept(s, '\\') || !accept(s, 'u'))
		return wrong(s, "half a surrogate pair");
	if (hex4(s, &low) < 0)
		return -1;
	return low >= 0xdc00 && low <= 0xdfff ? 0 : wrong(s, "half a surrogate pair");
}

static int check_string(struct scan *s)
{
	if (!accept(s, '"'))
		return wrong(s, "a string was expected");
	while (!accept(s, '"')) {
		int c = peek(s);

		if (c < 0)
			return wrong(s, "a string without an end");
		if (c < 0x20)
			return wrong(s, "a control character in a string");
		if (accept(s, '\\')) {
			if (check_escape(s) < 0)
				return -1;
			continue;
		}
		size_t len = utf8_len(s->text + s->at, s->n - s->at);
		if (len == 0)
			return wrong(s, "not UTF-8");
		s->at += len;
	}
	return 0;
}

static int check_number(struct scan *s)
{
	accept(s, '-');
	if (!accept(s, '0') && skip_digits(s) == 0)
		return wrong(s, "a number was expected");
	if (accept(s, '.') && skip_digits(s) == 0)
		return wrong(s, "digits were expected");
	if (accept(s, 'e') || accept(s, 'E')) {
		if (!accept(s, '+'))
			accept(s, '-');
		if (skip_digits(s) == 0)
			return wrong(s, "digits were expected");
	}
	return 0;
}

static int check_word(struct scan *s, const char *word)
{
	size_t len = strlen(word);

	if (s->n - s->at < len || memcmp(s->text + s->at, word, len) != 0)
		return wrong(s, "a value was expected");
	s->at += len;
	return 0;
}

static int check_scalar(struct scan *s)
{
	switch (peek(s)) {
	case '"':
		return check_string(s);
	case 't':
		return check_word(s, "true");
	case 'f':
		return check_word(s, "false");
	case 'n':
		return check_word(s, "null");
	default:
		break;
	}
	if (peek(s) != '-' && (peek(s) < '0' || peek(s) > '9'))
		return wrong(s, "a value was expected");
	return check_number(s);
}

static int count(struct scan *s)
{
	return ++s->tokens > s->max_tokens ? wrong(s, "too many values") : 0;
}

static int check_key(struct scan *s)
{
	skip_space(s);
	if (count(s) < 0 || check_string(s) < 0)
		return -1;
	skip_space(s);
	return accept(s, ':') ? 0 : wrong(s, "a colon was expected");
}

/* open[]: the bracket that ends each container we are in. */
static int check_text(struct scan *s)
{
	char open[JSON_DEPTH];
	size_t depth = 0;

	for (;;) {
		skip_space(s);
		int c = peek(s);
		if (count(s) < 0)
			return -1;
		if (c == '{' || c == '[') {
			if (depth == JSON_DEPTH)
				return wrong(s, "nested too deep");
			s->at++;
			open[depth++] = c == '{' ? '}' : ']';
			skip_space(s);
			if (peek(s) != open[depth - 1]) {
				if (c == '{' && check_key(s) < 0)
					return -1;
				continue;
			}
		} else if (check_scalar(s) < 0) {
			return -1;
		}
		/* A value ended, and perhaps the containers around it. */
		for (skip_space(s); depth > 0 && accept(s, open[depth - 1]); skip_space(s))
			depth--;
		if (depth == 0)
			return 0;
		if (!accept(s, ','))
			return wrong(s, open[depth - 1] == '}' ? "a comma or } was expected"
							       : "a comma or ] was expected");
		if (open[depth - 1] == '}' && check_key(s) < 0)
			return -1;
	}
}

int json_check(const char *text, size_t n, size_t max_tokens, size_t *tokens, struct err *e)
{
	struct scan s = { .text = text, .n = n, .max_tokens = max_tokens, .e = e };

	if (check_text(&s) < 0)
		return -1;
	if (s.at != n)
		return wrong(&s, "text behind the end");
	*tokens = s.tokens;
	return 0;
}
