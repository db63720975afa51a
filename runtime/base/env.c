#include "base/env.h"

#include <errno.h>
#include <inttypes.h>
#include <stdlib.h>

#include "base/err.h"

int env_u64(const char *name, const char *what, uint64_t usual, uint64_t min, uint64_t max, uint64_t *out,
	    struct err *e)
{
	const char *text = getenv(name);
	char *end;

	if (!text || !*text) {
		*out = usual;
		return 0;
	}
	errno = 0;
	uint64_t n = strtoull(text, &end, 10);

	if (*text < '0' || *text > '9' || *end || errno || n < min || n > max)
		return err_set(e, X_USAGE,
			       "%s is \"%s\": a whole number from %" PRIu64 " to %" PRIu64 " is expected, %s", name,
			       text, min, max, what);
	*out = n;
	return 0;
}
