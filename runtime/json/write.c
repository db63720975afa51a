/* write.c: commas, indent and escapes. */
#include "json/write.h"

#include <assert.h>
#include <float.h>
#include <inttypes.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "base/mem.h"
#include "text/text.h"
#include "text/utf8.h"

void jsonw_init(struct jsonw *w, FILE *f)
{
	*w = (struct jsonw){ .f = f, .first = { true } };
}

static void newline(struct jsonw *w)
{
	if (w->compact)
		return;
	fputc('\n', w->f);
	for (int i = 0; i < w->depth; i++)
		fputs("  ", w->f);
}

/* Whatever separates the coming member or value from what stands before it. */
static void next(struct jsonw *w)
{
	if (w->keyed) {
		w->keyed = false;
		return;
	}
	assert(w->depth > 0 || w->first[0]);
	if (!w->first[w->depth])
		fputc(',', w->f);
	if (w->depth > 0)
		newline(w);
	w->first[w->depth] = false;
}

static void begin(struct jsonw *w, char c)
{
	next(w);
	fputc(c, w->f);
	assert(w->depth + 1 < (int)countof(w->first));
	w->first[++w->depth] = true;
}

static void end(struct jsonw *w, char c)
{
	assert(w->depth > 0 && !w->keyed);
	bool empty = w->first[w->depth--];
	if (!empty)
		newline(w);
	fputc(c, w->f);
}

void jsonw_obj(struct jsonw *w)
{
	begin(w, '{');
}

void jsonw_end_obj(struct jsonw *w)
{
	end(w, '}');
}

void jsonw_arr(struct jsonw *w)
{
	begin(w, '[');
}

void jsonw_end_arr(struct jsonw *w)
{
	end(w, ']');
}

static void put_ascii(FILE *f, char c)
{
	static const char short_for[] = { ['\b'] = 'b', ['\f'] = 'f', ['\n'] = 'n', ['\r'] = 'r', ['\t'] = 't' };
	unsigned char u = (unsigned char)c;

	if (c == '"' || c == '\\')
		fprintf(f, "\\%c", c);
	else if (u < sizeof(short_for) && short_for[u])
		fprintf(f, "\\%c", short_for[u]);
	else if (u < 0x20)
		fprintf(f, "\\u%04x", u);
	else
		fputc(c, f);
}

static void put_escape(FILE *f, uint32_t c)
{
	if (c > 0xffff)
		fprintf(f, "\\u%04x\\u%04x", 0xd800 + (c - 0x10000) / 0x400, 0xdc00 + (c - 0x10000) % 0x400);
	else
		fprintf(f, "\\u%04x", c);
}

static void put_string(FILE *f, const char *s, size_t n)
{
	unsigned hashes = 0; /* in front of s: "##[" begins a command of the runner's */

	fputc('"', f);
	while (n > 0) {
		size_t len = utf8_len(s, n);
		uint32_t c = len ? utf8_get(s, len) : 0xfffd;

		if ((c >= 0x7f && !text_is_shown(c)) || (c == '[' && hashes >= 2))
			put_escape(f, c);
		else if (len == 1)
			put_ascii(f, *s);
		else if (len > 1)
			fwrite(s, 1, len, f);
		else
			fputs("\xef\xbf\xbd", f);
		hashes = c == '#' ? hashes + 1 : 0;
		s += len ? len : 1;
		n -= len ? len : 1;
	}
	fputc('"', f);
}

void jsonw_key(struct jsonw *w, const char *key)
{
	assert(w->depth > 0 && !w->keyed);
	next(w);
	put_string(w->f, key, strlen(key));
	fputs(w->compact ? ":" : ": ", w->f);
	w->keyed = true;
}

void jsonw_str(struct jsonw *w, const char *s)
{
	if (s)
		jsonw_strn(w, s, strlen(s));
	else
		jsonw_null(w);
}

void jsonw_strn(struct jsonw *w, const char *s, size_t n)
{
	next(w);
	put_string(w->f, s, n);
}

void jsonw_u64(struct jsonw *w, uint64_t v)
{
	next(w);
	fprintf(w->f, "%" PRIu64, v);
}

void jsonw_i64(struct jsonw *w, int64_t v)
{
	next(w);
	fprintf(w->f, "%" PRId64, v);
}

/* How many digits it takes to give v back. Up to 15 survive being a double: what is behind the last one then are zeros. */
static int shortest(double v)
{
	bool subnormal = fabs(v) < DBL_MIN; /* has fewer */
	char text[40];

	for (int digits = subnormal ? 1 : 15; digits < 17; digits++) {
		snprintf(text, sizeof(text), "%.*e", digits - 1, v);
		if (strtod(text, NULL) != v)
			continue;
		for (const char *end = strchr(text, 'e'); digits > 1 && end[-1] == '0'; end--)
			digits--;
		return digits;
	}
	return 17;
}

void jsonw_double(struct jsonw *w, double v)
{
	char text[40];

	if (!isfinite(v)) {
		jsonw_null(w);
		return;
	}
	snprintf(text, sizeof(text), "%.*g", shortest(v), v);
	/* The user's locale may have another decimal point. */
	size_t at = strspn(text, "-+0123456789eE");
	if (text[at])
		text[at] = '.';
	next(w);
	fputs(text, w->f);
}

void jsonw_bool(struct jsonw *w, bool v)
{
	next(w);
	fputs(v ? "true" : "false", w->f);
}

void jsonw_null(struct jsonw *w)
{
	next(w);
	fputs("null", w->f);
}

void jsonw_done(struct jsonw *w)
{
	assert(w->depth == 0 && !w->keyed);
	fputc('\n', w->f);
}

void jsonw_kstr(struct jsonw *w, const char *key, const char *s)
{
	jsonw_key(w, key);
	jsonw_str(w, s);
}

void jsonw_ku64(struct jsonw *w, const char *key, uint64_t v)
{
	jsonw_key(w, key);
	jsonw_u64(w, v);
}

void jsonw_ki64(struct jsonw *w, const char *key, int64_t v)
{
	jsonw_key(w, key);
	jsonw_i64(w, v);
}

void jsonw_kbool(struct jsonw *w, const char *key, bool v)
{
	jsonw_key(w, key);
	jsonw_bool(w, v);
}

void jsonw_kdouble(struct jsonw *w, const char *key, double v)
{
	jsonw_key(w, key);
	jsonw_double(w, v);
}

void jsonw_kobj(struct jsonw *w, const char *key)
{
	jsonw_key(w, key);
	jsonw_obj(w);
}

void jsonw_karr(struct jsonw *w, const char *key)
{
	jsonw_key(w, key);
	jsonw_arr(w);
}
