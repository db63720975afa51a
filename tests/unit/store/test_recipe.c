/* Recipes: the bytes of their lines, keys, and differences. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>
#include <cmocka.h>

#include "base/err.h"
#include "base/file.h"
#include "base/mem.h"
#include "store/hashes.h"
#include "text/name.h"
#include "store/recipe.h"

static void lines_are_facts(void **state)
{
	auto_recipe struct recipe r = { 0 };

	(void)state;
	recipe_open(&r, "snapshot", 3);
	recipe_str(&r, "topology", "1,1,1,1");
	recipe_str(&r, "none", NULL);
	recipe_str(&r, "dash", "-");
	recipe_str(&r, "empty", "");
	recipe_str(&r, "a tag", "two\nlines, back\\slash, \x01\x7f\xc3\xa9");
	recipe_u64(&r, "memory", UINT64_MAX);
	recipe_hash(&r, "tree", "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855", 7);
	assert_string_equal(recipe_text(&r),
			    "step    snapshot 3\n"
			    "str     topology 1,1,1,1\n"
			    "str     none -\n"
			    "str     dash \\x2d\n"
			    "str     empty \n"
			    "str     a\\x20tag two\\nlines, back\\\\slash, \\x01\\x7f\\xc3\\xa9\n"
			    "u64     memory 18446744073709551615\n"
			    "hash    tree e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855 7\n");
}

/* Text read while the recipe grows is always all of it, and the key is its hash. */
static void key_follows_the_text(void **state)
{
	auto_recipe struct recipe r = { 0 };
	char first[KEY_LEN + 1], second[KEY_LEN + 1], expected[KEY_LEN + 1];

	(void)state;
	recipe_open(&r, "x", 1);
	recipe_key(&r, first);
	hash_hex("step    x 1\n", 12, expected);
	assert_string_equal(first, expected);
	recipe_u64(&r, "n", 5);
	recipe_key(&r, second);
	assert_string_not_equal(first, second);
	assert_string_equal(recipe_text(&r), "step    x 1\nu64     n 5\n");
	recipe_close(&r);
	recipe_close(&r);
}

/* As `printf … | sha256sum` prints them. */
static void hash_is_sha256(void **state)
{
	static const struct {
		const char *text, *hex;
	} cases[] = {
		{ "", "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855" },
		{ "a", "ca978112ca1bbdcafac231b39a23dc4da786eff8147c4e72b9807785afee48bb" },
		{ "abc", "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad" },
	};
	char hex[KEY_LEN + 1];

	(void)state;
	for (size_t i = 0; i < countof(cases); i++) {
		hash_hex(cases[i].text, strlen(cases[i].text), hex);
		assert_string_equal(hex, cases[i].hex);
	}
}

/* As `printf … | xxhsum -H2` prints them. */
static void name_is_xxh3_128(void **state)
{
	static const struct {
		const char *text, *hex;
	} cases[] = {
		{ "", "99aa06d3014798d86001c324468d497f" },
		{ "a", "a96faf705af16834e6c632b61e964e1f" },
		{ "abc", "06b05ab6733a618578af5f94892f3950" },
	};
	char hex[NAME_LEN + 1];

	(void)state;
	for (size_t i = 0; i < countof(cases); i++) {
		name_hex(cases[i].text, strlen(cases[i].text), hex);
		assert_string_equal(hex, cases[i].hex);
	}
}

static void differences(void **state)
{
	static const struct {
		const char *before, *after, *diff;
	} cases[] = {
		{ "step    a 1\nstr     x 1\n", "step    a 1\nstr     x 1\n", "" },
		{ "step    a 1\n", "step    a 2\n", "  a: step 1 -> step 2\n" },
		{ "str     x one two\n", "str     x one\n", "  x: str one two -> str one\n" },
		{ "str     x 1\n", "", "  x: str 1 -> none\n" },
		{ "", "u64     x 1\n", "  x: none -> u64 1\n" },
		{ "str     x 1\n", "u64     x 1\n", "  x: str 1 -> u64 1\n" },
		{ "file    k e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855 1\n",
		  "file    k ca978112ca1bbdcafac231b39a23dc4da786eff8147c4e72b9807785afee48bb 1\n",
		  "  k: file e3b0c44298fc… -> file ca978112ca1b…\n" },
		{ "str     l a\nstr     l c\n", "str     l a\nstr     l b\nstr     l c\n", "  l: none -> str b\n" },
		{ "str     l a\nstr     l b\n", "str     l b\nstr     l a\n", "" },
		{ "garbage\n", "str     x 1", "  garbage:   -> none\n  x: none -> str 1\n" },
		{ " \n\n\n", "", NULL },
	};

	(void)state;
	for (size_t i = 0; i < countof(cases); i++) {
		auto_free char *diff = recipe_diff(cases[i].before, cases[i].after);

		if (cases[i].diff)
			assert_string_equal(diff, cases[i].diff);
	}
}

