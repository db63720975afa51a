#include "gen/project/template.h"

#include <string.h>

const struct template_set *template_find(const char *lang)
{
	for (size_t i = 0; i < n_templates; i++)
		if (!strcmp(templates[i].lang, lang))
			return &templates[i];
	return NULL;
}
