#include "gen/graph/word.h"
#include "base/mem.h"
#include <stdbool.h>
#include <string.h>

/* Nothing in it means anything to a shell. */
static bool is_plain(const char *s)
{
	static const char plain[] = "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789@%+=:,./-_";

	return *s && strspn(s, plain) == strlen(s);
}

char *sh_word(const char *word)
{
	if (is_plain(word))
		return xstrdup(word);
	char *text = xmalloc(4 * strlen(word) + 3), *at = text;

	*at++ = '\'';
	for (; *word; word++) {
		if (*word == '\'')
			at = stpcpy(at, "'\\''");
		else
			*at++ = *word;
	}
	strcpy(at, "'");
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
