#include "json/scan.h"

#include <endian.h>
#include <string.h>

#include "base/err.h"
#include "text/utf8.h"

static int wrong(struct json_scan *s, const char *what)
{
	size_t line = 1, column = 1;

	for (const char *c = s->text; c < s->at; c++) {
		column++;
		if (*c == '\n') {
			line++;
			column = 1;
		}
	}
	return err_set(s->e, X_FAIL, "line %zu, column %zu: %s", line, column, what);
}

static int peek(const struct json_scan *s)
{
	return s->at < s->end ? (unsigned char)*s->at : -1;
}

static bool accept(struct json_scan *s, char c)
{
	if (s->at == s->end || *s->at != c)
		return false;
	s->at++;
	return true;
}

/* Eight bytes, the first one lowest; most of a text is looked at in such words. */
static uint64_t word_at(const char *s)
{
	uint64_t v;

	memcpy(&v, s, sizeof(v));
	return le64toh(v);
}

#define EACH(byte) (0x0101010101010101u * (uint64_t)(byte))

/* The lowest byte that is below limit (at most 0x80) has its top bit set; so may bytes above it. */
static uint64_t below(uint64_t v, unsigned char limit)
{
	return (v - EACH(limit)) & ~v & EACH(0x80);
}

/* Indentation is spaces. */
static const char *skip_indent(const char *at, const char *end)
{
	for (; end - at >= 8; at += 8) {
		uint64_t other = word_at(at) ^ EACH(' ');

		if (other)
			return at + __builtin_ctzll(other) / 8;
	}
	return at;
}

/* The next character that is not space, or -1. */
static int skip_space(struct json_scan *s)
{
	const char *at = s->at, *end = s->end;

	while (at < end && json_space(*at)) {
		if (*at++ == '\n')
			at = skip_indent(at, end);
	}
	s->at = at;
	return at < end ? (unsigned char)*at : -1;
}

static size_t skip_digits(struct json_scan *s)
{
	const char *from = s->at;

	while (s->at < s->end && *s->at >= '0' && *s->at <= '9')
		s->at++;
	return (size_t)(s->at - from);
}

static int hex4(struct json_scan *s, unsigned *out)
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

static int take_escape(struct json_scan *s)
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

/* Behind characters of a string that stand for themselves and are one byte. */
static const char *skip_plain(const char *at, const char *end)
{
	for (; end - at >= 8; at += 8) {
		uint64_t v = word_at(at);
		uint64_t other = (v & EACH(0x80)) | below(v, ' ') | below(v ^ EACH('"'), 1) | below(v ^ EACH('\\'), 1);

		if (other)
			return at + __builtin_ctzll(other) / 8;
	}
	while (at < end && (unsigned char)(*at - ' ') < 0x80 - ' ' && *at != '"' && *at != '\\')
		at++;
	return at;
}

static int take_string(struct json_scan *s, struct json_text *t)
{
	if (!accept(s, '"'))
		return wrong(s, "a string was expected");
	*t = (struct json_text){ .s = s->at };
	for (;;) {
		s->at = skip_plain(s->at, s->end);
		int c = peek(s);
		if (c == '"')
			break;
		if (c < 0)
			return wrong(s, "a string without an end");
		if (c < 0x20)
			return wrong(s, "a control character in a string");
		if (accept(s, '\\')) {
			t->escaped = true;
			if (take_escape(s) < 0)
				return -1;
			continue;
		}
		size_t len = utf8_len(s->at, (size_t)(s->end - s->at));
		if (len == 0)
			return wrong(s, "not UTF-8");
		s->at += len;
	}
	t->n = (size_t)(s->at - t->s);
	s->at++;
	return 0;
}

static int take_number(struct json_scan *s)
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

static int take_word(struct json_scan *s, const char *word)
{
	size_t len = strlen(word);

	if ((size_t)(s->end - s->at) < len || memcmp(s->at, word, len) != 0)
		return wrong(s, "a value was expected");
	s->at += len;
	return 0;
}

