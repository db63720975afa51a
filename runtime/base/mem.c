/* mem.c: the end of memory is the end of the program; nothing here allocates on that way out. */
#include "base/mem.h"

#include <stdarg.h>
#include <stdio_ext.h>

#include "base/err.h"

static void *must(void *p)
{
	static const char text[] = "error: out of memory\n";

	if (p)
		return p;
	/* Nothing is left to do when even this cannot be written. */
	(void)!write(STDERR_FILENO, text, sizeof(text) - 1);
	_exit(X_FAIL);
}

void *xmalloc(size_t n)
{
	return must(malloc(n ? n : 1));
}

void *xcalloc(size_t n, size_t size)
{
	return must(n && size ? calloc(n, size) : calloc(1, 1));
}

void *xreallocarray(void *p, size_t n, size_t size)
{
	/* A size of zero would free p. */
	return must(n && size ? reallocarray(p, n, size) : realloc(p, 1));
}

char *xstrdup(const char *s)
{
	return must(strdup(s));
}

char *xstrndup(const char *s, size_t n)
{
	return must(strndup(s, n));
}

void *xmemdup(const void *p, size_t n)
{
	void *copy = xmalloc(n);

	return n ? memcpy(copy, p, n) : copy;
}

char *xvasprintf(const char *fmt, va_list ap)
{
	char *s = NULL;
	int n = vasprintf(&s, fmt, ap);

	return must(n < 0 ? NULL : s);
}

char *xasprintf(const char *fmt, ...)
{
	va_list ap;

	va_start(ap, fmt);
	char *s = xvasprintf(fmt, ap);
	va_end(ap);
	return s;
}

FILE *xmemstream(char **text, size_t *n)
{
	return must(open_memstream(text, n));
}

enum { LONG_BUFFER = 64 << 10 };

struct long_text {
	char **text;
	size_t *n;
	char *v;
	size_t size, room;
};

static ssize_t long_write(void *cookie, const char *bytes, size_t n)
{
	struct long_text *t = cookie;

	if (n + 1 > t->room - t->size) {
		t->room = t->room + t->room / 2 + n + 1;
		t->v = xreallocarray(t->v, t->room, 1);
	}
	memcpy(t->v + t->size, bytes, n);
	t->size += n;
	return (ssize_t)n;
}

static int long_close(void *cookie)
{
	struct long_text *t = cookie;

	t->v = xreallocarray(t->v, t->size + 1, 1);
	t->v[t->size] = '\0';
	*t->text = t->v;
	*t->n = t->size;
	free(t);
	return 0;
}

FILE *xlongstream(char **text, size_t *n)
{
	struct long_text *t = xcalloc(1, sizeof(*t));

	*t = (struct long_text){ .text = text, .n = n };
	FILE *f = must(fopencookie(t, "w", (cookie_io_functions_t){ .write = long_write, .close = long_close }));

	(void)setvbuf(f, NULL, _IOFBF, LONG_BUFFER);
	(void)__fsetlocking(f, FSETLOCKING_BYCALLER);
	return f;
}
