#include "judge/report/lines.h"

#include <stdarg.h>
#include <string.h>

#include "base/mem.h"
#include "text/text.h"

enum { INDENT = 4 };

/* What follows a character's first byte in UTF-8 is none. */
int lines_columns(const char *s, size_t n)
{
	int columns = 0;

	for (size_t i = 0; i < n; i++)
		columns += ((unsigned char)s[i] & 0xc0) != 0x80;
	return columns;
}

static void put_words(FILE *f, int width, const char *text)
{
	int used = 0;

	for (const char *at = text; *at;) {
		size_t gap = strspn(at, " "), n = strcspn(at + gap, " ");

		if (used && width && used + lines_columns(at, gap + n) > width) {
			fprintf(f, "\n%*s", INDENT, "");
			used = INDENT;
			at += gap;
			gap = 0;
		}
		fwrite(at, 1, gap + n, f);
		used += lines_columns(at, gap + n);
		at += gap + n;
	}
	fputc('\n', f);
}

void lines_fit(FILE *f, int width, const char *fmt, ...)
{
	auto_free char *text = NULL;
	size_t n;
	FILE *to = xmemstream(&text, &n);
	va_list ap;

	va_start(ap, fmt);
	vfprintf(to, fmt, ap);
	va_end(ap);
	fclose(to);
	put_words(f, width, text);
}

void lines_cut(FILE *f, const char *from, size_t n, int indent, int width)
{
	auto_free char *text = text_plain(from, n, TEXT_LINES);

	for (char *line = text, *next; *line; line = next) {
		size_t len = strcspn(line, "\n"), shown = len;
		int room = width - indent - 1;

		next = line + len + (line[len] == '\n');
		if (width && lines_columns(line, len) > room + 1)
			for (shown = 0; shown < len && lines_columns(line, shown) < room; shown++)
				;
		if (shown < len)
			shown = text_fit(line, len, shown);
		if (len)
			fprintf(f, "%*s%.*s%s", indent, "", (int)shown, line, shown < len ? "…" : "");
		fputc('\n', f);
	}
}
