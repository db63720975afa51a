/* line.h: what is said of a launched step, a line each on the output of what launched it.
 *
 *   ktstr-launch begin            the step's command has come, and is run
 *   ktstr-launch alive            every LINE_ALIVE_MS
 *   ktstr-launch event {event}    as event.h has them; NUL, \n, \r and \ are \0, \n, \r and \\
 *   ktstr-launch end {code}       its exit code; the last line
 *
 * Any other line is of the launcher. What is read is hostile. */
#pragma once
#include "progress/event.h"
#include <stddef.h>
#include <stdio.h>

enum { LINE_MAX_BYTES = 16 << 10, LINE_ALIVE_MS = 5000 };
enum line_kind { LINE_OTHER, LINE_BEGIN, LINE_ALIVE, LINE_EVENT, LINE_END };

struct line {
	enum line_kind kind;
	struct event event; /* LINE_EVENT */
	int code;           /* LINE_END: 0 to 255 */
};

void line_read(struct line *l, const char *text); /* without its end; a '\r' there is none of it */
/* With its end; the caller's. */
char *line_write(const struct line *l);
