#include "scenario/catalogue.h"

#include <string.h>

const struct catalogue_entry *catalogue_find(const char *name, size_t n)
{
	for (size_t i = 0; i < n_catalogue; i++) {
		if (strlen(catalogue[i].name) == n && !memcmp(catalogue[i].name, name, n))
			return &catalogue[i];
	}
	return NULL;
}
