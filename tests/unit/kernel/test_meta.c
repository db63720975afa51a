/* metadata.json: upstream's entries are read, ours are written in upstream's order, damaged ones are refused. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>
#include <cmocka.h>

#include "arch/arch.h"
#include "base/err.h"
#include "json/read.h"
#include "json/write.h"
#include "base/mem.h"
#include "kernel/cache/entry.h"

#define REST "\"arch\":\"x86_64\",\"image_name\":\"bzImage\",\"built_at\":\"2026-01-02T03:04:05Z\""

static void accepts(void **state)
{
	static const char *const texts[] = {
		"{\"source\":\"tarball\"," REST "}",
		"{\"source\":\"git\"," REST ",\"version\":null,\"later_member\":[1,{\"a\":2}]}",
		"{\"source\":\"local\"," REST ",\"ktstr_git_hash\":\"unknown\"}",
		" {\"source\":\"import\"," REST ",\"vmlinux_name\":\"vmlinux\"}\n",
	};

	(void)state;
	for (size_t i = 0; i < countof(texts); i++) {
		struct kernel_meta m = { 0 };
		struct err e;

		assert_int_equal(kernel_meta_parse(&m, texts[i], strlen(texts[i]), &e), 0);
		assert_string_equal(m.arch, "x86_64");
		assert_null(m.version);
		kernel_meta_free(&m);
		assert_null(m.arch);
	}
}

static void refuses(void **state)
{
	static const struct {
		const char *text, *word;
	} cases[] = {
		{ "", "" },
		{ "[]", "object" },
		{ "{}", "source" },
		{ "{\"source\":\"tarball\"", "" },
		{ "{\"source\":\"tarball\",\"arch\":\"x86_64\",\"image_name\":\"bzImage\"}", "built_at" },
		{ "{\"source\":null," REST "}", "source" },
		{ "{\"source\":\"magic\"," REST "}", "magic" },
		{ "{\"source\":7," REST "}", "source" },
		{ "{\"source\":\"local\"," REST ",\"version\":6.12}", "version" },
		{ "{\"source\":\"local\"," REST ",\"version\":\"6\\u001b[2J\"}", "control" },
		{ "{\"source\":\"local\"," REST ",\"vmlinux_name\":\"../vmlinux\"}", "vmlinux_name" },
		{ "{\"source\":\"local\",\"arch\":\"x\",\"built_at\":\"b\",\"image_name\":\"\"}", "image_name" },
		{ "{\"source\":\"local\",\"arch\":\"x\",\"built_at\":\"b\",\"image_name\":\"/etc/passwd\"}",
		  "image_name" },
		{ "{\"source\":\"local\",\"arch\":\"x\",\"built_at\":\"b\",\"image_name\":\"a\\\\b\"}", "image_name" },
	};

	(void)state;
	for (size_t i = 0; i < countof(cases); i++) {
		struct kernel_meta m = { 0 };
		struct err e = { 0 };

		assert_true(kernel_meta_parse(&m, cases[i].text, strlen(cases[i].text), &e) < 0);
		assert_non_null(strstr(e.msg, cases[i].word));
		assert_null(m.source);
	}
}

static void writes(void **state)
{
	static const char expected[] =
		"{\n  \"version\": \"6.14.2\",\n  \"source\": \"tarball\",\n  \"arch\": \"x86_64\",\n"
		"  \"image_name\": \"bzImage\",\n  \"config_hash\": \"9f1c02ab\",\n"
		"  \"built_at\": \"2025-04-15T12:34:56Z\",\n  \"ktstr_kconfig_hash\": null,\n"
		"  \"git_hash\": null,\n  \"git_ref\": null,\n  \"source_tree_path\": null,\n"
		"  \"vmlinux_name\": \"vmlinux\",\n  \"ktstr_git_hash\": null,\n  \"release\": \"6.14.2\",\n"
		"  \"identity\": \"sha256:00ff\",\n  \"extra_kconfig_hash\": null,\n  \"kconfig_hash\": \"4a386fe9\",\n"
		"  \"origin\": null,\n  \"toolchain\": \"cc gcc 12.2.0; ld GNU ld 2.40\"\n}\n";
	struct kernel_meta m = {
		.version = (char *)"6.14.2",
		.source = (char *)"tarball",
		.arch = (char *)arch_host()->name,
		.image_name = (char *)"bzImage",
		.config_hash = (char *)"9f1c02ab",
		.built_at = (char *)"2025-04-15T12:34:56Z",
		.ktstr_kconfig_hash = (char *)"4a386fe9",
		.vmlinux_name = (char *)"vmlinux",
		.release = (char *)"6.14.2",
		.identity = (char *)"sha256:00ff",
		.toolchain = (char *)"cc gcc 12.2.0; ld GNU ld 2.40",
	};
	struct kernel_meta back = { 0 };
	auto_free char *text = NULL;
	struct jsonw w;
	struct err e;
	size_t n;
	FILE *f = xmemstream(&text, &n);

	(void)state;
	jsonw_init(&w, f);
	kernel_meta_write(&w, &m);
	jsonw_done(&w);
	fclose(f);
	if (!strcmp(arch_host()->name, "x86_64"))
		assert_string_equal(text, expected);
	assert_int_equal(kernel_meta_parse(&back, text, n, &e), 0);
	assert_string_equal(back.release, "6.14.2");
	assert_string_equal(back.identity, "sha256:00ff");
	assert_string_equal(back.toolchain, "cc gcc 12.2.0; ld GNU ld 2.40");
	assert_string_equal(back.ktstr_kconfig_hash, "4a386fe9");
	assert_null(back.kconfig_hash);
	assert_null(back.git_ref);
	kernel_meta_free(&back);
}

/* What the library of 0.3.2 reads of an entry: it wants one of three sources, and skips those with a hash. */
static void for_the_library(void **state)
{
	static const struct {
		const char *source, *arch, *extra;
		const char *there; /* the source in the file */
		bool taken;
	} cases[] = {
		{ "tarball", NULL, NULL, "tarball", true },    { "git", NULL, NULL, "git", true },
		{ "local", NULL, NULL, "local", true },        { "import", NULL, NULL, "local", true },
		{ "tarball", NULL, "00ff", "tarball", false }, { "tarball", "riscv64", NULL, "tarball", false },
		{ "import", "riscv64", NULL, "local", false },
	};

	(void)state;
	for (size_t i = 0; i < countof(cases); i++) {
		const struct kernel_meta m = {
			.source = (char *)cases[i].source,
			.arch = (char *)(cases[i].arch ? cases[i].arch : arch_host()->name),
			.image_name = (char *)"bzImage",
			.built_at = (char *)"2025-04-15T12:34:56Z",
			.ktstr_kconfig_hash = (char *)"4a386fe9",
			.extra_kconfig_hash = (char *)cases[i].extra,
		};
		struct kernel_meta back = { 0 };
		auto_json struct json j = { 0 };
		auto_free char *text = NULL, *source = NULL;
		struct jsonw w;
		struct err e;
		size_t n;
		FILE *f = xmemstream(&text, &n);

		jsonw_init(&w, f);
		kernel_meta_write(&w, &m);
		jsonw_done(&w);
		fclose(f);
		assert_int_equal(json_parse(&j, text, n, &e), 0);
		assert_int_equal(json_str(&j, json_get(&j, 0, "source"), &source, &e), 0);
		assert_string_equal(source, cases[i].there);
		assert_int_equal(json_kind(&j, json_get(&j, 0, "ktstr_kconfig_hash")) == JSON_NULL, cases[i].taken);
		assert_int_equal(json_kind(&j, json_get(&j, 0, "ktstr_git_hash")), JSON_NULL);
		assert_int_equal(kernel_meta_parse(&back, text, n, &e), 0);
		assert_string_equal(back.source, cases[i].source);
		assert_string_equal(back.ktstr_kconfig_hash, "4a386fe9");
		assert_false(back.foreign);
		kernel_meta_free(&back);
	}
}

