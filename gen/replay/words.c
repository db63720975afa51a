#include "gen/replay/words.h"

#include <stdbool.h>
#include <stdlib.h>
#include <string.h>

#include "base/mem.h"
#include "text/argv.h"

/* What stands behind a backslash in $'…'; 0: nothing that argv_quote() writes there. */
static char take_escape(const char **at)
{
	const char *p = *at;

	*at += 1;
	switch (*p) {
	case 'n':
		return '\n';
	case 't':
		return '\t';
	case '\'':
	case '\\':
		return *p;
	default:
		break;
	}
	if (p[0] < '0' || p[0] > '1' || p[1] < '0' || p[1] > '7' || p[2] < '0' || p[2] > '7')
		return 0;
	*at += 2;
	return (char)((p[0] - '0') * 64 + (p[1] - '0') * 8 + (p[2] - '0'));
}

/* From the character behind "$'" to the one behind the end; false: there is none. */
static bool take_control(const char **at, char *word, size_t *n)
{
	while (**at && **at != '\'') {
		char c = *(*at)++;

		if (c == '\\' && !(c = take_escape(at)))
			return false;
		word[(*n)++] = c;
	}
	return *(*at)++ == '\'';
}

/* One word from *at on, without its quotes; NULL: it is none. Caller frees. */
static char *take_word(const char **at)
{
	auto_free char *word = xcalloc(strlen(*at) + 1, 1);
	bool quoted = false;
	size_t n = 0;

	while (**at && (quoted || **at != ' ')) {
		if (!quoted && !strncmp(*at, "$'", 2)) {
			*at += 2;
			if (!take_control(at, word, &n))
				return NULL;
			continue;
		}
		if (**at == '\'')
			quoted = !quoted;
		else if (!quoted && **at == '\\' && (*at)[1] == '\'')
			word[n++] = *++*at;
		else if (!quoted && strchr("\\\"$`;&|<>()*?[]#~\n\t", **at))
			return NULL;
		else
			word[n++] = **at;
		++*at;
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
