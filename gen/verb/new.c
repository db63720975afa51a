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
	  .choices = "c rust rust-tests file",
	  .help = "what the tests are written in; c unless given" },
	{ 0 },
};

#define TESTS "a test that passes, and one that fails. "

static const struct next {
	const char *lang;
	bool scheduler; /* there is one, too */
	const char *made;
	const char *command; /* what builds it there, if need be, and runs its tests */
} next[] = {
	{ "c", true, TESTS "Next:\n", "make test" },
	{ "rust", true, TESTS "Next:\n", "cargo build && cargo nextest run --no-fail-fast" },
	{ "rust-tests", false,
	  TESTS "Cargo.toml needs\n\n"
		"  [[test]]\n"
		"  name = \"sched\"\n"
		"  harness = false\n\n"
		"and build.rs what ktstr/link.rs begins with. Next:\n",
	  "cargo nextest run --no-fail-fast" },
	{ "file", false, TESTS "Next:\n", "ktstr run *.ktstr" },
};

static const struct next *next_of(const char *lang)
{
	const struct next *found = next;

	for (size_t i = 0; i < countof(next); i++)
		if (!strcmp(next[i].lang, lang))
			found = &next[i];
	return found;
}

static int new_run(int n, const char *const *args, struct err *e)
{
	const char *dir = args[0], *lang = o.lang ? o.lang : "c";
	const struct next *then = next_of(lang);
	auto_free char *name = project_name(dir, e), *quoted = shell_quote(dir);

	(void)n;
	if (!name || project_make(dir, name, template_find(lang), e) < 0)
		return e->code;
	if (then->scheduler)
		printf("%s: a scheduler, ", name);
	fputs(then->made, stdout);
	printf("  cd %s%s && %s\n", *dir == '-' ? "./" : "", quoted, then->command);
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
		"  c           a scheduler in C, tests in C; a Makefile and a meson.build\n"
		"  rust        a package with a scheduler in Rust, tests in Rust, for nextest\n"
		"  rust-tests  tests alone, for a package that has a scheduler: DIR is its folder `tests`\n"
		"  file        tests alone, as files for `ktstr run`; they need no compiler",
	.examples =
		"  ktstr new scx_mine\n  ktstr new scx_mine --lang rust\n  ktstr new scx_bpfland/tests --lang rust-tests\n  ktstr new mine --lang file\n",
	.opts = opts,
	.min_args = 1,
	.max_args = 1,
	.run = new_run,
};
