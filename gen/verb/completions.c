/* completions: a script for a shell. It asks the hidden verb `complete` at each key, so it never grows old. The scripts lie
 * in gen/complete/scripts/, with marks for the name of the command: @NAME@, @ID@ (as a word of the shell); @CARGO@ and @CARGOID@ are
 * "cargo", or what the user calls it, when "ktstr" is its first word. */
#include "base/err.h"
#include "base/file.h"
#include "base/mem.h"
#include "gen/base/home.h"
#include "gen/verb/verbs.h"
#include <errno.h>

enum { SCRIPT_MAX = 1 << 20 };

static struct {
	const char *binary;
} o;

static const struct opt opts[] = {
	{ .name = "binary",
	  .type = OPT_STR,
	  .out = &o.binary,
	  .arg = "NAME",
	  .help = "command to complete: for cargo ktstr what you call cargo, else what you call ktstr" },
	{ 0 },
};

/* It becomes part of a script. */
static int check_name(const char *name, struct err *e)
{
	const char *good = "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789._+-";

	if (*name && *name != '-' && strspn(name, good) == strlen(name))
		return 0;
	return err_set(e, X_USAGE, "--binary '%s': give the name of a command, without a folder", name);
}

struct mark {
	const char *mark, *text;
};

static void put_script(const char *text, const struct mark *marks, size_t n)
{
	while (*text) {
		size_t i = 0;

		while (i < n && strncmp(text, marks[i].mark, strlen(marks[i].mark)) != 0)
			i++;
		if (i == n) {
			putchar(*text++);
			continue;
		}
		fputs(marks[i].text, stdout);
		text += strlen(marks[i].mark);
	}
}

/* Words of functions have no dots and dashes in some shells. */
static char *identifier(const char *name)
{
	char *id = xstrdup(name);

	for (char *c = id; *c; c++) {
		if (strchr(".+-", *c))
			*c = '_';
	}
	return id;
}

/* command.SHELL completes the program NAME; cargo.SHELL, where there is one, adds what makes it known to cargo's completion. */
static int put_file(const char *kind, const char *shell, const struct mark *marks, size_t n, struct err *e)
{
	auto_free char *folder = home_scripts(e);
	auto_free char *path = folder ? xasprintf("%s/%s.%s", folder, kind, shell) : NULL;
	auto_free char *text = NULL;
	size_t size;

	if (!path)
		return -1;
	if (!strcmp(kind, "cargo") && !file_exists(path))
		return 0;
	if (file_read(AT_FDCWD, path, SCRIPT_MAX, &text, &size, e) < 0)
		return -1;
	put_script(text, marks, n);
	return 0;
}

static int run(int n, const char *const *args, struct err *e)
{
	bool plugin = !strcmp(program_invocation_short_name, "cargo-ktstr");
	const char *wanted = o.binary ? o.binary : plugin ? "cargo" : "ktstr";
	/* cargo ktstr completions --binary NAME: a wrapper or an alias of cargo. */
	bool cargo = !strcmp(wanted, "cargo") ||
		     (plugin && strcmp(wanted, "ktstr") != 0 && strcmp(wanted, "cargo-ktstr") != 0);
	const char *name = cargo ? "cargo-ktstr" : wanted;
	auto_free char *id = identifier(name), *cargo_id = identifier(wanted);
	const struct mark marks[] = {
		{ "@NAME@", name }, { "@ID@", id }, { "@CARGO@", cargo ? wanted : "" }, { "@CARGOID@", cargo_id }
	};

	(void)n;
	if (check_name(wanted, e) < 0 || put_file("command", args[0], marks, countof(marks), e) < 0 ||
	    (cargo && put_file("cargo", args[0], marks, countof(marks), e) < 0))
		return e->code;
	return X_SUCCESS;
}

const struct verb verb_completions = {
	.name = "completions",
	.args = "SHELL",
	.summary = "print a completion script for a shell",
	.about =
		"Prints a script for bash, elvish, fish, powershell or zsh on stdout. It completes verbs, options, their values,\n"
		"files, kernels in the cache and names of topologies, by asking the program itself.",
	.examples = "  cargo ktstr completions bash >> ~/.local/share/bash-completion/completions/cargo\n"
		    "  cargo ktstr completions zsh > ~/.zfunc/_cargo-ktstr\n"
		    "  cargo ktstr completions fish > ~/.config/fish/conf.d/cargo-ktstr.fish\n"
		    "  ktstr completions bash > ~/.local/share/bash-completion/completions/ktstr\n",
	.opts = opts,
	.min_args = 1,
	.max_args = 1,
	.arg_choices = "bash elvish fish powershell zsh",
	.run = run,
};
