/* said.h: what git prints on stderr (LC_ALL=C), line by line: progress, the server's words, and why it failed.
 *
 * Parts of it come from servers: nothing of it reaches a terminal as it is. */
#pragma once
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
struct err;

/* As plain text: cut, one line, nothing a terminal would obey, no login in an address. Returns out. */
char *git_plain(const char *text, size_t n, char *out, size_t max);

/* "Receiving objects:  45% (450/1000), 1.20 MiB | 2.00 MiB/s" */
struct git_progress {
	char what[40]; /* "Receiving objects" */
	unsigned long done, total;
	uint64_t bytes; /* 0: not told */
};
/* False for what is none. */
bool git_progress_parse(const char *line, size_t n, struct git_progress *p);

enum { SAID_LINES = 12, SAID_LINE = 240 };

struct git_said {
	char lines[SAID_LINES][SAID_LINE]; /* the last ones that are no progress, a ring */
	size_t n;                          /* so many were there */
};
/* Keeps a line for git_said_err. */
void git_said_add(struct git_said *s, const char *line, size_t n);
/* Fills *e with the reason git gave and the code it calls for: X_NO_INPUT: no such repository, commit or name;
 * X_BAD_ARCHIVE: objects that are damaged or hostile; X_DISK_FULL; X_NO_TOOL; X_USAGE: a protocol that is not allowed; else
 * code. Returns -1. */
int git_said_err(const struct git_said *s, int code, const char *otherwise, struct err *e);
