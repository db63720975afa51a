#include "gen/replay/words.h"

#include <stdbool.h>
#include <stdlib.h>
#include <string.h>

#include "base/mem.h"
#include "text/argv.h"

/* One word from *at on, without its quotes; NULL: it is none. Caller frees. */
static char *take_word(const char **at)
{
	auto_free char *word = xcalloc(strlen(*at) + 1, 1);
	bool quoted = false;
	size_t n = 0;

	for (; **at && (quoted || **at != ' '); ++*at) {
		if (**at == '\'')
			quoted = !quoted;
		else if (!quoted && **at == '\\' && (*at)[1] == '\'')
			word[n++] = *++*at;
		else if (!quoted && strchr("\\\"$`;&|<>()*?[]#~\n\t", **at))
			return NULL;
		else
			word[n++] = **at;
	}
	return quoted ? NULL : TAKE(word);
}

bool words_unquote(struct argv *a, const char *line)
{
	while (*line) {
		auto_free char *word = NULL;

		if (*line == ' ') {
			line++;
			continue;
		}
		if (!(word = take_word(&line)))
			return false;
		argv_add(a, word);
	}
	return true;
}
