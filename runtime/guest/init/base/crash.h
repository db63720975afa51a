/* crash.h: a word on the console, and the end of the machine, so that the host sees one. */
#pragma once

/* A line on the console. */
void say(const char *fmt, ...) __attribute__((format(printf, 1, 2)));
/* Tells console and host, then resets the machine. */
void die(const char *fmt, ...) __attribute__((format(printf, 1, 2), noreturn));
void crash_handlers(void);
void machine_end(void) __attribute__((noreturn));
