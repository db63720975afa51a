/* test_opt.c: command lines in; options, words, exit codes and texts out. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/err.h"
#include "progress/log.h"
#include "base/mem.h"
#include "options/opt.h"

static struct {
	const char *kernel, *git, *ref;
	struct opt_list include;
	uint64_t mb;
	bool raw, json;
	int answer;
} o;

static const struct opt test_opts[] = {
	{ .name = "kernel", .type = OPT_STR, .out = &o.kernel, .arg = "ID", .help = "kernel to test on" },
	{ 0 },
};

static const struct opt build_opts[] = {
	{ .name = "git", .type = OPT_STR, .out = &o.git, .arg = "URL", .help = "repository", .needs = "ref" },
	{ .name = "ref", .type = OPT_STR, .out = &o.ref, .arg = "REF", .help = "branch", .needs = "git" },
	{ .name = "include-files",
	  .letter = 'i',
	  .type = OPT_LIST,
	  .out = &o.include,
	  .arg = "PATH",
	  .help = "a file that is copied into the guest, with a text long enough for two lines" },
	{ .name = "memory-mb", .type = OPT_U64, .out = &o.mb, .arg = "MB", .min = 128, .max = 4096, .help = "memory" },
	{ .name = "raw", .letter = 'r', .type = OPT_FLAG, .out = &o.raw, .help = "raw", .conflicts = "json git" },
	{ .name = "json", .type = OPT_FLAG, .out = &o.json, .help = "JSON" },
	{ .name = "accel",
	  .type = OPT_STR,
	  .out = &o.kernel,
	  .arg = "WHICH",
	  .choices = "auto kvm tcg",
	  .help = "how" },
	{ .name = "secret", .type = OPT_FLAG, .out = &o.json, .hidden = true },
	{ 0 },
};

/* What run() was given, in one line. */
static char *seen;

static int note(int n, const char *const *args, struct err *e)
{
	size_t len;

	free(seen);
	FILE *f = xmemstream(&seen, &len);
	if (o.kernel)
		fprintf(f, "kernel=%s ", o.kernel);
	if (o.git || o.ref)
		fprintf(f, "git=%s ref=%s ", o.git, o.ref);
	if (o.mb)
		fprintf(f, "mb=%d ", (int)o.mb);
	if (o.raw || o.json)
		fprintf(f, "%s%s ", o.raw ? "raw" : "", o.json ? "json" : "");
	for (size_t i = 0; i < o.include.n; i++)
		fprintf(f, "-i[%s] ", o.include.v[i]);
	for (int i = 0; i < n; i++)
		fprintf(f, "[%s]", args[i]);
	fclose(f);
	assert_null(args[n]);
	if (o.answer)
		err_set(e, o.answer, "said by run");
	return o.answer;
}

static const struct verb v_test = { .name = "test",
				    .args = "[ARGS]...",
				    .summary = "run the tests",
				    .opts = test_opts,
				    .trailing = true,
				    .run = note };
static const struct verb v_build = { .name = "build",
				     .args = "[VERSION]",
				     .summary = "build a kernel",
				     .about = "Builds a kernel.\n\n  as is   \n\nAnd keeps\nit.",
				     .examples = "  cargo ktstr kernel build 6.14\n",
				     .opts = build_opts,
				     .max_args = 1,
				     .run = note };
static const struct verb v_list = {
	.name = "list", .args = "DIR", .summary = "list kernels", .min_args = 1, .max_args = 1, .run = note
};
static const struct verb *const kernel_verbs[] = { &v_build, &v_list, NULL };
static const struct verb v_kernel = { .name = "kernel", .summary = "build and list kernels", .sub = kernel_verbs };
static const struct verb v_old = { .name = "build-kernel", .args = "", .summary = "old", .hidden = true, .run = note };
static size_t before;
static const struct verb v_run = {
	.name = "run", .args = "[A]... [-- B...]", .max_args = SIZE_MAX, .before = &before, .hidden = true, .run = note
};
static const struct verb *const root_verbs[] = { &v_test, &v_kernel, &v_old, &v_run, NULL };
static const struct verb root = { .name = "ktstr", .summary = "test schedulers", .sub = root_verbs };

struct outcome {
	int code;
	char *out, *err;
	struct err e;
};

