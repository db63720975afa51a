/* test_word.c: the word that names a kernel. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "base/err.h"
#include "base/mem.h"
#include "kernel/name/word.h"

static const struct {
	const char *text;
	enum kernel_word_kind kind;
} words[] = {
	{ "../linux", KWORD_PATH },
	{ "/boot/vmlinuz", KWORD_PATH },
	{ "~/linux", KWORD_PATH },
	{ ".", KWORD_PATH },
	{ "../a..b", KWORD_PATH },
	{ "./running", KWORD_PATH },
	{ "..6.12", KWORD_PATH },
	{ "6.12/6.13", KWORD_PATH },
	{ "6.14", KWORD_SERIES },
	{ "6.0", KWORD_SERIES },
	{ "6.14.2", KWORD_RELEASE },
	{ "6.15-rc3", KWORD_RELEASE },
	{ "6.14.2-rc1", KWORD_RELEASE },
	{ "6.14.0", KWORD_RELEASE },
	{ "6", KWORD_MAJOR },
	{ "999999", KWORD_MAJOR },
	{ "6.12..6.16", KWORD_RANGE },
	{ "6.12..6.12", KWORD_RANGE },
	{ "running", KWORD_RUNNING },
	{ "git+https://example.org/linux.git#tag=v6.14", KWORD_GIT },
	{ "git+./linux#branch=for-next", KWORD_GIT },
	{ "git", KWORD_NAME },
	{ "running-6.12", KWORD_NAME },
	{ "Running", KWORD_NAME },
	{ "v6.14", KWORD_NAME },
	{ "1.2.3.4", KWORD_NAME },
	{ "6.14-rc", KWORD_NAME },
	{ "6.14-rc0", KWORD_NAME },
	{ "linux", KWORD_NAME },
	{ "6.14.", KWORD_NAME },
	{ "6.14.2-tarball-x86_64", KWORD_NAME },
	{ "6.1234567", KWORD_NAME },
	{ "1234567", KWORD_NAME },
	{ "99999999999999999999", KWORD_NAME },
	{ "", KWORD_NAME },
	{ "a..b", KWORD_NAME },
	{ " 6.12", KWORD_NAME },
	{ "6.12\n", KWORD_NAME },
	{ "-6", KWORD_NAME },
	{ "6x", KWORD_NAME },
	{ "\xff", KWORD_NAME },
};

static void kinds(void **state)
{
	(void)state;
	for (size_t i = 0; i < countof(words); i++) {
		struct kernel_word w;
		struct err e = { 0 };

		if (kernel_word_parse(&w, words[i].text, &e) < 0 || w.kind != words[i].kind)
			fail_msg("'%s': %s, kind %d", words[i].text, e.msg, w.kind);
		assert_ptr_equal(w.text, words[i].text);
		assert_int_equal(kernel_word_is_version(&w), w.kind == KWORD_RELEASE || w.kind == KWORD_SERIES);
	}
}

static void repositories(void **state)
{
	static const struct {
		const char *text, *url, *ref; /* url NULL: refused */
	} cases[] = {
		{ "git+https://example.org/l.git#tag=v6.14", "https://example.org/l.git", "v6.14" },
		{ "git+ssh://git@example.org/l#branch=a/b", "ssh://git@example.org/l", "a/b" },
		{ "git+/src/linux#sha=0123", "/src/linux", "0123" },
		{ "git+linux#ref=refs/heads/x#y", "linux", "refs/heads/x#y" },
		{ "git+https://example.org/l.git", NULL, NULL },
		{ "git+https://example.org/l.git#", NULL, NULL },
		{ "git+https://example.org/l.git#tag=", NULL, NULL },
		{ "git+https://example.org/l.git#v6.14", NULL, NULL },
		{ "git+#tag=v6.14", NULL, NULL },
		{ "git+", NULL, NULL },
	};

	(void)state;
	for (size_t i = 0; i < countof(cases); i++) {
		struct kernel_word w;
		struct err e = { 0 };
		int r = kernel_word_parse(&w, cases[i].text, &e);

		if (!cases[i].url) {
			assert_true(r < 0);
			assert_int_equal(e.code, X_USAGE);
			continue;
		}
		assert_int_equal(r, 0);
		assert_int_equal(w.url_n, strlen(cases[i].url));
		assert_memory_equal(w.url, cases[i].url, w.url_n);
		assert_string_equal(w.ref, cases[i].ref);
	}
}

static void numbers(void **state)
{
	struct kernel_word w;
	struct err e = { 0 };

	(void)state;
	assert_int_equal(kernel_word_parse(&w, "6.12..7.3", &e), 0);
	assert_int_equal(w.from.major * 1000 + w.from.minor, 6012);
	assert_int_equal(w.to.major * 1000 + w.to.minor, 7003);
	assert_int_equal(kernel_word_parse(&w, "6.14.2-rc1", &e), 0);
	assert_int_equal(w.from.patch, 2);
	assert_int_equal(w.from.rc, 1);
	assert_int_equal(kernel_word_parse(&w, "6", &e), 0);
	assert_int_equal(w.from.major, 6);
	assert_int_equal(kernel_word_parse(&w, "6-x", &e), 0);
	assert_int_equal(w.from.major, 0);
}

static void no_ranges(void **state)
{
	static const char *const bad[] = { "6.12..", "6.12...6.16", "6.12.1..6.13", "6.16..6.12",
					   "6..7",   "6.12..x",     "6.." };

	(void)state;
	for (size_t i = 0; i < countof(bad); i++) {
		struct kernel_word w;
		struct err e = { 0 };

		assert_int_equal(kernel_word_parse(&w, bad[i], &e), -1);
		assert_int_equal(e.code, X_USAGE);
		assert_non_null(strstr(e.msg, bad[i]));
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = { cmocka_unit_test(kinds), cmocka_unit_test(repositories),
					    cmocka_unit_test(numbers), cmocka_unit_test(no_ranges) };

	return cmocka_run_group_tests(tests, NULL, NULL);
}
