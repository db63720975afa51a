#include "text/text.h"

#include <stdbool.h>
#include <stdint.h>
#include <string.h>

#include "base/mem.h"
#include "text/utf8.h"

enum {
	ESC = 0x1b,
	BEL = 0x07,
	ST = 0x9c,    /* ends a string; as ESC: '\' */
	CSI_MAX = 64, /* bytes; no terminal knows a longer one */
	STRING_MAX = 4096,
};

/* Beyond the controls: what has no shape of its own, but moves, joins or hides what has (Unicode's Cf, the separators Zl and
 * Zp, and fillers that are drawn as nothing). */
static bool is_invisible(uint32_t c)
{
	static const struct {
		uint32_t from, to;
	} ranges[] = {
		{ 0xad, 0xad },       { 0x34f, 0x34f },     { 0x600, 0x605 },     { 0x61c, 0x61c },
		{ 0x6dd, 0x6dd },     { 0x70f, 0x70f },     { 0x115f, 0x1160 },   { 0x17b4, 0x17b5 },
		{ 0x180b, 0x180f },   { 0x200b, 0x200f },   { 0x2028, 0x202e },   { 0x2060, 0x206f },
		{ 0x3164, 0x3164 },   { 0xfeff, 0xfeff },   { 0xffa0, 0xffa0 },   { 0xfff0, 0xfffb },
		{ 0x110bd, 0x110bd }, { 0x110cd, 0x110cd }, { 0x13430, 0x1343f }, { 0x1bca0, 0x1bca3 },
		{ 0x1d173, 0x1d17a }, { 0xe0000, 0xe0fff },
	};

	for (size_t i = 0; i < countof(ranges); i++)
		if (c >= ranges[i].from && c <= ranges[i].to)
			return true;
	return false;
}

bool text_is_shown(uint32_t c)
{
	return c >= ' ' && (c < 0x7f || c > 0x9f) && !is_invisible(c);
}

/* Bytes of a control sequence behind its introducer; 0: it has no end. */
static size_t csi_len(const char *s, size_t n)
{
	size_t i = 0;

	n = n < CSI_MAX ? n : CSI_MAX;
	while (i < n && s[i] >= 0x30 && s[i] <= 0x3f)
		i++;
	while (i < n && s[i] >= 0x20 && s[i] <= 0x2f)
		i++;
	return i < n && s[i] >= 0x40 && s[i] <= 0x7e ? i + 1 : 0;
}

/* The same of a string: up to BEL or ST, within a line. */
static size_t string_len(const char *s, size_t n)
{
	n = n < STRING_MAX ? n : STRING_MAX;
	for (size_t i = 0; i < n && s[i] != '\n'; i++) {
		if (s[i] == BEL)
			return i + 1;
		if (i + 1 < n && ((s[i] == ESC && s[i + 1] == '\\') || (s[i] == '\xc2' && s[i + 1] == (char)ST)))
			return i + 2;
	}
	return 0;
}

/* What follows an introducer in its 8-bit form. */
static size_t body_len(uint32_t c, const char *s, size_t n)
{
	switch (c) {
	case 0x9b:
		return csi_len(s, n);
	case 0x90: /* DCS */
	case 0x98: /* SOS */
	case 0x9d: /* OSC */
	case 0x9e: /* PM */
	case 0x9f: /* APC */
		return string_len(s, n);
	default:
		return 0;
	}
}

/* Bytes of the escape sequence at s, which begins with a control character c of len bytes; 0: it is none. */
static size_t sequence_len(uint32_t c, size_t len, const char *s, size_t n)
{
	size_t body, i = 1;

	if (c != ESC) {
		body = body_len(c, s + len, n - len);
		return body ? len + body : 0;
	}
	if (n < 2)
		return 0;
	if (strchr("[PX]^_", s[1]) && s[1]) {
		body = body_len((uint32_t)s[1] + 0x40, s + 2, n - 2);
		return body ? 2 + body : 0;
	}
	while (i < n && i < CSI_MAX && s[i] >= 0x20 && s[i] <= 0x2f)
		i++;
	return i < n && s[i] >= 0x30 && s[i] <= 0x7e ? i + 1 : 0;
}

struct filter {
	enum text_form form;
	bool inside;     /* of a line: something stands there already that is no blank */
	bool colon;      /* that is one ':' */
	unsigned hashes; /* in front of what comes next */
	const char *s;   /* what stands for the last piece */
	size_t n;
};

