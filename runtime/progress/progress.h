/* progress.h: the moving line at the bottom of a terminal, and nothing of it anywhere else.
 *
 * Finished steps are printed above as ordinary lines; off a terminal only those appear. */
#pragma once
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>

struct progress {
	FILE *f;
	bool live;         /* f is a terminal that can move its cursor */
	bool shown;        /* the moving line is on the screen */
	long long redrawn; /* now_ms() of the last redraw; at most 12 a second */
};

void progress_init(struct progress *p, FILE *f);
/* Redraws the moving line: "{label} [#####.....] 48% {note}". total 0: no bar. Cheap when called often. */
void progress_show(struct progress *p, const char *label, uint64_t done, uint64_t total, const char *note);
/* Prints an ordinary line above the moving one; it passes text/text.h's filter. */
void progress_line(struct progress *p, const char *fmt, ...) __attribute__((format(printf, 2, 3)));
/* "  word  name" with the word in that colour (log_sgr). */
void progress_mark(struct progress *p, const char *color, const char *word, const char *name);
/* Takes the moving line away. */
void progress_clear(struct progress *p);
