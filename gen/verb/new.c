/* new: a project to begin with. */
#include "base/err.h"
#include "base/mem.h"
#include "gen/project/project.h"
#include "gen/verb/verbs.h"
#include "text/argv.h"
#include <stdio.h>
#include <string.h>

static struct {
	const char *lang;
} o;

static const struct opt opts[] = {
	{ .name = "lang",
	  .type = OPT_STR,
	  .out = &o.lang,
	  .arg = "LANG",
	  .choices = "c rust file",
	  .help = "what the tests are written in; c unless given" },
	{ 0 },
};

/* What builds a project of that language, if need be, and runs its tests. */
static const struct {
	const char *lang, *command;
} next[] = {
	{ "c", "make test" },
	{ "rust", "cargo build && cargo nextest run --no-fail-fast" },
	{ "file", "ktstr run *.ktstr" },
};

static const char *next_of(const char *lang)
{
	for (size_t i = 0; i < countof(next); i++)
		if (!strcmp(next[i].lang, lang))
			return next[i].command;
	return "ls";
}

static int new_run(int n, const char *const *args, struct err *e)
{
	const char *dir = args[0], *lang = o.lang ? o.lang : "c";
	auto_free char *name = project_name(dir, e), *quoted = shell_quote(dir);

	(void)n;
	if (!name || project_make(dir, name, template_find(lang), e) < 0)
		return e->code;
	if (strcmp(lang, "file") != 0)
		printf("%s: a scheduler, a test that passes, and one that fails. Next:\n", name);
	else
		printf("a test that passes, and one that fails. Next:\n");
	printf("  cd %s%s && %s\n", *dir == '-' ? "./" : "", quoted, next_of(lang));
	return X_SUCCESS;
}

const struct verb verb_new = {
	.name = "new",
	.args = "DIR",
	.summary = "make a small scheduler with tests, to begin with",
	.about =
		"Makes a folder with a scheduler and its tests, ready to run, and prints the command that runs them. What is there already is not\n"
		"touched: DIR must not exist, or be an empty folder. The scheduler gets the folder's name, with `scx_` in front.\n"
		"\n"
		"  c     a scheduler in C, tests in C; a Makefile and a meson.build\n"
		"  rust  a package with a scheduler in Rust, tests in Rust, for nextest\n"
		"  file  tests alone, as files for `ktstr run`; they need no compiler",
	.examples = "  ktstr new scx_mine\n  ktstr new scx_mine --lang rust\n  ktstr new mine --lang file\n",
	.opts = opts,
	.min_args = 1,
	.max_args = 1,
	.run = new_run,
};
