#include "trial/asking.h"

#include <string.h>

static int read_line(const char *line, enum asking_deed *deed, const char **profile)
{
	static const char *const words[] = {
		[ASKING_ATTACH] = "?attach", [ASKING_DETACH] = "?detach",    [ASKING_RESTART] = "?restart",
		[ASKING_LATE] = "?late",     [ASKING_REPLACE] = "?replace ",
	};

	*profile = NULL;
	for (unsigned i = ASKING_ATTACH; i <= ASKING_LATE; i++) {
		size_t n = strlen(words[i]);

		*deed = (enum asking_deed)i;
		if (i == ASKING_REPLACE && !strncmp(line, words[i], n) && line[n])
			*profile = line + n;
		if (*profile || (i != ASKING_REPLACE && !strcmp(line, words[i])))
			return ASKING_LINE_DONE;
	}
	return -1;
}

int asking_take(struct asking *a, const char **data, size_t *n, enum asking_deed *deed, const char **profile)
{
	while (*n && !a->over) {
		char c = **data;

		if (!a->n && c != '?') {
			a->over = true;
			break;
		}
		(*data)++;
		--*n;
		if (c == '\n') {
			a->line[a->n] = '\0';
			a->n = 0;
			return read_line(a->line, deed, profile);
		}
		if (a->n == sizeof(a->line) - 1 || !c)
			return -1;
		a->line[a->n++] = c;
	}
	return ASKING_ALL;
}
