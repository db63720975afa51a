/* catalogue.h: the scenarios that are built in, as texts of scenario/scenario.h. */
#pragma once
#include <stddef.h>

struct catalogue_entry {
	const char *name;
	const char *text;
	size_t n;
};

/* In the order of listings. Category and summary are attributes of the text. */
extern const struct catalogue_entry catalogue[];
extern const size_t n_catalogue;

const struct catalogue_entry *catalogue_find(const char *name, size_t n);