static void neighbours(void **state)
{
	static const struct {
		const char *text, *source, *git_hash, *git_ref, *path, *vmlinux; /* source NULL: not understood */
	} cases[] = {
		{ "{\"version\":\"6.14.2\",\"source\":{\"type\":\"tarball\"}," REST ",\"has_vmlinux\":true,"
		  "\"vmlinux_stripped\":true}",
		  "tarball", NULL, NULL, NULL, "vmlinux" },
		{ "{\"source\":{\"type\":\"git\",\"git_hash\":\"deadbee\",\"ref\":\"v6.14\"}," REST
		  ",\"has_vmlinux\":false}",
		  "git", "deadbee", "v6.14", NULL, NULL },
		{ "{\"source\":{\"type\":\"local\",\"source_tree_path\":\"/src/linux\",\"git_hash\":null}," REST "}",
		  "local", NULL, NULL, "/src/linux", NULL },
		{ "{\"source\":{\"type\":\"distropackage\",\"distro\":\"debian\",\"packages\":[\"a\",\"b\"]}," REST "}",
		  "distropackage", NULL, NULL, NULL, NULL },
		{ "{\"source\":{\"type\":\"localpackage\",\"packages\":[]}," REST "}", "localpackage", NULL, NULL, NULL,
		  NULL },
		{ "{\"source\":{\"type\":\"carrier pigeon\",\"age\":7}," REST "}", "carrier pigeon", NULL, NULL, NULL,
		  NULL },
		{ "{\"source\":{\"kind\":\"tarball\"}," REST "}", NULL, NULL, NULL, NULL, NULL },
		{ "{\"source\":{\"type\":[1]}," REST "}", NULL, NULL, NULL, NULL, NULL },
		{ "{\"source\":{\"type\":\"local\"}," REST ",\"has_vmlinux\":\"yes\"}", NULL, NULL, NULL, NULL, NULL },
		{ "{\"source\":{\"type\":\"a\\u001b[2J\"}," REST "}", NULL, NULL, NULL, NULL, NULL },
		{ "{\"source\":{\"type\":\"local\"},\"arch\":\"x\",\"built_at\":\"b\",\"image_name\":\"../a\"}", NULL,
		  NULL, NULL, NULL, NULL },
		{ "{\"schema\":9,\"kernel\":{\"image\":\"x\"}}", NULL, NULL, NULL, NULL, NULL },
		{ "{\"source\":\"oci\"," REST "}", NULL, NULL, NULL, NULL, NULL },
		{ "{}", NULL, NULL, NULL, NULL, NULL },
	};

	(void)state;
	for (size_t i = 0; i < countof(cases); i++) {
		struct kernel_meta m = { 0 };
		struct err e = { 0 };
		int r = kernel_meta_parse(&m, cases[i].text, strlen(cases[i].text), &e);

		assert_true(m.foreign);
		assert_int_equal(r, cases[i].source ? 0 : -1);
		if (cases[i].source)
			assert_string_equal(m.source, cases[i].source);
		assert_string_equal(m.git_hash ? m.git_hash : "", cases[i].git_hash ? cases[i].git_hash : "");
		assert_string_equal(m.git_ref ? m.git_ref : "", cases[i].git_ref ? cases[i].git_ref : "");
		assert_string_equal(m.source_tree_path ? m.source_tree_path : "", cases[i].path ? cases[i].path : "");
		assert_string_equal(m.vmlinux_name ? m.vmlinux_name : "", cases[i].vmlinux ? cases[i].vmlinux : "");
		kernel_meta_free(&m);
	}
}