static void drop_outcome(struct outcome *r)
{
	free(r->out);
	free(r->err);
	free(seen);
	free(o.include.v);
	seen = NULL;
	memset(&o, 0, sizeof(o));
}
#define auto_outcome __attribute__((unused, cleanup(drop_outcome)))

/* line: words apart by one space. */
static struct outcome call(char *line, const struct verb *top)
{
	struct outcome r = { 0 };
	const char *argv[32] = { "prog" };
	int argc = 1;
	size_t n;
	FILE *out = stdout, *err = stderr;

	for (char *w = strtok(line, " "); w && argc < 31; w = strtok(NULL, " "))
		argv[argc++] = w;
	stdout = xmemstream(&r.out, &n);
	stderr = xmemstream(&r.err, &n);
	r.code = opt_main(top, "cargo ktstr", argc, argv, &r.e);
	fclose(stdout);
	fclose(stderr);
	stdout = out;
	stderr = err;
	return r;
}

static void good(void **state)
{
	static const struct {
		const char *line, *seen;
	} cases[] = {
		/* the table of the pass-through */
		{ "test", "" },
		{ "test --kernel 6.14.2 -- -E test(a)", "kernel=6.14.2 [-E][test(a)]" },
		{ "test --workspace --kernel X", "[--workspace][--kernel][X]" },
		{ "test -- --workspace -- --nocapture", "[--workspace][--][--nocapture]" },
		{ "test foo -- bar", "[foo][--][bar]" },
		{ "test --kernel=X foo --help -h", "kernel=X [foo][--help][-h]" },
		{ "test -E x", "[-E][x]" },
		{ "test -vE x", "[-vE][x]" },
		{ "test -v -E x", "[-v][-E][x]" },
		{ "-v --color never test -E x", "[-E][x]" },
		{ "test --kernel X --color never", "kernel=X [--color][never]" },
		{ "test -V", "[-V]" },
		{ "test --kernels --kernel x", "[--kernels][--kernel][x]" },
		{ "test -", "[-]" },
		/* spellings */
		{ "kernel build -iA -i=B -i C --include-files D --include-files=E", "-i[A] -i[B] -i[C] -i[D] -i[E] " },
		{ "kernel build --memory-mb=128 --accel tcg", "kernel=tcg mb=128 " },
		{ "kernel build --memory-mb 4096 6.14", "mb=4096 [6.14]" },
		{ "kernel build 6.14 --json", "json [6.14]" },
		{ "kernel build -- --json", "[--json]" },
		{ "kernel build -rvv", "raw " },
		{ "kernel build -ri x", "raw -i[x] " },
		{ "kernel build --git u --ref r", "git=u ref=r " },
		{ "kernel build --secret", "json " },
		{ "-q --color=never kernel -- build", "" },
		{ "kernel list d -v -v", "[d]" },
		{ "build-kernel", "" },
	};

	(void)state;
	for (size_t i = 0; i < countof(cases); i++) {
		auto_free char *line = xstrdup(cases[i].line);
		auto_outcome struct outcome r = call(line, &root);

		if (r.code != 0 || !seen || strcmp(seen, cases[i].seen) != 0)
			fail_msg("%s: %d, saw %s, wanted %s\n%s", cases[i].line, r.code, seen, cases[i].seen, r.err);
		assert_string_equal(r.out, "");
		assert_string_equal(r.err, "");
	}
}

