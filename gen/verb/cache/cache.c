/* cache: the map of its verbs. */
#include "gen/verb/verbs.h"
#include <stddef.h>

static const struct verb *const subs[] = { &verb_cache_stats,  &verb_cache_gc,     &verb_cache_verify,
					   &verb_cache_export, &verb_cache_import, NULL };

const struct verb verb_cache = {
	.name = "cache",
	.args = "",
	.summary = "store and kernel cache: stats, gc, verify, export, import",
	.sub = subs,
};
