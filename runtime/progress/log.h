/* log.h: what people read on stderr while we work. Results go to stdout and never through here. Whatever is told passes
 * text/text.h's filter: errors quote names, consoles and schedulers, and none of them may drive the terminal. */
#pragma once
#include <stdbool.h>
#include <stddef.h>
#include <stdio.h>

enum log_level { LOG_QUIET, LOG_NORMAL, LOG_VERBOSE, LOG_DEBUG };
enum log_color { COLOR_AUTO, COLOR_ALWAYS, COLOR_NEVER };

/* Defaults: LOG_NORMAL, COLOR_AUTO (on when the stream is a terminal, NO_COLOR is unset or empty, TERM not dumb). */
void log_setup(enum log_level level, enum log_color color);
enum log_level log_level(void);
/* stderr is a terminal in raw mode that somebody works in: lines begin on a line of their own, at its beginning. */
void log_raw(bool raw);
bool log_color_on(FILE *stream);

/* "error: …", "warning: …", "note: …" at every level but warnings and notes not at LOG_QUIET. */
void log_error(const char *fmt, ...) __attribute__((format(printf, 1, 2)));
void log_warn(const char *fmt, ...) __attribute__((format(printf, 1, 2)));
void log_note(const char *fmt, ...) __attribute__((format(printf, 1, 2)));
/* A plain line at LOG_NORMAL, LOG_DEBUG and above. log_done() is green. */
void log_info(const char *fmt, ...) __attribute__((format(printf, 1, 2)));
void log_done(const char *fmt, ...) __attribute__((format(printf, 1, 2)));
void log_debug(const char *fmt, ...) __attribute__((format(printf, 1, 2)));
/* Lines of somebody else's, a guest's console for instance, whole or not; at every level. */
void log_lines(const char *text, size_t n);
/* "$ qemu-system-x86_64 …" at LOG_DEBUG, quoted so that it can be pasted. */
void log_command(const char *const *argv);

/* SGR codes for the stream, or "" where colour is off: log_sgr(stderr, "1;32"), end with "0". */
const char *log_sgr(FILE *stream, const char *code);

/* Terminal width of the stream: COLUMNS, else the window, else 80 (0 when it is not a terminal). */
int log_width(FILE *stream);
