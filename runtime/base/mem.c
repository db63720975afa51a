/* mem.c: the end of memory is the end of the program; nothing here allocates on that way out. */
#include "base/mem.h"

#include <stdarg.h>

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
