#include "gen/graph/word.h"
#include "base/mem.h"
#include <stdio.h>
#include <string.h>

/* Nothing in it means anything to a shell. */
static int is_plain(const char *s)
{
	static const char plain[] = "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789@%+=:,./-_";

	return *s && strspn(s, plain) == strlen(s);
}

char *sh_word(const char *word)
{
	char *text = NULL;
	size_t n;

	if (is_plain(word))
		return xstrdup(word);
	FILE *f = xmemstream(&text, &n);

	fputc('\'', f);
	for (; *word; word++) {
		if (*word == '\'')
			fputs("'\\''", f);
		else
			fputc(*word, f);
	}
	fputc('\'', f);
	fclose(f);
	return text;
}

const char *find_control(const char *text)
{
	for (; *text; text++) {
		if ((unsigned char)*text < ' ' || *text == 0x7f)
			return text;
	}
	return NULL;
}
