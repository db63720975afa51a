/* needs.h: which results others were made of, by what their recipes state.
 *
 * A recipe names the hashes of its inputs, and recipes of other results. So a result needs those that have a file of such a hash, and those
 * with such a key. Of two results with equal files both are named: either may be the one. */
#pragma once
#include "store/digest.h"
#include <stdbool.h>
#include <stddef.h>
struct err;
struct store;

struct needs; /* of a store, as it was when it was looked at */

/* Reads all recipes and lists of contents. *n is to be freed in any case. */
int needs_open(struct needs **n, struct store *st, struct err *e);
/* Results whose key begins so. *key: of the first. */
size_t needs_find(const struct needs *n, const char *prefix, const char **key);
/* Marks that result, and with deep what it needs, and what that needs. false: there is none of that key. */
bool needs_mark(struct needs *n, const char *key, bool deep);
/* Whether what is marked states a file of that hash as an input. */
bool needs_states(const struct needs *n, const char *hex);
/* Keys of all that is marked, in order; *count of them. Caller frees. */
char (*needs_marked(const struct needs *n, size_t *count))[KEY_LEN + 1];
void needs_free(struct needs *n); /* NULL too */
