/* Names of cache entries. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include "base/err.h"
#include "base/mem.h"
#include "kernel/cache/entry.h"
#include "kernel/name/key.h"

#define COMMIT "38fec10eb60d687e30c8c6b5420d86e8149f7557"
#define TREE "60d50e0762a5ef0000000000000000ff"

static const struct kernel_build_how plain = { .arch = "x86_64", .kc = "0d970072" };

static void same(char *key, const char *want)
{
	struct err e;

	assert_string_equal(key, want);
	assert_int_equal(kernel_key_check(key, &e), 0);
	free(key);
}

static void sources(void **state)
{
	(void)state;
	same(key_tarball("6.14.2", &plain), "6.14.2-tarball-x86_64-kc0d970072-f1");
	same(key_tarball("6.15-rc3", &plain), "6.15-rc3-tarball-x86_64-kc0d970072-f1");
	same(key_git("v6.14", COMMIT, &plain), "v6.14-git-38fec10-x86_64-kc0d970072-f1");
	same(key_local(COMMIT, "6.14.2", TREE, &plain), "local-38fec10-x86_64-kc0d970072-f1");
	same(key_local(NULL, "6.14.2", TREE, &plain), "local-6.14.2-60d50e07-x86_64-kc0d970072-f1");
}

static void ways(void **state)
{
	static const struct {
		struct kernel_build_how how;
		const char *key;
	} cases[] = {
		{ { "aarch64", "0d970072", NULL, NULL }, "6.14-tarball-aarch64-kc0d970072-f1" },
		{ { "x86_64", "0d970072", "0000feed", NULL }, "6.14-tarball-x86_64-kc0d970072-x0000feed-f1" },
		{ { "x86_64", "0d970072", NULL, "-16" }, "6.14-tarball-x86_64-kc0d970072-llvm-f1" },
		{ { "x86_64", "0d970072", "0000feed", "1" }, "6.14-tarball-x86_64-kc0d970072-x0000feed-llvm-f1" },
	};

	(void)state;
	for (size_t i = 0; i < countof(cases); i++)
		same(key_tarball("6.14", &cases[i].how), cases[i].key);
}

/* Refs and Makefiles are other people's words. */
static void words(void **state)
{
	static const struct {
		const char *ref, *word;
	} cases[] = {
		{ "feature/x", "feature-x" },
		{ "refs/tags/v6.14", "refs-tags-v6.14" },
		{ "a..b", "a.-b" },
		{ ".tmp-x", "-tmp-x" },
		{ "back\\slash and\tspace", "back-slash-and-space" },
		{ "k\xc3\xa4se", "k--se" },
		{ "", "" },
	};
	char longer[400];

	(void)state;
	for (size_t i = 0; i < countof(cases); i++) {
		auto_free char *want = xasprintf("%s-git-38fec10-x86_64-kc0d970072-f1", cases[i].word);

		same(key_git(cases[i].ref, COMMIT, &plain), want);
	}
	memset(longer, 'x', sizeof(longer) - 1);
	longer[sizeof(longer) - 1] = '\0';
	auto_free char *key = key_git(longer, COMMIT, &plain);

	assert_true(strlen(key) < 200);
}

int main(void)
{
	const struct CMUnitTest tests[] = { cmocka_unit_test(sources), cmocka_unit_test(ways),
					    cmocka_unit_test(words) };

	return cmocka_run_group_tests(tests, NULL, NULL);
}
