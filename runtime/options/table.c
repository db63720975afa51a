#include "options/table.h"
#include <string.h>

bool opt_word_in(const char *list, const char *word, size_t n)
{
	for (const char *s = list; s && *s; s += strspn(s, " ")) {
		size_t len = strcspn(s, " ");

		if (len == n && n > 0 && !memcmp(s, word, n))
			return true;
		s += len;
	}
	return false;
}

bool opt_named(const struct opt *o, const char *name, size_t n)
{
	return (strlen(o->name) == n && !memcmp(o->name, name, n)) || opt_word_in(o->alias, name, n);
}

bool verb_named(const struct verb *v, const char *name)
{
	return !strcmp(v->name, name) || (v->alias && !strcmp(v->alias, name));
}