struct place {
	char *dir;
	struct hashes *h;
};

static int enter(void **state)
{
	struct place *p = xcalloc(1, sizeof(*p));
	struct err e;

	p->dir = tmpdir_make("test", &e);
	*state = p;
	return p->dir && hashes_open(&p->h, p->dir, "t", &e) == 0 ? 0 : -1;
}

static int leave(void **state)
{
	struct place *p = *state;
	struct err e;
	int rc = rmtree(AT_FDCWD, p->dir, &e);

	hashes_close(p->h);
	free(p->dir);
	free(p);
	return rc;
}

static void files_by_content(void **state)
{
	struct place *p = *state;
	auto_free char *path = xasprintf("%s/input", p->dir);
	auto_free char *missing = xasprintf("%s/missing", p->dir);
	auto_recipe struct recipe r = { 0 };
	struct err e = { 0 };

	assert_int_equal(file_write(AT_FDCWD, path, "abc", 3, &e), 1);
	recipe_open(&r, "x", 1);
	assert_int_equal(recipe_file(&r, "in", path, p->h, &e), 0);
	assert_string_equal(
		recipe_text(&r),
		"step    x 1\nfile    in ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad 3\n");
	assert_true(recipe_file(&r, "in", missing, p->h, &e) < 0);
	assert_int_equal(e.code, X_NO_INPUT);
	assert_non_null(strstr(e.msg, missing));
	assert_true(recipe_file(&r, "in", NULL, p->h, &e) < 0);
	assert_int_equal(e.code, X_USAGE);
	assert_true(recipe_file(&r, "in", p->dir, p->h, &e) < 0);
	assert_int_equal(e.code, X_NO_INPUT);
	assert_string_equal(
		recipe_text(&r),
		"step    x 1\nfile    in ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad 3\n");
}

/* Another content, none, and the same again. */
static void files_that_change_are_noticed(void **state)
{
	struct place *p = *state;
	auto_free char *path = xasprintf("%s/input", p->dir), *other = xasprintf("%s/other", p->dir);
	auto_recipe struct recipe r = { 0 };
	char hex[KEY_LEN + 1];
	struct err e = { 0 };

	assert_int_equal(file_write(AT_FDCWD, path, "abc", 3, &e), 1);
	assert_int_equal(file_write(AT_FDCWD, other, "def", 3, &e), 1);
	recipe_open(&r, "x", 1);
	assert_int_equal(recipe_holds(&r, p->h, &e), 0);
	assert_int_equal(recipe_file(&r, "in", path, p->h, &e), 0);
	assert_int_equal(hashes_file(p->h, AT_FDCWD, other, hex, NULL, &e), 0);
	recipe_input(&r, other, hex);
	assert_int_equal(recipe_holds(&r, p->h, &e), 0);
	assert_int_equal(file_write(AT_FDCWD, other, "deg", 3, &e), 1);
	assert_true(recipe_holds(&r, p->h, &e) < 0);
	assert_int_equal(e.code, X_NO_INPUT);
	assert_non_null(strstr(e.msg, other));
	assert_int_equal(file_write(AT_FDCWD, other, "def", 3, &e), 1);
	assert_int_equal(recipe_holds(&r, p->h, &e), 0);
	assert_int_equal(unlink(path), 0);
	assert_true(recipe_holds(&r, p->h, &e) < 0);
	assert_non_null(strstr(e.msg, path));
}

