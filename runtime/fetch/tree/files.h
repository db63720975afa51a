/* files.h: the files of a source tree that count (srctree.h). */
#pragma once
#include "fetch/tree/statmany.h"
#include <stdbool.h>
#include <stddef.h>
struct err;
struct localgit;

struct source_files {
	struct source_file *v; /* sorted by path */
	size_t n, cap, shut;   /* shut: of them, as far as is known */
	int root;              /* open on the tree; -1: none */
	struct localgit *git;  /* NULL: the tree is no work tree */
};

/* {.root = -1} before. */
int source_files_find(struct source_files *f, const char *source, struct err *e);
void source_files_drop(struct source_files *f);
#define auto_source_files __attribute__((unused, cleanup(source_files_drop)))

/* x may not be read: it is shut then, or X_NO_INPUT where git tracks it. */
int source_shut(struct source_files *f, struct source_file *x, struct err *e);

/* Whether make, editors or tag programs leave files or folders of that name. */
bool source_product(const char *name);
