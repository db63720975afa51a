/* stream.h: stdout and stderr whose every byte arrives.
 *
 * Whoever started us may have set O_NONBLOCK on a pipe or terminal that we share (it belongs to the open file, not to us, so we
 * must not clear it). stdio takes EAGAIN for an error and drops what is left. */
#pragma once
#include <stdio.h>

/* Puts streams in the place of stdout and stderr that wait until there is room. The wait ends with stop_init()'s signals: a
 * second later what is left is dropped, and ferror() says so. Call once, before anything is printed. */
void stream_init(void);
/* As fileno(), also for those two. */
int stream_fd(FILE *f);