static void tools_by_their_word(void **state)
{
	struct place *p = *state;
	auto_free char *tool = xasprintf("%s/tool", p->dir);
	static const char script[] = "#!/bin/sh\ncase $1 in\n"
				     "--version) echo \"tool 1.2 $LC_ALL\"; echo more;;\n"
				     "--quiet) ;;\n"
				     "*) exit 3;;\nesac\n";
	static const struct {
		const char *arg, *line;
	} cases[] = { { "--version", "tool    t tool 1.2 C\n" }, { "--quiet", NULL }, { "--bad", NULL } };
	struct err e = { 0 };

	assert_int_equal(file_write(AT_FDCWD, tool, script, strlen(script), &e), 1);
	assert_int_equal(chmod(tool, 0755), 0);
	for (size_t i = 0; i < countof(cases); i++) {
		const char *argv[] = { tool, cases[i].arg, NULL };
		auto_recipe struct recipe r = { 0 };

		recipe_open(&r, "x", 1);
		assert_int_equal(recipe_tool(&r, "t", argv, NULL, &e), cases[i].line ? 0 : -1);
		if (cases[i].line)
			assert_string_equal(recipe_text(&r) + strlen("step    x 1\n"), cases[i].line);
		else
			assert_int_equal(e.code, X_NO_TOOL);
	}
	const char *argv[] = { "no-such-program-anywhere", "--version", NULL };
	auto_recipe struct recipe r = { 0 };
	recipe_open(&r, "x", 1);
	r.hashes = p->h;
	assert_true(recipe_tool(&r, "t", argv, NULL, &e) < 0);
	assert_int_equal(e.code, X_NO_TOOL);
}

/* An ordinary program is asked once; a script, which may ask another program, each time. */
static void answers_are_remembered(void **state)
{
	static const struct {
		const char *program;
		unsigned hits;
	} cases[] = {
		{ "cat", 2 }, { "./cat", 2 }, { "sh-script", 1 }, { "other-name", 1 }
	}; /* one is of the content */
	struct place *p = *state;
	auto_free char *cat = xasprintf("%s/cat", p->dir), *link = xasprintf("%s/other-name", p->dir);
	auto_free char *script = xasprintf("%s/sh-script", p->dir);
	struct err e = { 0 };

	assert_int_equal(file_copy(AT_FDCWD, "/bin/cat", AT_FDCWD, cat, 0755, &e), 0);
	assert_int_equal(symlink("cat", link), 0);
	assert_int_equal(file_write(AT_FDCWD, script, "#!/bin/sh\necho 1\n", 17, &e), 1);
	assert_int_equal(chmod(script, 0755), 0);
	usleep(60 * 1000); /* what changed just now is not remembered */
	for (size_t i = 0; i < countof(cases); i++) {
		auto_free char *path = xasprintf("%s/%s", p->dir, cases[i].program);
		const char *argv[] = { path, "--version", NULL };
		auto_recipe struct recipe once = { 0 }, twice = { 0 };
		unsigned before;

		recipe_open(&once, "x", 1);
		recipe_open(&twice, "x", 1);
		once.hashes = twice.hashes = p->h;
		assert_int_equal(recipe_tool(&once, "t", argv, NULL, &e), 0);
		before = hashes_hits(p->h);
		assert_int_equal(recipe_tool(&twice, "t", argv, NULL, &e), 0);
		assert_int_equal(hashes_hits(p->h) - before, cases[i].hits);
		assert_string_equal(recipe_text(&once), recipe_text(&twice));
	}
}

/* Of the same version, and another program. */
static void tools_by_their_content(void **state)
{
	static const char *const texts[] = { "#!/bin/sh\necho 1\n", "#!/bin/sh\necho 1 # built anew\n" };
	struct place *p = *state;
	auto_free char *path = xasprintf("%s/tool", p->dir);
	const char *argv[] = { path, "--version", NULL };
	char key[2][KEY_LEN + 1];

	for (size_t i = 0; i < 2; i++) {
		auto_recipe struct recipe r = { 0 };
		struct err e = { 0 };

		assert_int_equal(file_write(AT_FDCWD, path, texts[i], strlen(texts[i]), &e), 1);
		assert_int_equal(chmod(path, 0755), 0);
		recipe_open(&r, "x", 1);
		r.hashes = p->h;
		assert_int_equal(recipe_tool(&r, "t", argv, NULL, &e), 0);
		assert_non_null(strstr(recipe_text(&r), "tool    t 1\nfile    t.program "));
		recipe_key(&r, key[i]);
	}
	assert_string_not_equal(key[0], key[1]);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(lines_are_facts),
		cmocka_unit_test(key_follows_the_text),
		cmocka_unit_test(hash_is_sha256),
		cmocka_unit_test(name_is_xxh3_128),
		cmocka_unit_test(differences),
		cmocka_unit_test_setup_teardown(files_by_content, enter, leave),
		cmocka_unit_test_setup_teardown(files_that_change_are_noticed, enter, leave),
		cmocka_unit_test_setup_teardown(tools_by_their_word, enter, leave),
		cmocka_unit_test_setup_teardown(answers_are_remembered, enter, leave),
		cmocka_unit_test_setup_teardown(tools_by_their_content, enter, leave),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
