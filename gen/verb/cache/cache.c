/* cache: the map of its verbs. */
#include "gen/verb/verbs.h"
#include <stddef.h>

static const struct verb *const subs[] = { &verb_cache_stats, &verb_cache_gc, &verb_cache_verify, NULL };

const struct verb verb_cache = {
	.name = "cache",
	.args = "",
	.summary = "manage the store and the kernel cache: stats, gc, verify",
	.sub = subs,
};
