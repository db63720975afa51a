#include "gen/complete/word.h"
#include <string.h>

void complete_word(FILE *f, const char *before, const char *word, const char *typed, const char *help)
{
	if (strncmp(word, typed, strlen(typed)) != 0)
		return;
	fprintf(f, "%s%s", before, word);
	if (help && *help) {
		size_t n = strcspn(help, ";([");

		while (n && help[n - 1] == ' ')
			n--;
		fprintf(f, "\t%.*s", (int)n, help);
	}
	fputc('\n', f);
}