static void bad(void **state)
{
	static const struct {
		const char *line, *part, *tip;
	} cases[] = {
		{ "tset", "unrecognized subcommand 'tset'", "'test'" },
		{ "kern", "unrecognized subcommand 'kern'", "'kernel'" },
		{ "kernel biuld", "unrecognized subcommand 'biuld'", "'build'" },
		{ "kernel xyzzy", "unrecognized subcommand 'xyzzy'", NULL },
		{ "help xyzzy", "unrecognized subcommand 'xyzzy'", NULL },
		{ "kernel help build x", "unrecognized subcommand 'x'", NULL },
		{ "kernel build --jsn", "unknown option '--jsn'", "'--json'" },
		{ "kernel build --jsn=3", "unknown option '--jsn'", "'--json'" },
		{ "kernel build --inc", "unknown option '--inc'", "'--include-files'" },
		{ "kernel build --secre", "unknown option '--secre'", NULL },
		{ "kernel build -x", "unknown option '-x'", NULL },
		{ "kernel build -rx", "unknown option '-x'", NULL },
		{ "kernel --json build", "unknown option '--json'", NULL },
		{ "kernel build a b", "unexpected argument 'b'", NULL },
		{ "kernel list", "argument is missing: DIR", NULL },
		{ "kernel build --raw --raw", "'--raw' was given more than once", NULL },
		{ "kernel build --git a --git b", "'--git' was given more than once", NULL },
		{ "-q kernel build -q", "'--quiet' was given more than once", NULL },
		{ "kernel build --raw=1", "'--raw' takes no value", NULL },
		{ "kernel build --git", "'--git URL' needs a value", NULL },
		{ "kernel build --git --ref", "'--git URL' needs a value", NULL },
		{ "kernel build --git -i", "'--git URL' needs a value", NULL },
		{ "test --kernel --workspace", "'--kernel ID' needs a value", NULL },
		{ "test --kernel -- x", "'--kernel ID' needs a value", NULL },
		{ "kernel build --git u", "'--git' needs '--ref'", NULL },
		{ "kernel build --ref r", "'--ref' needs '--git'", NULL },
		{ "kernel build --raw --json", "'--raw' cannot be used together with '--json'", NULL },
		{ "kernel build --json --raw", "'--raw' cannot be used together with '--json'", NULL },
		{ "-q kernel build -v", "'--quiet' cannot be used together with '--verbose'", NULL },
		{ "kernel build --memory-mb 127", "'127' for '--memory-mb MB': a whole number from 128 to 4096", NULL },
		{ "kernel build --memory-mb 4097", "'4097'", NULL },
		{ "kernel build --memory-mb=", "''", NULL },
		{ "kernel build --memory-mb 1k", "'1k'", NULL },
		{ "kernel build --memory-mb +200", "'+200'", NULL },
		{ "kernel build --memory-mb 18446744073709551744", "'18446744073709551744'", NULL },
		{ "kernel build --accel kv", "invalid value 'kv' for '--accel WHICH': one of: auto kvm tcg", NULL },
		{ "--color=pink kernel", "invalid value 'pink'", NULL },
	};

	(void)state;
	for (size_t i = 0; i < countof(cases); i++) {
		auto_free char *line = xstrdup(cases[i].line);
		auto_outcome struct outcome r = call(line, &root);

		if (r.code != X_USAGE || seen || !strstr(r.err, cases[i].part))
			fail_msg("%s: %d\n%s", cases[i].line, r.code, r.err);
		assert_memory_equal(r.err, "error: ", 7);
		assert_non_null(strstr(r.err, "\n\nUsage: cargo ktstr"));
		const char *end = strstr(r.err, "\n\nFor more information, try '--help'.\n");
		assert_true(end && !end[strlen("\n\nFor more information, try '--help'.\n")]);
		const char *tip = strstr(r.err, "  tip: a similar ");
		assert_int_equal(tip != NULL, cases[i].tip != NULL);
		if (tip && cases[i].tip)
			assert_non_null(strstr(tip, cases[i].tip));
		assert_string_equal(r.e.msg, "");
		assert_string_equal(r.out, "");
	}
}

static void whole_error(void **state)
{
	char line[] = "kernel biuld";
	auto_outcome struct outcome r = call(line, &root);

	(void)state;
	assert_string_equal(r.err, "error: unrecognized subcommand 'biuld'\n"
				   "\n"
				   "  tip: a similar subcommand exists: 'build'\n"
				   "\n"
				   "Usage: cargo ktstr kernel [OPTIONS] COMMAND\n"
				   "\n"
				   "For more information, try '--help'.\n");
}

static const char build_short[] = "build a kernel\n"
				  "\n"
				  "Usage: cargo ktstr kernel build [OPTIONS] [VERSION]\n"
				  "\n"
				  "Options:\n"
				  "      --git URL             repository\n"
				  "      --ref REF             branch\n"
				  "  -i, --include-files PATH  a file that is copied into the guest, with a text\n"
				  "                            long enough for two lines\n"
				  "      --memory-mb MB        memory\n"
				  "  -r, --raw                 raw\n"
				  "      --json                JSON\n"
				  "      --accel WHICH         how [auto, kvm, tcg]\n"
				  "\n"
				  "Options of every command:\n";