/* What .NET trims, and the runner with it. */
static bool is_blank(uint32_t c)
{
	return c == ' ' || c == '\t' || c == 0xa0 || c == 0x1680 || (c >= 0x2000 && c <= 0x200a) || c == 0x202f ||
	       c == 0x205f || c == 0x3000;
}

/* A character that may be shown, unless it would make a command for GitHub's runner. */
static size_t take_shown(struct filter *t, uint32_t c, const char *s, size_t len)
{
	bool command = (c == ':' && t->colon) || (c == '[' && t->hashes >= 2);

	t->hashes = c == '#' ? t->hashes + 1 : 0;
	t->colon = c == ':' && !t->inside;
	t->inside |= !is_blank(c);
	if (!command) {
		t->s = s;
		t->n = len;
	}
	return len;
}

/* Takes the next piece of s and returns how many bytes of s it was. */
static size_t take(struct filter *t, const char *s, size_t n)
{
	size_t len = utf8_len(s, n), sequence;
	uint32_t c = len ? utf8_get(s, len) : 0;

	t->s = "?";
	t->n = 1;
	if (len && text_is_shown(c))
		return take_shown(t, c, s, len);
	/* An escape sequence leaves nothing, so what stands before and behind it meet. */
	sequence = len ? sequence_len(c, len, s, n) : 0;
	if (sequence) {
		t->s = s;
		t->n = t->form == TEXT_COLORED && c == ESC && s[1] == '[' && s[sequence - 1] == 'm' ? sequence : 0;
		return sequence;
	}
	t->hashes = 0;
	t->colon = false;
	if (c == '\n' || c == '\r' || c == '\t') {
		bool both = t->form != TEXT_LINE && c == '\r' && n > 1 && s[1] == '\n';

		if (t->form == TEXT_LINE)
			t->s = " ";
		else if (c != '\r' || both)
			t->s = s + both;
		t->inside = *t->s == '?' || (t->inside && *t->s != '\n');
		return 1 + both;
	}
	t->inside = true;
	return len ? len : 1;
}

void text_put(FILE *f, const char *s, size_t n, enum text_form form)
{
	struct filter t = { .form = form };

	for (size_t i = 0; i < n;) {
		i += take(&t, s + i, n - i);
		fwrite(t.s, 1, t.n, f);
	}
}

char *text_plain(const char *s, size_t n, enum text_form form)
{
	struct filter t = { .form = form };
	char *out = xmalloc(n + 1);
	size_t len = 0;

	for (size_t i = 0; i < n;) {
		i += take(&t, s + i, n - i);
		memcpy(out + len, t.s, t.n);
		len += t.n;
	}
	out[len] = '\0';
	return out;
}

void text_indent(FILE *f, const char *s, size_t n, int blanks)
{
	struct filter t = { .form = TEXT_LINES };
	bool at_start = true;

	for (size_t i = 0; i < n;) {
		i += take(&t, s + i, n - i);
		if (!t.n)
			continue;
		if (at_start && *t.s != '\n')
			fprintf(f, "%*s", blanks, "");
		at_start = *t.s == '\n';
		fwrite(t.s, 1, t.n, f);
	}
	if (!at_start)
		fputc('\n', f);
}

size_t text_blanks(const char *s)
{
	size_t n = strlen(s), at = 0, len;

	while ((len = utf8_len(s + at, n - at)) && is_blank(utf8_get(s + at, len)))
		at += len;
	return at;
}

size_t text_fit(const char *s, size_t n, size_t max)
{
	size_t at = n < max ? n : max;

	if (at == n)
		return n;
	/* Back to where a character begins, if this is the middle of one. */
	for (size_t back = 1; back <= 3 && back <= at; back++) {
		if (((unsigned char)s[at - back] & 0xc0) == 0x80)
			continue;
		size_t len = utf8_len(s + at - back, n - at + back);

		return len > back ? at - back : at;
	}
	return at;
}

const char *text_short(char *buf, size_t size, const char *s)
{
	struct filter t = { .form = TEXT_LINE };
	size_t n = strlen(s), len = 0;

	for (size_t i = 0; i < n;) {
		i += take(&t, s + i, n - i);
		if (t.n >= size - len)
			break;
		memcpy(buf + len, t.s, t.n);
		len += t.n;
	}
	buf[len] = '\0';
	return buf;
}
