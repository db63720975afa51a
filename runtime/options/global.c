#include "options/global.h"

struct opt_globals opt_globals;

const struct opt opt_global[] = {
	{ .name = "quiet",
	  .letter = 'q',
	  .type = OPT_FLAG,
	  .out = &opt_globals.quiet,
	  .conflicts = "verbose",
	  .help = "print only errors and results" },
	{ .name = "verbose",
	  .letter = 'v',
	  .type = OPT_COUNT,
	  .out = &opt_globals.verbose,
	  .help = "say more; given twice, also print the commands that are run" },
	{ .name = "color",
	  .type = OPT_STR,
	  .out = &opt_globals.color,
	  .arg = "WHEN",
	  .choices = "auto always never",
	  .help = "colours in messages" },
	{ .name = "version",
	  .letter = 'V',
	  .type = OPT_FLAG,
	  .out = &opt_globals.version,
	  .help = "print the version" },
	{ .name = "help",
	  .letter = 'h',
	  .type = OPT_FLAG,
	  .out = &opt_globals.help,
	  .help = "print help; --help prints all of it" },
	{ 0 },
};
