/* template.h: the projects that `ktstr new` makes, compiled in by templates.sh from docs/examples, where they are built and run as they are.
 *
 * TEMPLATE_NAME in a path or a text stands for the project's name. */
#pragma once
#include <stddef.h>

#define TEMPLATE_NAME "scx_mine"

struct template_file {
	const char *path; /* from the project's folder on */
	const char *text;
	size_t n;
};

struct template_set {
	const char *lang;
	const struct template_file *files;
	size_t n;
};

extern const struct template_set templates[];
extern const size_t n_templates;

/* NULL: there is none. */
const struct template_set *template_find(const char *lang);
