/* words.h: a command that argv_quote() wrote, as words again. */
#pragma once
#include <stdbool.h>
struct argv;

/* False: a shell would make more of it than words. a is to be freed in either case. */
bool words_unquote(struct argv *a, const char *line);
