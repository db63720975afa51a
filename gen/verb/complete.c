/* complete: what the scripts of `completions` ask while somebody types. */
#include "base/err.h"
#include "gen/complete/complete.h"
#include "gen/verb/verbs.h"
#include <stdint.h>

static int run(int n, const char *const *args, struct err *e)
{
	(void)e;
	complete_words(stdout, &verb_root, args, (size_t)n);
	return X_SUCCESS;
}

const struct verb verb_complete = {
	.name = "complete",
	.args = "[-- WORDS...]",
	.summary = "words that may stand at the cursor, for completion scripts",
	.hidden = true,
	.max_args = SIZE_MAX,
	.run = run,
};
