/* nearest.h: "did you mean" for kernel ids. */
#pragma once
#include <stddef.h>
struct kernel_list;
struct kernel_word;

/* What of the cache the user may have meant, at most three, closest first, as "a, b, c"; NULL when nothing is near. Of
 * a version, its own series comes first, and then the series beside it. What only its key can name is named by it. Caller frees. */
char *nearest_matches(const struct kernel_list *l, const struct kernel_word *w, const char *machine);
/* The versions that are there, newest entries first, a few of them; NULL: none. Caller frees. */
char *nearest_versions(const struct kernel_list *l, const char *machine);
