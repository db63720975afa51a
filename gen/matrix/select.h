/* select.h: which cells of a matrix a request is about. What is left out has no verdict, and runs only for cells that compare with it. */
#pragma once
#include <stdbool.h>
#include <stddef.h>
struct argv;
struct err;
struct index;
struct matrix;

struct shard {
	unsigned i, n; /* the i-th of n, from 1 on; n 0: all */
};

/* "I/N". X_USAGE. */
int shard_parse(struct shard *s, const char *text, struct err *e);
/* Whether it has the cell of that name: by a hash of the name alone, so that a cell stays where it is as others come and go. */
bool shard_has(const struct shard *s, const char *name);

/* Each leaves out what it does not mean, and says how many cells are left. */
size_t select_shard(struct matrix *m, const struct shard *s);
size_t select_text(struct matrix *m, const char *text); /* part of a name */
/* Those with these names. X_USAGE for a name that no cell has. */
int select_names(struct matrix *m, const char *const *names, size_t n, struct err *e);
/* Those whose names are in the index. */
size_t select_known(struct matrix *m, const struct index *names);
size_t select_count(const struct matrix *m);
