#include "text/escape.h"

#include <stdbool.h>
#include <stdio.h>
#include <string.h>

#include "base/mem.h"

char *escape_word(const char *word)
{
	char *text = xmalloc(4 * strlen(word) + 1), *at = text;

	for (; *word; word++) {
		if (*word == '\\')
			at = stpcpy(at, "\\\\");
		else if ((unsigned char)*word < ' ' || *word == 0x7f)
			at += sprintf(at, "\\%03o", (unsigned char)*word);
		else
			*at++ = *word;
	}
	*at = '\0';
	return text;
}

static bool is_octal(const char *s)
{
	return s[0] >= '0' && s[0] <= '3' && s[1] >= '0' && s[1] <= '7' && s[2] >= '0' && s[2] <= '7';
}

char *unescape_word(const char *word)
{
	char *out = xstrdup(word), *to = out;

	while (*word) {
		if (word[0] == '\\' && word[1] == '\\') {
			*to++ = '\\';
			word += 2;
		} else if (word[0] == '\\' && is_octal(word + 1)) {
			*to++ = (char)((word[1] - '0') << 6 | (word[2] - '0') << 3 | (word[3] - '0'));
			word += 4;
		} else {
			*to++ = *word++;
		}
	}
	*to = 0;
	return out;
}
