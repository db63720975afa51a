/* text.h: what may reach a terminal, a log or a report of text that comes from outside: a guest's, a scheduler's, a server's,
 * an archive's, a file's name.
 *
 * Valid UTF-8 stays. Escape sequences go as a whole (ESC and C1 forms: CSI, OSC, DCS and the like up to their end), so that
 * a coloured line leaves its words. '?' stands for each other character that drives a terminal or hides from a reader: C0,
 * DEL, C1, bidirectional controls, invisible format characters, line and paragraph separators; and for each byte that is no
 * UTF-8. A sequence without its end hides nothing: only its first character is replaced.
 *
 * GitHub's runner obeys what a program prints: "::add-mask::" and the like at the beginning of a line, blanks or not, and
 * "##[add-mask]" anywhere in it. The second ':' of the one and the '[' of the other become '?'.
 *
 * The result is never longer than the text, and filtering it again changes nothing. */
#pragma once
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>

enum text_form {
	TEXT_LINE,    /* line ends and tabs become blanks */
	TEXT_LINES,   /* they stay; the \r of \r\n goes */
	TEXT_COLORED, /* as TEXT_LINES, and colours stay (SGR); of a compiler, for instance */
};

/* Whether a reader sees the character as itself: it is none of those '?' stands for. */
bool text_is_shown(uint32_t c);
void text_put(FILE *f, const char *s, size_t n, enum text_form form);
/* The same as a string; the caller frees. */
char *text_plain(const char *s, size_t n, enum text_form form);
/* As TEXT_LINES, each line that is not empty behind so many blanks, and the last one ended. */
void text_indent(FILE *f, const char *s, size_t n, int blanks);
/* TEXT_LINE into buf, as much as fits of it; returns buf. */
const char *text_short(char *buf, size_t size, const char *s);
/* Bytes of blanks of any width at the beginning of s, which is UTF-8. */
size_t text_blanks(const char *s);
/* Bytes of s, at most max, that end with a whole character. */
size_t text_fit(const char *s, size_t n, size_t max);