static void help_texts(void **state)
{
	static const struct {
		const char *line, *start, *part, *absent;
	} cases[] = {
		{ "-h", "test schedulers\n\nUsage: cargo ktstr [OPTIONS] COMMAND\n\nCommands:\n",
		  "  kernel  build and list", "old" },
		{ "--help", "test schedulers\n", "  help    show", "build-kernel" },
		{ "help", "test schedulers\n", "  test    run the tests\n", NULL },
		{ "kernel -h", "build and list kernels\n", "  build  build a kernel\n", "  test" },
		{ "help kernel", "build and list kernels\n", "Usage: cargo ktstr kernel [OPTIONS] COMMAND\n", NULL },
		{ "kernel build -h", build_short, "-q, --quiet", "secret" },
		{ "kernel build --bogus -h", NULL, NULL, NULL },
		{ "kernel build -h --bogus", build_short, "-V, --version", "Examples" },
		{ "kernel build --help", "Builds a kernel.\n\n  as is   \n\nAnd keeps it.\n\nUsage: ",
		  "\n\nExamples:\n  cargo ktstr kernel build 6.14\n", "secret" },
		{ "kernel help build", "Builds a kernel.", "(may be repeated)", NULL },
		{ "help kernel build", "Builds a kernel.", "(not with --json, --git)", NULL },
		{ "test --help", "run the tests\n\nUsage: cargo ktstr test [OPTIONS] [ARGS]...\n", "--kernel ID",
		  NULL },
		{ "-V", "ktstr 0.3.2-c1\n", "", "Usage" },
		{ "kernel --version", "ktstr 0.3.2-c1\n", "", "Usage" },
	};

	(void)state;
	for (size_t i = 0; i < countof(cases); i++) {
		auto_free char *line = xstrdup(cases[i].line);
		auto_outcome struct outcome r = call(line, &root);

		assert_null(seen);
		assert_int_equal(r.code, cases[i].start ? 0 : X_USAGE);
		if (!cases[i].start)
			continue;
		assert_string_equal(r.err, "");
		if (strncmp(r.out, cases[i].start, strlen(cases[i].start)) != 0 || !strstr(r.out, cases[i].part))
			fail_msg("%s:\n%s", cases[i].line, r.out);
		if (cases[i].absent)
			assert_null(strstr(r.out, cases[i].absent));
	}
}

static void no_verb(void **state)
{
	static const char *const cases[] = { "", "kernel", "-v", "kernel -q" };

	(void)state;
	for (size_t i = 0; i < countof(cases); i++) {
		auto_free char *line = xstrdup(cases[i]);
		auto_outcome struct outcome r = call(line, &root);

		assert_int_equal(r.code, X_USAGE);
		assert_string_equal(r.out, "");
		assert_non_null(strstr(r.err, "Usage: cargo ktstr"));
		assert_string_equal(r.e.msg, "");
	}
}

/* No line is wider than the terminal, whatever its width. */
static void width(void **state)
{
	static const int widths[] = { 1, 40, 47, 60, 80, 99, 200 };

	(void)state;
	for (size_t i = 0; i < countof(widths); i++) {
		char columns[16], line[] = "kernel build --help";

		snprintf(columns, sizeof(columns), "%d", widths[i]);
		setenv("COLUMNS", columns, 1);
		auto_outcome struct outcome r = call(line, &root);
		unsetenv("COLUMNS");
		const size_t most = widths[i] < 40 ? 40 : widths[i] > 100 ? 100 : (size_t)widths[i];
		for (const char *s = strstr(r.out, "\nOptions:"); *s; s += strcspn(s, "\n") + 1)
			assert_true(strcspn(s, "\n") <= most);
	}
}

static void levels(void **state)
{
	static const struct {
		const char *line;
		enum log_level want;
		bool color;
	} cases[] = {
		{ "kernel build", LOG_NORMAL, false },      { "kernel build -q", LOG_QUIET, false },
		{ "-v kernel build", LOG_VERBOSE, false },  { "-v kernel build -v", LOG_DEBUG, false },
		{ "-vvvv kernel build", LOG_DEBUG, false }, { "--color always kernel build", LOG_NORMAL, true },
	};

	(void)state;
	for (size_t i = 0; i < countof(cases); i++) {
		auto_free char *line = xstrdup(cases[i].line);
		auto_outcome struct outcome r = call(line, &root);

		assert_int_equal(r.code, 0);
		assert_int_equal(log_level(), cases[i].want);
		if (cases[i].color)
			assert_true(log_color_on(stderr));
	}
	log_setup(LOG_NORMAL, COLOR_AUTO);
}

