/* man.h: manual pages, from the tables of opt.h. */
#pragma once
#include <stddef.h>
#include <stdio.h>
struct err;
struct verb;

/* The page of path[depth - 1], in man(7)'s language. path[0] is the root. */
void man_page(FILE *f, const struct verb *const *path, size_t depth);
/* "ktstr-kernel-build": what the page is called; caller frees. */
char *man_name(const struct verb *const *path, size_t depth);
/* All pages of what is not hidden, as NAME.1 in dir, and cargo-ktstr.1, which is another name of ktstr.1. */
int man_write(const struct verb *root, const char *dir, struct err *e);
