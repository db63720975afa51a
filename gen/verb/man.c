/* man: manual pages, for make install. */
#include "base/err.h"
#include "gen/complete/man.h"
#include "gen/verb/verbs.h"
#include <string.h>

enum { DEPTH = 8 };

static struct {
	const char *all;
} o;

static const struct opt opts[] = {
	{ .name = "all",
	  .type = OPT_STR,
	  .out = &o.all,
	  .arg = "DIR",
	  .help = "write the pages of all commands there" },
	{ 0 },
};

static int run(int n, const char *const *args, struct err *e)
{
	const struct verb *path[DEPTH] = { &verb_root };
	size_t depth = 1;

	if (o.all)
		return man_write(&verb_root, o.all, e) < 0 ? e->code : X_SUCCESS;
	for (int i = 0; i < n; i++) {
		const struct verb *const *sub = path[depth - 1]->sub;

		while (sub && *sub && !verb_named(*sub, args[i]))
			sub++;
		if (!sub || !*sub || depth == DEPTH)
			return err_set(e, X_USAGE, "unrecognized subcommand '%s'", args[i]), X_USAGE;
		path[depth++] = *sub;
	}
	man_page(stdout, path, depth);
	return X_SUCCESS;
}

const struct verb verb_man = {
	.name = "man",
	.args = "[COMMAND]...",
	.summary = "print the manual page of a command, in the language of man",
	.opts = opts,
	.hidden = true,
	.max_args = DEPTH,
	.run = run,
};
