#include "base/err.h"
#include "base/mem.h"
#include "gen/graph/ninja.h"
#include "gen/graph/plan.h"
#include <setjmp.h>
#include <stdarg.h>
#include <stdint.h>

#include <cmocka.h>

static const struct {
	const char *in, *path, *value;
} words[] = {
	{ "plain/path.c", "plain/path.c", "plain/path.c" },
	{ "a b", "a$ b", "a b" },
	{ "c:d", "c$:d", "c:d" },
	{ "$HOME", "$$HOME", "$$HOME" },
	{ "two\nlines", "two?lines", "two?lines" },
	{ "", "", "" },
};

static void escaping(void **state)
{
	(void)state;
	for (size_t i = 0; i < countof(words); i++) {
		auto_free char *p = ninja_path(words[i].in), *v = ninja_value(words[i].in);

		assert_string_equal(p, words[i].path);
		assert_string_equal(v, words[i].value);
	}
}

static void whole_file(void **state)
{
	static const char want[] =
		"# Written by cargo-ktstr; edits are lost. What the rules do and why: the included files.\n"
		"ninja_required_version = 1.11\n\n"
		"step = /x/ktstr-step\n"
		"launcher =\n"
		"include /r/a.ninja\n"
		"\n# -- kernel 6.12 --\n"
		"\nbuild out/a $\n      out/b: bootable $\n    in$ put $\n    second $\n    | /x/ktstr-step\n"
		"  id = kernel 6.12\n"
		"  args = a $$b\n";
	auto_plan struct plan p = { 0 };
	auto_free char *text = NULL;
	size_t n;

	(void)state;
	plan_init(&p, "verifier x/y");
	assert_string_equal(p.name, "verifier-x-y");
	plan_var(&p, "step", "/x/ktstr-step");
	plan_var(&p, "launcher", "%s", "");
	plan_include(&p, "/r/a.ninja");
	struct edge *g = plan_edge(&p, "bootable", "kernel %s", "6.12");

	edge_heading(g, "kernel 6.12");
	edge_out(g, "out/a");
	edge_out(g, "out/b");
	edge_in(g, "in put");
	edge_in(g, "second");
	edge_needs(g, "/x/ktstr-step");
	edge_var(g, "args", "a $b");
	assert_null(plan_edge(&p, "bootable", "kernel 6.12"));
	FILE *f = xmemstream(&text, &n);

	ninja_write(f, &p);
	fclose(f);
	assert_string_equal(text, want);
}

static const struct {
	const char *in, *out;
} slugs[] = { { "6.12.117", "6.12.117" }, { "a/b c", "a-b-c" }, { "..", "-." }, { "", "-" }, { "7.3+x_y", "7.3+x_y" } };

static void slug(void **state)
{
	(void)state;
	for (size_t i = 0; i < countof(slugs); i++) {
		auto_free char *s = plan_slug(slugs[i].in);

		assert_string_equal(s, slugs[i].out);
	}
	char longest[256];

	memset(longest, 'x', sizeof(longest) - 1);
	longest[sizeof(longest) - 1] = 0;
	auto_free char *s = plan_slug(longest);

	assert_int_equal(strlen(s), PLAN_SLUG_MAX);
}

static void unnameable(void **state)
{
	static const struct {
		const char *path;
		int ok;
	} cases[] = { { "a b$:'\"\xc3\xa4", 1 }, { "a\nb", 0 }, { "\t", 0 }, { "x\x7f", 0 } };

	(void)state;
	for (size_t i = 0; i < countof(cases); i++) {
		auto_plan struct plan p = { 0 };
		struct err e = { 0 };

		plan_init(&p, "x");
		edge_in(plan_edge(&p, "r", "id"), "%s", cases[i].path);
		assert_int_equal(plan_check(&p, &e), cases[i].ok ? 0 : -1);
		assert_int_equal(e.code, cases[i].ok ? 0 : X_NO_INPUT);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = { cmocka_unit_test(escaping), cmocka_unit_test(whole_file),
					    cmocka_unit_test(slug), cmocka_unit_test(unnameable) };

	return cmocka_run_group_tests(tests, NULL, NULL);
}
