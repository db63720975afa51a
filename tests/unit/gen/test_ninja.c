#include "text/argv.h"
#include "base/err.h"
#include "base/mem.h"
#include "gen/graph/ninja.h"
#include "gen/graph/plan.h"
#include "gen/graph/word.h"
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
		auto_free char *p = NULL, *v = NULL;
		size_t n;
		FILE *f = xmemstream(&p, &n);

		ninja_path(f, words[i].in);
		fclose(f);
		f = xmemstream(&v, &n);
		ninja_value(f, words[i].in);
		fclose(f);
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
		"  id = 'kernel 6.12'\n"
		"  title = kernel 6.12\n"
		"  one = 'a $$b'\n"
		"  none =\n"
		"  many = 'it'\\''s' '' '\\x' plain=1 '~'\n"
		"  pool = vm\n";
	auto_plan struct plan p = { 0 };
	static const char *const list[] = { "it's", "", "\\x", "plain=1", "~", NULL };
	auto_argv struct argv many = { 0 };
	auto_free char *text = NULL;
	size_t n;

	(void)state;
	argv_addv(&many, list);
	plan_init(&p, "verifier x/y");
	assert_string_equal(p.name, "verifier-x-y");
	plan_word(&p, "step", "/x/ktstr-step");
	plan_text(&p, "launcher", "%s", "");
	plan_include(&p, "/r/a.ninja");
	struct edge *g = plan_edge(&p, "bootable", "kernel %s", "6.12");

	edge_heading(g, "kernel 6.12");
	edge_out(g, "out/a");
	edge_out(g, "out/b");
	edge_in(g, "in put");
	edge_in(g, "second");
	edge_needs(g, "/x/ktstr-step");
	edge_word(g, "one", "a $%s", "b");
	edge_words(g, "none", &(struct argv){ 0 });
	edge_words(g, "many", &many);
	edge_text(g, "pool", "vm");
	assert_ptr_equal(plan_find(&p, "kernel 6.12"), g);
	assert_null(plan_edge(&p, "bootable", "kernel 6.12"));
	FILE *f = xmemstream(&text, &n);

	ninja_write(f, &p, true, NULL);
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
	/* What is cut away tells names apart. */
	longest[sizeof(longest) - 2] = 'y';
	auto_free char *other = plan_slug(longest);

	assert_int_equal(strlen(other), PLAN_SLUG_MAX);
	assert_string_not_equal(s, other);
}

static const struct {
	const char *text;
	int code;
} unnameables[] = {
	{ "/a b$:'\"\xc3\xa4\xff`;&<>*#~", 0 },
	{ "/a\nb", X_NO_INPUT },
	{ "/\t", X_NO_INPUT },
	{ "/x\x7f", X_NO_INPUT },
	{ "/\x1b[", X_NO_INPUT },
};

static int code_of(const struct plan *p)
{
	struct err e = { 0 };
	int r = plan_check(p, &e);

	assert_int_equal(r, e.code ? -1 : 0);
	assert_true(!e.code || strstr(e.msg, "control character"));
	return e.code;
}

/* Wherever such a word may stand. */
static void unnameable(void **state)
{
	(void)state;
	for (size_t i = 0; i < countof(unnameables); i++) {
		const char *text = unnameables[i].text;
		int usage = unnameables[i].code ? X_USAGE : 0;

		for (int place = 0; place < 10; place++) {
			auto_plan struct plan p = { 0 };
			auto_argv struct argv a = { 0 };

			plan_init(&p, "x");
			struct edge *g = plan_edge(&p, "r", "%s", place == 0 ? text : "id");

			argv_add(&a, "ok");
			argv_add(&a, text);
			if (place == 1)
				edge_in(g, "%s", text);
			if (place == 2)
				edge_out(g, "%s", text);
			if (place == 3)
				edge_needs(g, "%s", text);
			if (place == 4)
				plan_include(&p, text);
			if (place == 5)
				edge_word(g, "v", "%s", text);
			if (place == 6)
				edge_words(g, "v", &a);
			if (place == 7)
				plan_word(&p, "v", text);
			if (place == 8)
				edge_heading(g, "%s", text);
			if (place == 9)
				edge_text(g, "v", "%s", text);
			assert_int_equal(code_of(&p), place == 0 || place == 8 ? usage : unnameables[i].code);
		}
	}
	auto_plan struct plan p = { 0 };

	plan_init(&p, "x");
	edge_word(plan_edge(&p, "r", "id"), "v", "--bin=\n");
	assert_int_equal(code_of(&p), X_USAGE);
}

static void bars(void **state)
{
	auto_plan struct plan p = { 0 };
	struct err e = { 0 };

	(void)state;
	plan_init(&p, "x");
	edge_in(plan_edge(&p, "r", "id"), "/a|b");
	assert_int_equal(plan_check(&p, &e), -1);
	assert_int_equal(e.code, X_NO_INPUT);
}

/* sh, which need not be bash, reads back what was said; nothing of it is run. */
static void words_through_sh(void **state)
{
	char every[256], cmd[2048];
	size_t n = 0;

	(void)state;
	for (int c = ' '; c < 256; c++) {
		if (c != 0x7f)
			every[n++] = (char)c;
	}
	every[n] = '\0';
	const char *const list[] = { every, "",  "$(echo no)", "`echo no`", "a'b",  "a\\", "-n",    "*",
				     "~",   "#", "a=b",        "!!",        "$IFS", "\\n", "'\\''", "{a,b}" };

	for (size_t i = 0; i < countof(list); i++) {
		auto_free char *word = sh_word(list[i]);
		char back[512];

		snprintf(cmd, sizeof(cmd), "printf '<%%s>' %s", word);
		FILE *f = popen(cmd, "r");
		size_t got = fread(back, 1, sizeof(back) - 1, f);

		back[got] = '\0';
		assert_int_equal(pclose(f), 0);
		auto_free char *want = xasprintf("<%s>", list[i]);

		assert_string_equal(back, want);
	}
}

/* As many as a large sweep has: each is found again, none twice. */
static void many_edges(void **state)
{
	enum { MANY = 100000 };
	auto_plan struct plan p = { 0 };

	(void)state;
	plan_init(&p, "x");
	for (int i = 0; i < MANY; i++)
		assert_int_equal(plan_edge(&p, "r", "edge %d", i)->index, i);
	for (int i = 0; i < MANY; i += 7) {
		auto_free char *id = xasprintf("edge %d", i);

		assert_ptr_equal(plan_find(&p, id), p.edges[i]);
		assert_null(plan_edge(&p, "r", "%s", id));
	}
	assert_null(plan_find(&p, "edge"));
	assert_int_equal(p.n_edges, MANY);
}

int main(void)
{
	const struct CMUnitTest tests[] = { cmocka_unit_test(escaping),  cmocka_unit_test(whole_file),
					    cmocka_unit_test(slug),      cmocka_unit_test(unnameable),
					    cmocka_unit_test(bars),      cmocka_unit_test(words_through_sh),
					    cmocka_unit_test(many_edges) };

	return cmocka_run_group_tests(tests, NULL, NULL);
}
