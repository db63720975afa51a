#include "base/err.h"
#include "base/mem.h"
#include "verifier/flags.h"
#include <setjmp.h>
#include <stdarg.h>
#include <stdint.h>

#include <cmocka.h>

static const char two[] = "[{\"name\":\"llc\",\"args\":[\"--llc-aware\"],\"requires\":[]},"
			  "{\"name\":\"steal\",\"args\":[\"--steal\",\"a b\"],\"requires\":[\"llc\"]}]\n";

static void read_and_written(void **state)
{
	auto_flags struct flags f = { 0 };
	auto_free char *text = NULL;
	struct err e = { 0 };
	size_t n;

	(void)state;
	assert_int_equal(flags_parse(&f, two, strlen(two), &e), 0);
	assert_int_equal(f.n, 2);
	assert_string_equal(f.v[1].args[1], "a b");
	assert_string_equal(f.v[1].needs[0], "llc");
	assert_int_equal(flags_find(&f, "steal", 5), 1);
	assert_int_equal(flags_find(&f, "stea", 4), 2);
	FILE *out = xmemstream(&text, &n);

	flags_write(out, &f);
	fclose(out);
	assert_string_equal(text, two);
}

static void none(void **state)
{
	static const char *const texts[] = { "", " \r\n\t\n", "[]", " [ ] \n" };

	(void)state;
	for (size_t i = 0; i < countof(texts); i++) {
		auto_flags struct flags f = { .n = 7 };
		struct err e = { 0 };

		assert_int_equal(flags_parse(&f, texts[i], strlen(texts[i]), &e), 0);
		assert_int_equal(f.n, 0);
	}
}

static void others_are_passed_over(void **state)
{
	static const char text[] = "[{\"help\":{\"x\":[1,null]},\"name\":\"a\",\"args\":[],\"requires\":[],\"n\":-1}]";
	auto_flags struct flags f = { 0 };
	struct err e = { 0 };

	(void)state;
	assert_int_equal(flags_parse(&f, text, strlen(text), &e), 0);
	assert_int_equal(f.n, 1);
}

static const struct {
	const char *text, *why;
} bad[] = {
	{ "{}", "not an array" },
	{ "usage: scx", "" },
	{ "[1]", "flag 1: not an object" },
	{ "[{\"args\":[],\"requires\":[]}]", "\"name\" is not a string" },
	{ "[{\"name\":1,\"args\":[],\"requires\":[]}]", "\"name\" is not a string" },
	{ "[{\"name\":null,\"args\":[],\"requires\":[]}]", "\"name\" is not a string" },
	{ "[{\"name\":\"\",\"args\":[],\"requires\":[]}]", "1 to 64" },
	{ "[{\"name\":\"a+b\",\"args\":[],\"requires\":[]}]", "character 2" },
	{ "[{\"name\":\"../b\",\"args\":[],\"requires\":[]}]", "character 1" },
	{ "[{\"name\":\"\\u001b[2J\",\"args\":[],\"requires\":[]}]", "character 1" },
	{ "[{\"name\":\"default\",\"args\":[],\"requires\":[]}]", "default" },
	{ "[{\"name\":\"a\",\"requires\":[]}]", "\"args\" is not an array" },
	{ "[{\"name\":\"a\",\"args\":\"x\",\"requires\":[]}]", "\"args\" is not an array" },
	{ "[{\"name\":\"a\",\"args\":[1],\"requires\":[]}]", "\"args\" is not an array" },
	{ "[{\"name\":\"a\",\"args\":[\"x\",null],\"requires\":[]}]", "\"args\" is not an array" },
	{ "[{\"name\":\"a\",\"args\":[\"x\\u0000\"],\"requires\":[]}]", "\"args\" is not an array" },
	{ "[{\"name\":\"a\",\"args\":[]}]", "\"requires\" is not an array" },
	{ "[{\"name\":\"a\",\"args\":[],\"requires\":[]},{\"name\":\"a\",\"args\":[],\"requires\":[]}]",
	  "flag 2: \"a\" is there already" },
};

static void refused(void **state)
{
	(void)state;
	for (size_t i = 0; i < countof(bad); i++) {
		auto_flags struct flags f = { 0 };
		struct err e = { 0 };

		assert_true(flags_parse(&f, bad[i].text, strlen(bad[i].text), &e) < 0);
		assert_int_equal(e.code, X_FAIL);
		if (!strstr(e.msg, bad[i].why))
			fail_msg("%s: %s", bad[i].text, e.msg);
		assert_int_equal(f.n, 0);
	}
}

/* [{"name":"f0",…},…], word at the place of one argument each. */
static char *many(size_t n, const char *word)
{
	char *text;
	size_t size;
	FILE *f = xmemstream(&text, &size);

	for (size_t i = 0; i < n; i++)
		fprintf(f, "%s{\"name\":\"f%zu\",\"args\":[\"%s\"],\"requires\":[]}", i ? "," : "[", i, word);
	fputs("]", f);
	fclose(f);
	return text;
}

static void bounds(void **state)
{
	auto_free char *word = xcalloc(FLAG_WORD + 2, 1);
	auto_flags struct flags f = { 0 };
	struct err e = { 0 };

	(void)state;
	memset(word, 'x', FLAG_WORD + 1);
	auto_free char *most = many(FLAGS_MAX, "x"), *more = many(FLAGS_MAX + 1, "x"), *wide = many(1, word);
	auto_free char *long_text = many(FLAGS_MAX, word + 1);

	assert_int_equal(flags_parse(&f, most, strlen(most), &e), 0);
	assert_int_equal(f.n, FLAGS_MAX);
	assert_true(flags_parse(&f, more, strlen(more), &e) < 0);
	assert_true(flags_parse(&f, wide, strlen(wide), &e) < 0);
	assert_true(flags_parse(&f, long_text, strlen(long_text), &e) < 0);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(read_and_written), cmocka_unit_test(none),   cmocka_unit_test(others_are_passed_over),
		cmocka_unit_test(refused),          cmocka_unit_test(bounds),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
