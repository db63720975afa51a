/* kernel: the map of its verbs. */
#include "gen/verb/verbs.h"
#include <stddef.h>

static const struct verb *const subs[] = {
	&verb_kernel_list, &verb_kernel_build, &verb_kernel_import, &verb_kernel_clean, NULL,
};

const struct verb verb_kernel = {
	.name = "kernel",
	.args = "",
	.summary = "manage the kernels to test on: list, build, import, clean",
	.sub = subs,
};