/* Ours that somebody has edited is damaged. */
static void damaged_is_not_foreign(void **state)
{
	static const char truncated[] = "{\"source\":{\"type\":\"local\"},";
	static const char wrong_type[] = "{\"source\":\"import\"," REST ",\"version\":7}";
	static const char *const texts[] = { "", "[]", "{\"source\":\"tarball\"}", wrong_type, truncated };

	(void)state;
	for (size_t i = 0; i < countof(texts); i++) {
		struct kernel_meta m = { 0 };
		struct err e = { 0 };

		assert_true(kernel_meta_parse(&m, texts[i], strlen(texts[i]), &e) < 0);
		assert_false(m.foreign);
	}
}

static void checksum(void **state)
{
	static const struct {
		const char *text, *crc;
	} cases[] = { { "", "00000000" }, { "123456789", "cbf43926" }, { "a", "e8b7be43" } };
	char hex[9];

	(void)state;
	for (size_t i = 0; i < countof(cases); i++) {
		crc_hex(cases[i].text, strlen(cases[i].text), hex);
		assert_string_equal(hex, cases[i].crc);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(accepts),    cmocka_unit_test(refuses),
		cmocka_unit_test(writes),     cmocka_unit_test(for_the_library),
		cmocka_unit_test(neighbours), cmocka_unit_test(damaged_is_not_foreign),
		cmocka_unit_test(checksum),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
