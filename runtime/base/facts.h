/* facts.h: small files of "key value" lines, as steps hand them on. Values end at the line's end. */
#pragma once
#include <stddef.h>
struct err;

/* Value of the first line with this key, or NULL. Caller frees. */
char *facts_get(const char *text, size_t n, const char *key);
/* From {dir}/{name}, at most 64 KiB; a file or key that is missing is an error naming both. */
int facts_file(const char *dir, const char *name, const char *key, char **value, struct err *e);
