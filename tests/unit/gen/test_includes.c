/* test_includes.c: which files -i brings, and where to. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include <sys/stat.h>
#include <unistd.h>

#include "gen/verb/includes.h"
#include "scratch.h"

static char *text_of(const struct includes *l, const char *dir)
{
	size_t n, len = strlen(dir);
	char *text;
	FILE *f = xmemstream(&text, &n);

	for (size_t i = 0; i < l->n; i++) {
		assert_memory_equal(l->v[i].host, dir, len);
		fprintf(f, "%s=%s\n", l->v[i].guest, l->v[i].host + len);
	}
	fclose(f);
	return text;
}

/* In a folder of its own, which is the current one: files, a folder, links, things that are neither. */
static char *prepare(const char *scratch)
{
	char *dir = realpath(scratch, NULL);

	scratch_text(dir, "one", "1");
	scratch_text(dir, "data/b", "2");
	scratch_text(dir, "data/deep/a b", "3");
	scratch_text(dir, "bin/tool", "4");
	scratch_text(dir, "bin/plain", "5");
	assert_int_equal(chdir(dir), 0);
	assert_int_equal(chmod("bin/tool", 0755) | symlink("b", "data/link") | symlink("nowhere", "data/broken") |
				 symlink("..", "data/deep/up") | mkfifo("data/pipe", 0600) | symlink("data", "alias") |
				 mkdir("empty", 0755),
			 0);
	setenv("PATH", "/no/such/folder:bin", 1);
	return dir;
}

static void found(void **state)
{
	static const struct {
		const char *args[3], *text, *path;
	} cases[] = {
		{ { "one" }, "/include-files/one=/one\n", "" },
		{ { "./one", "tool" }, "/include-files/one=/one\n/include-files/tool=/bin/tool\n", "/include-files" },
		{ { "bin/tool" }, "/include-files/tool=/bin/tool\n", "/include-files" },
		{ { "bin" },
		  "/include-files/bin/plain=/bin/plain\n/include-files/bin/tool=/bin/tool\n",
		  "/include-files/bin" },
		{ { "empty" }, "", "" },
	};
	auto_free char *dir = prepare(*state);

	for (size_t i = 0; i < countof(cases); i++) {
		auto_includes struct includes l = { 0 };
		struct err e = { 0 };

		for (size_t k = 0; cases[i].args[k]; k++)
			assert_int_equal(includes_add(&l, cases[i].args[k], &e), 0);
		assert_int_equal(includes_settle(&l, &e), 0);
		auto_free char *text = text_of(&l, dir);
		auto_free char *path = includes_path(&l);

		assert_string_equal(text, cases[i].text);
		assert_string_equal(path, cases[i].path);
	}
}

/* Links are followed (a loop once), pipes and broken links are not files, and the name is the one that was given. */
static void folder_of_all_kinds(void **state)
{
	auto_free char *dir = prepare(*state);
	auto_includes struct includes l = { 0 };
	struct err e = { 0 };

	assert_int_equal(includes_add(&l, "alias/", &e), 0);
	assert_int_equal(includes_settle(&l, &e), 0);
	auto_free char *text = text_of(&l, dir);

	assert_string_equal(text, "/include-files/alias/b=/data/b\n"
				  "/include-files/alias/deep/a b=/data/deep/a b\n"
				  "/include-files/alias/link=/data/link\n");
}

static void refused(void **state)
{
	static const struct {
		const char *args[3];
		int code;
		const char *says;
	} cases[] = {
		{ { "missing" }, X_NO_INPUT, "-i missing: not found in filesystem or PATH" },
		{ { "plain" }, X_NO_INPUT, "not found in filesystem or PATH" },
		{ { "./tool" }, X_NO_INPUT, "--include-files path not found: ./tool" },
		{ { "data/broken" }, X_NO_INPUT, "path not found" },
		{ { "data/pipe" }, X_NO_INPUT, "neither a file nor a folder" },
		{ { "." }, X_USAGE, "has no name: ." },
		{ { ".." }, X_USAGE, "has no name: .." },
		{ { "/" }, X_USAGE, "has no name: /" },
		{ { "data/.." }, X_USAGE, "has no name: data/.." },
		{ { "new\nline" }, X_USAGE, "control character" },
		{ { "one", "one" }, X_USAGE, "duplicate include path 'include-files/one'" },
		{ { "data/b", "other/b" }, X_USAGE, "duplicate include path 'include-files/b'" },
	};
	auto_free char *dir = prepare(*state);

	scratch_text(dir, "new\nline", "");
	scratch_text(dir, "other/b", "");
	for (size_t i = 0; i < countof(cases); i++) {
		auto_includes struct includes l = { 0 };
		struct err e = { 0 };
		int r = 0;

		for (size_t k = 0; r == 0 && cases[i].args[k]; k++)
			r = includes_add(&l, cases[i].args[k], &e);
		if (r == 0)
			r = includes_settle(&l, &e);
		assert_true(r < 0);
		assert_int_equal(e.code, cases[i].code);
		if (!strstr(e.msg, cases[i].says))
			fail_msg("%s", e.msg);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = { in_scratch(found), in_scratch(folder_of_all_kinds), in_scratch(refused) };

	return cmocka_run_group_tests(tests, NULL, NULL);
}