static int count(struct json_scan *s)
{
	return ++s->values > s->max_values ? wrong(s, "too many values") : 0;
}

void json_scan_init(struct json_scan *s, const char *text, size_t n, size_t max_values, struct json_keys *keys,
		    struct err *e)
{
	s->text = s->at = text;
	s->end = text + n;
	s->values = 0;
	s->max_values = max_values;
	s->depth = 0;
	s->first = false;
	s->keys = keys;
	s->e = e;
	json_keys_begin(keys);
}

int json_scan_kind(struct json_scan *s)
{
	switch (skip_space(s)) {
	case '{':
		return JSON_OBJECT;
	case '[':
		return JSON_ARRAY;
	case '"':
		return JSON_STRING;
	case 't':
	case 'f':
		return JSON_BOOL;
	case 'n':
		return JSON_NULL;
	case '-':
	case '0' ... '9':
		return JSON_NUMBER;
	default:
		return wrong(s, "a value was expected");
	}
}

int json_scan_enter(struct json_scan *s)
{
	bool object = skip_space(s) == '{';

	if (count(s) < 0)
		return -1;
	if (s->depth == JSON_DEPTH)
		return wrong(s, "nested too deep");
	s->at++;
	s->in[s->depth].close = object ? '}' : ']';
	s->in[s->depth].object = object ? json_keys_object(s->keys) : 0;
	s->depth++;
	s->first = true;
	return 0;
}

static int take_key(struct json_scan *s, struct json_text *key)
{
	skip_space(s);
	if (count(s) < 0 || take_string(s, key) < 0)
		return -1;
	if (!json_keys_add(s->keys, s->in[s->depth - 1].object, *key))
		return err_set(s->e, X_FAIL, "the key \"%.*s\" occurs twice in one object",
			       (int)(key->n < 100 ? key->n : 100), key->s);
	if (skip_space(s) != ':')
		return wrong(s, "a colon was expected");
	s->at++;
	return 0;
}

int json_scan_next(struct json_scan *s, struct json_text *key)
{
	char close = s->in[s->depth - 1].close;
	struct json_text unused;
	int c = skip_space(s);

	if (c == (unsigned char)close) {
		s->at++;
		s->depth--;
		s->first = false;
		return 0;
	}
	if (!s->first) {
		if (c != ',')
			return wrong(s, close == '}' ? "a comma or } was expected" : "a comma or ] was expected");
		s->at++;
	}
	s->first = false;
	if (close == '}' && take_key(s, key ? key : &unused) < 0)
		return -1;
	return 1;
}

int json_scan_text(struct json_scan *s, struct json_text *t)
{
	int c = skip_space(s), r;

	if (count(s) < 0)
		return -1;
	if (c == '"')
		return take_string(s, t);
	*t = (struct json_text){ .s = s->at };
	switch (c) {
	case 't':
		r = take_word(s, "true");
		break;
	case 'f':
		r = take_word(s, "false");
		break;
	case 'n':
		r = take_word(s, "null");
		break;
	default:
		r = take_number(s);
		break;
	}
	t->n = (size_t)(s->at - t->s);
	return r;
}

int json_scan_skip(struct json_scan *s)
{
	unsigned depth = s->depth;
	struct json_text unused;

	for (;;) {
		int kind = json_scan_kind(s), r = 0;

		if (kind < 0)
			return -1;
		if (kind == JSON_OBJECT || kind == JSON_ARRAY)
			r = json_scan_enter(s);
		else
			r = json_scan_text(s, &unused);
		if (r < 0)
			return -1;
		/* The value ended unless it was entered, and perhaps with it the objects and lists around it. */
		for (r = 0; r == 0 && s->depth > depth;)
			r = json_scan_next(s, NULL);
		if (r <= 0)
			return r;
	}
}

int json_scan_end(struct json_scan *s)
{
	return skip_space(s) < 0 ? 0 : wrong(s, "text behind the end");
}
