#include "guest/applets.h"

#include <stdbool.h>
#include <stdio.h>
#include <string.h>

#include "base/mem.h"

enum { NAME_MAX_LEN = 32, TABLE_MIN = 8, TABLE_MAX = 1024 };

static bool plain(const char *name, size_t n)
{
	for (size_t i = 0; i < n; i++)
		if (name[i] <= ' ' || name[i] >= 0x7f || name[i] == '/')
			return false;
	return n > 0 && n <= NAME_MAX_LEN;
}

/* Names that follow each other in order; the end of the table is an empty one. */
static size_t table(const char *p, size_t n, FILE *f)
{
	const char *before = "";
	size_t count = 0;

	while (n && count < TABLE_MAX) {
		size_t len = strnlen(p, n < NAME_MAX_LEN + 1 ? n : NAME_MAX_LEN + 1);

		if (len == n || !plain(p, len) || strcmp(before, p) >= 0)
			break;
		fprintf(f, "%s\n", p);
		before = p;
		p += len + 1;
		n -= len + 1;
		count++;
	}
	return count;
}

char *applets_find(const void *program, size_t n)
{
	static const char start[] = "\0[\0[["; /* the last NUL is the string's own */
	const char *p = program, *end = p + n;

	while ((p = memmem(p, (size_t)(end - p), start, sizeof(start)))) {
		auto_free char *text = NULL;
		size_t size;
		FILE *f = xmemstream(&text, &size);

		p++;
		size_t count = table(p, (size_t)(end - p), f);

		fclose(f);
		if (count >= TABLE_MIN)
			return TAKE(text);
	}
	return NULL;
}
