/* What cargo metadata says of packages. */
#include "base/err.h"
#include "base/mem.h"
#include "verifier/manifest.h"
#include <setjmp.h>
#include <stdarg.h>
#include <stdint.h>

#include <cmocka.h>

#define TARGET(name, kind, more) "{\"name\":\"" name "\",\"kind\":[\"" kind "\"]" more "}"
#define PACKAGE(name, id, more, targets) \
	"{\"name\":\"" name "\",\"version\":\"0.1.2\",\"id\":\"" id "\"" more ",\"targets\":[" targets "]}"

static const char metadata[] =
	"{\"packages\":[" PACKAGE("plain", "path+file:///ws/plain#0.1.2", ",\"default_run\":null", TARGET("plain", "bin", "")) "," PACKAGE(
		"two", "path+file:///ws/two#0.1.2", ",\"default_run\":\"b\"",
		TARGET("a", "bin", "") "," TARGET(
			"b", "bin",
			",\"required-features\":[]")) "," PACKAGE("lib", "path+file:///ws/lib#0.1.2", "",
								  TARGET("l", "lib",
									 ",\"required-features\":[\"x\"]")) "," PACKAGE("needy",
															"path+file:///ws/needy#0.1.2",
															"",
															TARGET("n", "bin", ",\"required-features\":[\"bpf\",\"jit\"]") "," TARGET(
																"m",
																"bin",
																",\"required-features\":[\"top\"]")) ",3,{\"name\":7,\"targets\":{}}],\"target_directory\":\"/t\"}";

static const struct {
	const char *spec, *default_run, *needs, *features;
} cases[] = {
	{ "plain", NULL, NULL, NULL },      { "two", "b", NULL, NULL },
	{ "two@0.1.2", "b", NULL, NULL },   { "two:0.1", "b", NULL, NULL },
	{ "two@2", NULL, NULL, NULL },      { "file:///ws/two", "b", NULL, NULL },
	{ "file:///ws", NULL, NULL, NULL }, /* all of them */
	{ "lib", NULL, NULL, NULL },        { "needy", NULL, "n requires bpf and jit, m requires top", "bpf,jit,top" },
	{ "nobody", NULL, NULL, NULL },     { "", NULL, NULL, NULL },
};

static void same(const char *want, const char *got)
{
	if (want && got)
		assert_string_equal(want, got);
	else
		assert_true(!want && !got);
}

static void packages(void **state)
{
	(void)state;
	for (size_t i = 0; i < countof(cases); i++) {
		auto_manifest struct manifest m = { 0 };
		struct err e;

		assert_int_equal(manifest_read(&m, metadata, sizeof(metadata) - 1, cases[i].spec, &e), 0);
		same(cases[i].default_run, m.default_run);
		same(cases[i].needs, m.needs);
		same(cases[i].features, m.features);
	}
}

static void other_shapes(void **state)
{
	static const char *const texts[] = { "[]",
					     "{}",
					     "7",
					     "{\"packages\":{}}",
					     "{\"packages\":[[],{\"name\":\"x\",\"targets\":[[],{\"name\":\"b\"}]}]}",
					     "{\"packages\":[{\"name\":\"x\",\"default_run\":1,\"targets\":7}]}" };

	(void)state;
	for (size_t i = 0; i < countof(texts); i++) {
		auto_manifest struct manifest m = { 0 };
		struct err e;

		assert_int_equal(manifest_read(&m, texts[i], strlen(texts[i]), "x", &e), 0);
		assert_true(!m.default_run && !m.needs);
	}
	for (size_t cut = 0; cut < sizeof(metadata) - 1; cut++) {
		auto_manifest struct manifest m = { 0 };
		auto_free char *part = xmalloc(cut + 1);
		struct err e;

		memcpy(part, metadata, cut);
		assert_true(manifest_read(&m, part, cut, "two", &e) < 0);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = { cmocka_unit_test(packages), cmocka_unit_test(other_shapes) };

	return cmocka_run_group_tests(tests, NULL, NULL);
}
