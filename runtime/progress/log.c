/* log.c: one line at a time, written whole so that lines of several processes do not mix. */
#include "progress/log.h"

#include <stdarg.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <unistd.h>

#include "text/argv.h"
#include "base/mem.h"
#include "progress/stream.h"
#include "text/text.h"

static enum log_level level_now = LOG_NORMAL;
static enum log_color color_now = COLOR_AUTO;
static bool raw_now;

void log_setup(enum log_level level, enum log_color color)
{
	level_now = level;
	color_now = color;
}

void log_raw(bool raw)
{
	raw_now = raw;
}

enum log_level log_level(void)
{
	return level_now;
}

bool log_color_on(FILE *stream)
{
	const char *no = getenv("NO_COLOR");
	const char *term = getenv("TERM");

	if (color_now != COLOR_AUTO)
		return color_now == COLOR_ALWAYS;
	if (no && *no)
		return false;
	return isatty(stream_fd(stream)) && !(term && !strcmp(term, "dumb"));
}

const char *log_sgr(FILE *stream, const char *code)
{
	/* Several are used in one printf. */
	static _Thread_local char ring[8][16];
	static _Thread_local unsigned turn;

	if (!log_color_on(stream))
		return "";
	char *s = ring[turn++ % countof(ring)];
	snprintf(s, sizeof(ring[0]), "\033[%.12sm", code);
	return s;
}

int log_width(FILE *stream)
{
	const char *columns = getenv("COLUMNS");
	struct winsize ws;

	if (columns) {
		char *end;
		long n = strtol(columns, &end, 10);

		if (end != columns && !*end && n > 0 && n < 10000)
			return (int)n;
	}
	if (!isatty(stream_fd(stream)))
		return 0;
	return ioctl(stream_fd(stream), TIOCGWINSZ, &ws) == 0 && ws.ws_col > 0 ? ws.ws_col : 80;
}

static void put_raw(const char *text, size_t n)
{
	for (size_t i = 0; i < n; i++) {
		if (text[i] == '\n')
			fputc('\r', stderr);
		fputc(text[i], stderr);
	}
}

static void put(const char *text, size_t n)
{
	if (raw_now)
		put_raw(text, n);
	else
		fwrite(text, 1, n, stderr);
	fflush(stderr);
}

/* "word: said" with the word in that colour; without a word all of it is. */
static void say(const char *word, const char *color, const char *fmt, va_list ap)
{
	auto_free char *line = NULL, *said = xvasprintf(fmt, ap);
	const char *begin = color ? log_sgr(stderr, color) : "", *end = color ? log_sgr(stderr, "0") : "";
	size_t n;
	FILE *f = xmemstream(&line, &n);

	if (word)
		fprintf(f, "%s%s:%s ", begin, word, end);
	else
		fputs(begin, f);
	text_put(f, said, strlen(said), TEXT_LINES);
	if (!word)
		fputs(end, f);
	fputc('\n', f);
	fclose(f);
	if (raw_now)
		fputs("\r\n", stderr);
	put(line, n);
}

void log_lines(const char *text, size_t n)
{
	auto_free char *lines = text_plain(text, n, TEXT_LINES);

	put(lines, strlen(lines));
}

#define SAY(least, word, color) \
	do { \
		va_list ap; \
		if (level_now < (least)) \
			return; \
		va_start(ap, fmt); \
		say(word, color, fmt, ap); \
		va_end(ap); \
	} while (0)

void log_error(const char *fmt, ...)
{
	SAY(LOG_QUIET, "error", "1;31");
}

void log_warn(const char *fmt, ...)
{
	SAY(LOG_NORMAL, "warning", "1;33");
}

void log_note(const char *fmt, ...)
{
	SAY(LOG_NORMAL, "note", "1;36");
}

void log_info(const char *fmt, ...)
{
	SAY(LOG_NORMAL, NULL, NULL);
}

void log_done(const char *fmt, ...)
{
	SAY(LOG_NORMAL, NULL, "32");
}

void log_debug(const char *fmt, ...)
{
	SAY(LOG_DEBUG, NULL, NULL);
}

void log_command(const char *const *argv)
{
	if (level_now < LOG_DEBUG)
		return;
	auto_free char *line = argv_quote(argv);
	log_debug("$ %s", line);
}
