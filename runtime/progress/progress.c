/* progress.c: "\r", the new text, "erase to the end of the line". */
#include "progress/progress.h"

#include <inttypes.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "progress/log.h"
#include "base/mem.h"
#include "base/stop.h"
#include "progress/stream.h"
#include "text/text.h"

enum { REDRAW_MS = 1000 / 12 };

void progress_init(struct progress *p, FILE *f)
{
	const char *term = getenv("TERM");
	const char *no_color = getenv("NO_COLOR");
	bool plain = !term || !strcmp(term, "dumb") || (no_color && *no_color);

	*p = (struct progress){
		.f = f,
		.live = !plain && log_level() > LOG_QUIET && isatty(stream_fd(f)),
	};
}

static void put_bar(FILE *f, uint64_t done, uint64_t total, int width)
{
	const int cells = width < 60 ? 10 : 20;

	if (done > total)
		done = total;
	double part = (double)done / (double)total;
	int filled = (int)(part * cells);
	fputs(" [", f);
	for (int i = 0; i < cells; i++)
		fputc(i < filled ? '#' : '.', f);
	fprintf(f, "] %d%%", (int)(part * 100));
}

/* A line that reached the last column would wrap and could not be taken back. A note is a compiler's, a guest's. */
static void put_cut(FILE *f, const char *s, int columns)
{
	auto_free char *plain = text_plain(s, strlen(s), TEXT_LINE);

	for (const char *c = plain; *c; c++) {
		if (((unsigned char)*c & 0xc0) != 0x80 && columns-- <= 0)
			return;
		fputc(*c, f);
	}
}

void progress_show(struct progress *p, const char *label, uint64_t done, uint64_t total, const char *note)
{
	auto_free char *line = NULL;
	size_t n;

	if (!p->live || (p->shown && now_ms() - p->redrawn < REDRAW_MS))
		return;
	int width = log_width(p->f);
	FILE *f = xmemstream(&line, &n);
	fputs(label, f);
	if (total > 0)
		put_bar(f, done, total, width);
	if (note && *note)
		fprintf(f, " %s", note);
	fclose(f);
	fputc('\r', p->f);
	put_cut(p->f, line, width - 1);
	fputs("\033[K", p->f);
	fflush(p->f);
	p->shown = true;
	p->redrawn = now_ms();
}

/* In one piece, as steps of ours may write to the same stream. */
static void put_line(struct progress *p, const char *begin, const char *said)
{
	auto_free char *line = NULL;
	size_t n;
	FILE *f = xmemstream(&line, &n);

	fputs(begin, f);
	text_put(f, said, strlen(said), TEXT_LINE);
	fputc('\n', f);
	fclose(f);
	progress_clear(p);
	fwrite(line, 1, n, p->f);
	fflush(p->f);
}

void progress_line(struct progress *p, const char *fmt, ...)
{
	auto_free char *said = NULL;
	va_list ap;

	va_start(ap, fmt);
	said = xvasprintf(fmt, ap);
	va_end(ap);
	put_line(p, "", said);
}

void progress_mark(struct progress *p, const char *color, const char *word, const char *name)
{
	auto_free char *begin = xasprintf("  %s%s%s  ", log_sgr(p->f, color), word, log_sgr(p->f, "0"));

	put_line(p, begin, name);
}

void progress_clear(struct progress *p)
{
	if (!p->shown)
		return;
	fputs("\r\033[K", p->f);
	fflush(p->f);
	p->shown = false;
}
