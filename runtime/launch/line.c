#include "launch/line.h"

#include <stdbool.h>
#include <stdlib.h>
#include <string.h>

#include "base/mem.h"

#define MARK "ktstr-launch "

enum { EVENT_MAX = 4096 };

static const char *const words[] = {
	[LINE_BEGIN] = "begin", [LINE_ALIVE] = "alive", [LINE_EVENT] = "event ", [LINE_END] = "end "
};

/* What each stands for, behind a backslash. */
static const char letters[] = "0nr\\", bytes[] = "\0\n\r\\";

static bool read_event(struct event *ev, const char *text)
{
	char buf[EVENT_MAX];
	size_t n = 0;

	for (; *text; text++) {
		char c = *text;

		if (n == sizeof(buf))
			return false;
		if (c == '\\') {
			const char *letter = text[1] ? strchr(letters, text[1]) : NULL;

			if (!letter)
				return false;
			c = bytes[letter - letters];
			text++;
		}
		buf[n++] = c;
	}
	return event_decode(ev, buf, n) == 0;
}

static bool read_code(int *code, const char *text)
{
	size_t n = strspn(text, "0123456789");

	if (!n || n > 3 || text[n])
		return false;
	*code = atoi(text);
	return *code <= 255;
}

void line_read(struct line *l, const char *text)
{
	size_t n = strlen(text);
	auto_free char *own = xstrndup(text, n && text[n - 1] == '\r' ? n - 1 : n);
	const char *rest = own + strlen(MARK);

	*l = (struct line){ .kind = LINE_OTHER };
	if (strncmp(own, MARK, strlen(MARK)) != 0)
		return;
	if (!strcmp(rest, words[LINE_BEGIN]))
		l->kind = LINE_BEGIN;
	else if (!strcmp(rest, words[LINE_ALIVE]))
		l->kind = LINE_ALIVE;
	else if (!strncmp(rest, words[LINE_EVENT], strlen(words[LINE_EVENT])) &&
		 read_event(&l->event, rest + strlen(words[LINE_EVENT])))
		l->kind = LINE_EVENT;
	else if (!strncmp(rest, words[LINE_END], strlen(words[LINE_END])) &&
		 read_code(&l->code, rest + strlen(words[LINE_END])))
		l->kind = LINE_END;
}

static void put_event(FILE *f, const struct event *ev)
{
	char buf[EVENT_MAX];
	size_t n = event_encode(ev, buf, sizeof(buf));

	for (size_t i = 0; i < n; i++) {
		const char *byte = memchr(bytes, buf[i], sizeof(bytes) - 1);

		if (byte)
			fprintf(f, "\\%c", letters[byte - bytes]);
		else
			putc(buf[i], f);
	}
}

char *line_write(const struct line *l)
{
	char *text;
	size_t n;
	FILE *f = xmemstream(&text, &n);

	fprintf(f, MARK "%s", words[l->kind]);
	if (l->kind == LINE_EVENT)
		put_event(f, &l->event);
	if (l->kind == LINE_END)
		fprintf(f, "%d", l->code);
	putc('\n', f);
	fclose(f);
	return text;
}
