#include "gen/complete/word.h"
#include "text/text.h"
#include <stdbool.h>
#include <string.h>

/* It goes into somebody's command line, and not every shell's script quotes it. */
static bool is_plain(const char *word)
{
	static const char plain[] = "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789._/-@+=:,";

	return *word && !strchr("@+=:,", *word) && strspn(word, plain) == strlen(word);
}

/* Up to what would be another line, or is not for one. */
static size_t help_len(const char *help)
{
	size_t n = 0;

	while ((unsigned char)help[n] >= ' ' && help[n] != 0x7f && !strchr(";([", help[n]))
		n++;
	while (n && help[n - 1] == ' ')
		n--;
	return n;
}

void complete_word(FILE *f, const char *before, const char *word, const char *typed, const char *help)
{
	if (strncmp(word, typed, strlen(typed)) != 0 || !is_plain(word))
		return;
	fprintf(f, "%s%s", before, word);
	if (help && *help) {
		fputc('\t', f);
		text_put(f, help, help_len(help), TEXT_LINE);
	}
	fputc('\n', f);
}