static void answers_of_run(void **state)
{
	static const struct {
		int answer;
		bool printed;
	} cases[] = { { X_FAIL, false }, { X_USAGE, true }, { X_NO_QEMU, false } };

	(void)state;
	for (size_t i = 0; i < countof(cases); i++) {
		char line[] = "kernel build";

		o.answer = cases[i].answer;
		auto_outcome struct outcome r = call(line, &root);
		assert_int_equal(r.code, cases[i].answer);
		assert_int_equal(strstr(r.err, "error: said by run\n\nUsage: ") != NULL, cases[i].printed);
		assert_string_equal(r.e.msg, cases[i].printed ? "" : "said by run");
	}
}

/* For a verb to which those behind "--" are others. */
static void arguments_in_front(void **state)
{
	static const struct {
		const char *argv[6];
		int argc;
		size_t before;
	} all[] = {
		{ { "ktstr", "run" }, 2, 0 },
		{ { "ktstr", "run", "a", "b" }, 4, 2 },
		{ { "ktstr", "run", "a", "--", "b", "-c" }, 6, 1 },
		{ { "ktstr", "run", "--", "b" }, 4, 0 },
		{ { "ktstr", "run", "a", "--" }, 4, 1 },
	};

	(void)state;
	for (size_t i = 0; i < countof(all); i++) {
		struct err e = { 0 };

		before = 99;
		o.answer = 0;
		assert_int_equal(opt_main(&root, "ktstr", all[i].argc, all[i].argv, &e), 0);
		assert_int_equal(before, all[i].before);
	}
}

static void leaf_as_root(void **state)
{
	char line[] = "--json x";
	auto_outcome struct outcome r = call(line, &v_build);

	(void)state;
	assert_int_equal(r.code, 0);
	assert_string_equal(seen, "json [x]");
}

static void step_programs(void **state)
{
	static const struct {
		const char *argv[8];
		int n_args;
		const char *first, *part;
	} cases[] = {
		{ { "step", "--json", "--include-files", "--raw" }, 0, NULL, NULL },
		{ { "step", "-i", "-v", "x", "--json" }, 2, "x", NULL },
		{ { "step", "--json", "--", "-x" }, 1, "-x", NULL },
		{ { "step" }, 0, NULL, NULL },
		{ { "step", "--help" }, 0, NULL, "unknown option '--help'" },
		{ { "step", "--json", "--json" }, 0, NULL, "more than once" },
		{ { "step", "--git", "x" }, 0, NULL, "needs '--ref'" },
		{ { "step", "--git" }, 0, NULL, "needs a value" },
	};

	(void)state;
	for (size_t i = 0; i < countof(cases); i++) {
		const char *const *args = NULL;
		struct err e = { 0 };
		int argc = 0, n = -1;

		while (cases[i].argv[argc])
			argc++;
		int r = opt_parse(build_opts, argc, cases[i].argv, &args, &n, &e);
		if (cases[i].part) {
			assert_int_equal(r, -1);
			assert_int_equal(e.code, X_USAGE);
			assert_non_null(strstr(e.msg, cases[i].part));
		} else {
			assert_int_equal(r, 0);
			assert_int_equal(n, cases[i].n_args);
			if (n > 0)
				assert_string_equal(args[0], cases[i].first);
		}
		free(o.include.v);
		memset(&o, 0, sizeof(o));
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(good),
		cmocka_unit_test(bad),
		cmocka_unit_test(whole_error),
		cmocka_unit_test(help_texts),
		cmocka_unit_test(no_verb),
		cmocka_unit_test(width),
		cmocka_unit_test(levels),
		cmocka_unit_test(answers_of_run),
		cmocka_unit_test(leaf_as_root),
		cmocka_unit_test(step_programs),
		cmocka_unit_test(arguments_in_front),
	};

	unsetenv("COLUMNS");
	return cmocka_run_group_tests(tests, NULL, NULL);
}
