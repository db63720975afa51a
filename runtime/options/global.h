/* global.h: the options of every verb. */
#pragma once
#include "options/table.h"
#include <stdbool.h>

/* Options every verb has, given before or after it (-q, -v, --color, …). opt_main() hands them to log_setup(). */
extern const struct opt opt_global[];

/* What was given of them. */
struct opt_globals {
	bool quiet, version, help;
	int verbose;
	const char *color;
};
extern struct opt_globals opt_globals;
