/* argv.c: a NULL-ended array that grows by doubling, and words a shell reads back. */
#include "text/argv.h"

#include <ctype.h>
#include <stdarg.h>

#include "base/mem.h"

static void take(struct argv *a, char *s)
{
	if (a->n + 2 > a->cap) {
		a->cap = a->cap ? a->cap * 2 : 16;
		a->v = xreallocarray(a->v, a->cap, sizeof(*a->v));
	}
	a->v[a->n++] = s;
	a->v[a->n] = NULL;
}

static char *format(const char *fmt, va_list ap)
{
	char *s = NULL;
	size_t n;
	FILE *f = xmemstream(&s, &n);

	vfprintf(f, fmt, ap);
	fclose(f);
	return s;
}

void argv_add(struct argv *a, const char *s)
{
	take(a, xstrdup(s));
}

void argv_fmt(struct argv *a, const char *fmt, ...)
{
	va_list ap;

	va_start(ap, fmt);
	take(a, format(fmt, ap));
	va_end(ap);
}

void argv_opt(struct argv *a, const char *opt, const char *fmt, ...)
{
	va_list ap;

	va_start(ap, fmt);
	argv_add(a, opt);
	take(a, format(fmt, ap));
	va_end(ap);
}

void argv_addv(struct argv *a, const char *const *v)
{
	for (; v && *v; v++)
		argv_add(a, *v);
}

bool words_equal(char *const *a, size_t a_n, char *const *b, size_t b_n)
{
	if (a_n != b_n)
		return false;
	for (size_t i = 0; i < a_n; i++)
		if (strcmp(a[i], b[i]) != 0)
			return false;
	return true;
}

void argv_free(struct argv *a)
{
	for (size_t i = 0; i < a->n; i++)
		free(a->v[i]);
	free(a->v);
	*a = (struct argv){ 0 };
}

static bool is_plain(const char *s)
{
	if (!*s || *s == '~')
		return false;
	for (; *s; s++)
		if (!isascii((unsigned char)*s) || (!isalnum((unsigned char)*s) && !strchr("@%+=:,./-_~", *s)))
			return false;
	return true;
}

static bool has_control(const char *s)
{
	for (; *s; s++)
		if ((unsigned char)*s < 0x20 || *s == 0x7f)
			return true;
	return false;
}

/* $'…' keeps a word with newlines on one line; every shell but the oldest knows it. */
static void quote_control(FILE *f, const char *s)
{
	fputs("$'", f);
	for (; *s; s++) {
		if (*s == '\n')
			fputs("\\n", f);
		else if (*s == '\t')
			fputs("\\t", f);
		else if ((unsigned char)*s < 0x20 || *s == 0x7f)
			fprintf(f, "\\%03o", (unsigned char)*s);
		else if (*s == '\'' || *s == '\\')
			fprintf(f, "\\%c", *s);
		else
			fputc(*s, f);
	}
	fputc('\'', f);
}

static void quote_word(FILE *f, const char *s)
{
	if (is_plain(s)) {
		fputs(s, f);
		return;
	}
	if (has_control(s)) {
		quote_control(f, s);
		return;
	}
	fputc('\'', f);
	for (; *s; s++) {
		if (*s == '\'')
			fputs("'\\''", f);
		else
			fputc(*s, f);
	}
	fputc('\'', f);
}

char *shell_quote(const char *word)
{
	char *s = NULL;
	size_t n;
	FILE *f = xmemstream(&s, &n);

	quote_word(f, word);
	fclose(f);
	return s;
}

/* A first word such as A=1 would be an assignment, not a command. */
static void quote_first(FILE *f, const char *s)
{
	if (is_plain(s) && strchr(s, '='))
		fprintf(f, "'%s'", s);
	else
		quote_word(f, s);
}

/* NULL: a word needs quotes. */
static char *join_plain(const char *const *v)
{
	size_t n = 1;

	for (size_t i = 0; v[i]; i++) {
		if (!is_plain(v[i]) || (!i && strchr(v[i], '=')))
			return NULL;
		n += strlen(v[i]) + 1;
	}
	char *s = xmalloc(n), *at = s;

	*at = '\0';
	for (size_t i = 0; v[i]; i++)
		at = stpcpy(i ? stpcpy(at, " ") : at, v[i]);
	return s;
}

char *argv_quote(const char *const *v)
{
	char *s = v ? join_plain(v) : NULL;
	size_t n;

	if (s)
		return s;
	FILE *f = xmemstream(&s, &n);

	for (size_t i = 0; v && v[i]; i++) {
		if (i)
			fputc(' ', f);
		(i ? quote_word : quote_first)(f, v[i]);
	}
	fclose(f);
	return s;
}
