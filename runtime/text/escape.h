/* escape.h: any word as one that every sh passes on in one line: "\\" stands for a backslash, "\012" for the byte of that octal number. No
 * sh but bash can quote a line break on a line. */
#pragma once

/* Each is the caller's to free. Behind a backslash anything else stays as it is. */
char *escape_word(const char *word);
char *unescape_word(const char *word);
