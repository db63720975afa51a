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

size_t sh_word_size(const char *word)
{
	size_t n = strlen(word), quotes = 0;

	if (is_plain(word))
		return n;
	for (const char *at = word; (at = strchr(at, '\'')); at++)
		quotes++;
	return n + 3 * quotes + 2;
}

char *sh_word_put(char *at, const char *word)
{
	if (is_plain(word))
		return stpcpy(at, word);
	*at++ = '\'';
	for (; *word; word++) {
		if (*word == '\'')
			at = stpcpy(at, "'\\''");
		else
			*at++ = *word;
	}
	return stpcpy(at, "'");
}

char *sh_word(const char *word)
{
	char *text = xmalloc(sh_word_size(word) + 1);

	(void)sh_word_put(text, word);
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
