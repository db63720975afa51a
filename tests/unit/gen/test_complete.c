/* What may stand at the cursor, from tables of options and verbs. */
#include <setjmp.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "base/mem.h"
#include "options/opt.h"
#include "gen/complete/complete.h"
#include "gen/complete/word.h"

static struct {
	const char *accel, *topology, *file, *other;
	struct opt_list list;
	bool raw;
	bool secret;
} o;

static const struct opt opts[] = {
	{ .name = "accel",
	  .letter = 'a',
	  .type = OPT_STR,
	  .out = &o.accel,
	  .arg = "W",
	  .choices = "auto kvm",
	  .help = "x" },
	{ .name = "topology", .type = OPT_STR, .out = &o.topology, .arg = "T", .help = "shape; and more" },
	{ .name = "file", .letter = 'f', .type = OPT_LIST, .out = &o.list, .arg = "PATH", .help = "a file (some)" },
	{ .name = "other", .type = OPT_STR, .out = &o.other, .arg = "X", .help = "anything" },
	{ .name = "raw", .letter = 'r', .type = OPT_FLAG, .out = &o.raw, .help = "raw" },
	{ .name = "secret", .type = OPT_FLAG, .out = &o.secret, .help = "raw", .hidden = true },
	{ 0 },
};

static const struct verb v_run = { .name = "run", .args = "[FILE]...", .summary = "run", .opts = opts, .max_args = 1 };
static const struct verb v_pass = {
	.name = "pass", .args = "[ARGS]...", .summary = "pass", .opts = opts, .trailing = true, .max_args = SIZE_MAX
};
static const struct verb v_one = {
	.name = "one", .args = "SHELL", .summary = "one", .arg_choices = "bash zsh", .min_args = 1, .max_args = 1
};
static const struct verb v_old = { .name = "old", .summary = "old", .hidden = true };
static const struct verb *const below[] = { &v_run, &v_one, NULL };
static const struct verb v_deep = { .name = "deep", .summary = "deep", .sub = below };
static const struct verb *const top[] = { &v_run, &v_pass, &v_deep, &v_old, NULL };
static const struct verb root = { .name = "ktstr", .summary = "all", .sub = top };

/* line: words apart by a blank; one at its end is an empty word at the cursor. The words found, apart by blanks. */
static char *words_at(const char *line)
{
	auto_free char *copy = xstrdup(line);
	const char *words[16];
	size_t n = 0, size;
	char *text = NULL;
	FILE *f = xmemstream(&text, &size);

	for (char *s = copy; s && n < countof(words);) {
		char *blank = strchr(s, ' ');

		if (blank)
			*blank = '\0';
		words[n++] = s;
		s = blank ? blank + 1 : NULL;
	}
	complete_words(f, &root, words, n);
	fclose(f);
	auto_free char *out = NULL;
	FILE *g = xmemstream(&out, &size);
	char *save = NULL;

	for (char *l = strtok_r(text, "\n", &save); l; l = strtok_r(NULL, "\n", &save))
		fprintf(g, "%s%.*s", ftell(g) ? " " : "", (int)strcspn(l, "\t"), l);
	fclose(g);
	free(text);
	return TAKE(out);
}

static void places(void **state)
{
	static const struct {
		const char *line, *found;
	} cases[] = {
		{ "", "run pass deep help" },
		{ "ktstr ", "run pass deep help" },
		{ "d", "deep" },
		{ "deep ", "run one help" },
		{ "help ", "run pass deep" },
		{ "help deep ", "run one" },
		{ "nonsense ", "" },
		{ "old ", "" },
		{ "run --", "--accel --topology --file --other --raw --quiet --verbose --color --version --help" },
		{ "--q", "--quiet" },
		{ "run --ac", "--accel" },
		{ "run --accel ", "auto kvm" },
		{ "run --accel k", "kvm" },
		{ "run --accel=", "--accel=auto --accel=kvm" },
		{ "run --accel=k", "--accel=kvm" },
		{ "run -a ", "auto kvm" },
		{ "run -ra k", "kvm" },
		{ "run -akvm ", "=files" },
		{ "run --accel kvm ", "=files" },
		{ "run -f ", "=files" },
		{ "run --file=", "=files" },
		{ "run --other ", "" },
		{ "run --nonsense=", "" },
		{ "run x ", "" },
		{ "run -- --", "=files" },
		{ "run --topology tiny-1", "tiny-1llc" },
		{ "--color ", "auto always never" },
		{ "deep one ", "bash zsh" },
		{ "deep one z", "zsh" },
		{ "deep one bash ", "" },
		/* What is handed on is not ours to complete. */
		{ "pass --", "--accel --topology --file --other --raw --help" },
		{ "pass -v --", "=files" },
		{ "pass x --", "=files" },
		{ "pass --nonsense --", "=files" },
		{ "pass --accel k", "kvm" },
	};

	(void)state;
	for (size_t i = 0; i < countof(cases); i++) {
		auto_free char *found = words_at(cases[i].line);

		if (strcmp(found, cases[i].found) != 0)
			fail_msg("'%s': found '%s', wanted '%s'", cases[i].line, found, cases[i].found);
	}
}

static void descriptions(void **state)
{
	const char *const words[] = { "run", "--" };
	auto_free char *text = NULL;
	size_t n;
	FILE *f = xmemstream(&text, &n);

	(void)state;
	complete_words(f, &root, words, 2);
	fclose(f);
	assert_non_null(strstr(text, "--topology\tshape\n"));
	assert_non_null(strstr(text, "--file\ta file\n"));
}

/* What goes to a shell is a word to every shell, and one line. */
static void harmless(void **state)
{
	static const struct {
		const char *word, *help, *line;
	} cases[] = {
		{ "6.12.117-tarball-x86_64-kc0", "a kernel", "6.12.117-tarball-x86_64-kc0\ta kernel\n" },
		{ "a+b,c=d@e:f/g", NULL, "a+b,c=d@e:f/g\n" },
		{ "x$(touch y)", "", "" },
		{ "`x`", "", "" },
		{ "a b", "", "" },
		{ "a;b", "", "" },
		{ "a\nb", "", "" },
		{ "", "", "" },
		{ "=files", "", "" },
		{ "@x", "", "" },
		{ "%1", "", "" },
		{ "ok", "one\nx$(y)", "ok\tone\n" },
		{ "ok", "one \033[31m", "ok\tone\n" },
		{ "ok", "6.1, built \302\23331m\u202e", "ok\t6.1, built ?\n" },
	};

	(void)state;
	for (size_t i = 0; i < countof(cases); i++) {
		auto_free char *text = NULL;
		size_t n;
		FILE *f = xmemstream(&text, &n);

		complete_word(f, "", cases[i].word, "", cases[i].help);
		fclose(f);
		assert_string_equal(text, cases[i].line);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = { cmocka_unit_test(places), cmocka_unit_test(harmless),
					    cmocka_unit_test(descriptions) };

	return cmocka_run_group_tests(tests, NULL, NULL);
}
