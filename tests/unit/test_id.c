/* What --kernel means. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>
#include <cmocka.h>

#include <sys/utsname.h>

#include "fake_kernel.h"
#include "kernel/entry.h"
#include "kernel/id.h"
#include "kernel/kver.h"
#include "kernel/near.h"
#include "scratch.h"

static void kinds(void **state)
{
	static const struct {
		const char *id;
		enum kernel_id_kind kind;
	} cases[] = {
		{ "../linux", KID_PATH },    { "/boot/vmlinuz", KID_PATH },
		{ "~/linux", KID_PATH },     { ".", KID_PATH },
		{ "6.14", KID_VERSION },     { "6.14.2", KID_VERSION },
		{ "6.15-rc3", KID_VERSION }, { "6.14.2-rc1", KID_VERSION },
		{ "v6.14", KID_KEY },        { "6", KID_KEY },
		{ "1.2.3.4", KID_KEY },      { "6.14-rc", KID_KEY },
		{ "linux", KID_KEY },        { "6.14.2-tarball-x86_64", KID_KEY },
		{ "6.14.", KID_KEY },        { "6.14-rc0", KID_KEY },
		{ "6.1234567", KID_KEY },    { "", KID_KEY },
	};

	(void)state;
	for (size_t i = 0; i < countof(cases); i++)
		assert_int_equal(kernel_id_kind(cases[i].id), cases[i].kind);
}

static void versions(void **state)
{
	static const char *const rising[] = { "6.9", "6.12-rc1", "6.12-rc10", "6.12", "6.12.9", "6.12.117", "7.0" };
	static const struct {
		const char *text, *prefix;
	} prefixes[] = {
		{ "7.3.4+deb13-cloud-amd64", "7.3.4" },
		{ "6.15.0-rc3-next", "6.15.0-rc3" },
		{ "6.12", "6.12" },
		{ "6.8.0-45-generic", "6.8.0" },
		{ "next-2026", "" },
		{ "6", "" },
	};

	(void)state;
	for (size_t i = 0; i < countof(rising); i++) {
		for (size_t j = 0; j < countof(rising); j++) {
			struct kver a, b;

			assert_true(kver_parse(&a, rising[i]) && kver_parse(&b, rising[j]));
			assert_int_equal(kver_cmp(&a, &b), (i > j) - (i < j));
		}
	}
	for (size_t i = 0; i < countof(prefixes); i++) {
		char out[32];

		kver_prefix(prefixes[i].text, out, sizeof(out));
		assert_string_equal(out, prefixes[i].prefix);
	}
}

static void distances(void **state)
{
	static const struct {
		const char *id, *name;
		unsigned d;
	} cases[] = {
		{ "", "", 0 },
		{ "abc", "abc", 0 },
		{ "abc", "abcdef", 0 },
		{ "abd", "abcdef", 1 },
		{ "6.13", "6.12.117", 1 },
		{ "xyz", "abc", 3 },
		{ "6.12.17", "6.12.117", 1 },
	};

	(void)state;
	for (size_t i = 0; i < countof(cases); i++)
		assert_int_equal(near_distance(cases[i].id, cases[i].name), cases[i].d);
}

/* An entry whose image is called as the host's architecture calls it. */
static void entry(const char *dir, const char *key, const char *version, const char *release, const char *built_at,
		  const char *arch, const char *kconfig)
{
	auto_free char *image = xasprintf("%s/image", dir);
	struct kernel_files f = { .image = image };
	struct kernel_meta m = {
		.version = (char *)version,
		.source = (char *)(version ? "import" : "local"),
		.arch = (char *)arch,
		.image_name = (char *)"bzImage",
		.built_at = (char *)built_at,
		.release = (char *)release,
		.ktstr_kconfig_hash = (char *)kconfig,
	};
	struct err e = { 0 };

	scratch_text(dir, "image", "x");
	assert_int_equal(kernel_store(key, &m, &f, &e), 0);
}

static char *fill(const char *dir)
{
	char *root = xasprintf("%s/cache", dir);
	struct utsname u;

	uname(&u);
	setenv("KTSTR_CACHE_DIR", root, 1);
	unsetenv("KTSTR_KERNEL");
	entry(dir, "6.12.9-import-a", "6.12.9", "6.12.9-one", "2026-03-01T00:00:00Z", u.machine, NULL);
	entry(dir, "6.12.117-import-old", "6.12.117", "6.12.117-two", "2026-01-01T00:00:00Z", u.machine, NULL);
	entry(dir, "6.12.117-import-new", "6.12.117", "6.12.117-two", "2026-02-01T00:00:00Z", u.machine, NULL);
	entry(dir, "local-6.13.0-abc", NULL, "6.13.0", "2026-04-01T00:00:00Z", u.machine, "current1");
	entry(dir, "stale", NULL, "6.16.0", "2026-05-01T00:00:00Z", u.machine, "another1");
	entry(dir, "candidate", "6.12-rc3", "6.12.0-rc3", "2026-04-02T00:00:00Z", u.machine, NULL);
	entry(dir, "foreign", "9.9.9", "9.9.9", "2026-06-01T00:00:00Z", "mips", NULL);
	scratch_text(root, "junk/metadata.json", "{");
	return root;
}

static void in_the_cache(void **state)
{
	static const struct {
		const char *id, *key; /* key NULL: refused, word in the error */
		const char *word;
	} cases[] = {
		{ "6.12.117", "6.12.117-import-new", NULL },
		{ "6.12.9", "6.12.9-import-a", NULL },
		{ "6.12", "6.12.117-import-new", NULL },
		{ "6.13", "local-6.13.0-abc", NULL },
		{ "6.12-rc3", "candidate", NULL },
		{ "6.16", "stale", NULL },
		{ "stale", "stale", NULL },
		{ "6.12.117-two", "6.12.117-import-new", NULL },
		{ "6.12.117-import-old", "6.12.117-import-old", NULL },
		{ "6.12.117-import-o", "6.12.117-import-old", NULL },
		{ "foreign", "foreign", NULL },
		{ NULL, "candidate", NULL },
		{ "", "candidate", NULL },
		{ "6.12.117-import-", NULL, "6.12.117-import-new, 6.12.117-import-old" },
		{ "6.12.11", NULL, "6.12.117" },
		{ "6.12.118", NULL, "near: 6.12.117" },
		{ "lokal-6.13", NULL, "near: local-6.13.0-abc" },
		{ "9.9.9", NULL, "kernel list" },
		{ "zzzzzz", NULL, "kernel list" },
		{ "junk", NULL, "damaged" },
	};
	auto_free char *root = fill(*state);

	for (size_t i = 0; i < countof(cases); i++) {
		auto_kernel struct kernel k = { 0 };
		struct err e = { 0 };
		int r = kernel_resolve(&k, cases[i].id, "current1", &e);

		if (cases[i].key) {
			auto_free char *image = xasprintf("%s/%s/bzImage", root, cases[i].key);

			assert_int_equal(r, 0);
			assert_string_equal(k.name, cases[i].key);
			assert_string_equal(k.image, image);
		} else {
			assert_true(r < 0);
			assert_int_equal(e.code, X_NO_KERNEL);
			assert_non_null(strstr(e.msg, cases[i].word));
		}
	}
}

static void from_the_environment(void **state)
{
	auto_free char *root = fill(*state);
	auto_kernel struct kernel k = { 0 };
	struct err e = { 0 };

	setenv("KTSTR_KERNEL", "  6.12.9\n", 1);
	assert_int_equal(kernel_resolve(&k, NULL, NULL, &e), 0);
	assert_string_equal(k.label, "6.12.9");
	kernel_free(&k);
	assert_int_equal(kernel_resolve(&k, "6.12.117", NULL, &e), 0);
	assert_string_equal(k.label, "6.12.117");
	setenv("KTSTR_KERNEL", "nothing", 1);
	kernel_free(&k);
	assert_true(kernel_resolve(&k, NULL, NULL, &e) < 0);
	assert_non_null(strstr(e.msg, "KTSTR_KERNEL"));
	unsetenv("KTSTR_KERNEL");
}

static void an_empty_cache_says_what_to_do(void **state)
{
	auto_kernel struct kernel k = { 0 };
	struct err e = { 0 };

	setenv("KTSTR_CACHE_DIR", *state, 1);
	unsetenv("KTSTR_KERNEL");
	assert_true(kernel_resolve(&k, NULL, NULL, &e) < 0);
	assert_int_equal(e.code, X_NO_KERNEL);
	assert_non_null(strstr(e.msg, "kernel import"));
	assert_true(kernel_resolve(&k, "6.12", NULL, &e) < 0);
	assert_non_null(strstr(e.msg, "kernel import"));
}

static void make_trees(const char *dir)
{
	struct bytes elf = fake_elf("6.99.1-test", "sched_ext_ops", EM_X86_64);
	struct bytes image = fake_bzimage("6.99.1-test", elf);

	scratch_file(dir, "tree/arch/x86/boot/bzImage", image.p, image.n);
	scratch_file(dir, "tree/vmlinux", elf.p, elf.n);
	scratch_text(dir, "tree/.config", "CONFIG_A=y\n");
	scratch_text(dir, "tree/include/config/kernel.release", "6.99.1-tree\n");
	scratch_file(dir, "elf tree/vmlinux", elf.p, elf.n);
	scratch_file(dir, "boot/vmlinuz-6.99.1-test", image.p, image.n);
	scratch_text(dir, "boot/config-6.99.1-test", "CONFIG_A=y\n");
	scratch_file(dir, "flat/bzImage", image.p, image.n);
	scratch_file(dir, "flat/vmlinux", elf.p, elf.n);
	scratch_text(dir, "source/Kbuild", "");
	scratch_text(dir, "empty/x", "");
	scratch_text(dir, "text", "no kernel");
	free(elf.p);
	free(image.p);
}

static void by_path(void **state)
{
	static const struct {
		const char *id;
		const char *name, *label, *image, *vmlinux, *config; /* relative; "" none */
		int code;                                            /* or refused with */
	} cases[] = {
		{ "tree", "tree", "6.99.1-tree", "tree/arch/x86/boot/bzImage", "tree/vmlinux", "tree/.config", 0 },
		{ "tree/", "tree", "6.99.1-tree", "tree/arch/x86/boot/bzImage", "tree/vmlinux", "tree/.config", 0 },
		{ "tree/arch/x86/boot/bzImage", "tree", "6.99.1-tree", "tree/arch/x86/boot/bzImage", "tree/vmlinux",
		  "tree/.config", 0 },
		{ "elf tree", "elf-tree", "elf-tree", "elf tree/vmlinux", "elf tree/vmlinux", "", 0 },
		{ "boot/vmlinuz-6.99.1-test", "vmlinuz-6.99.1-test", "6.99.1-test", "boot/vmlinuz-6.99.1-test", "",
		  "boot/config-6.99.1-test", 0 },
		{ "flat/bzImage", "flat-bzImage", "6.99.1-test", "flat/bzImage", "flat/vmlinux", "", 0 },
		{ "flat/vmlinux", "flat-vmlinux", "flat-vmlinux", "flat/vmlinux", "flat/vmlinux", "", 0 },
		{ "flat", "flat", "flat", "flat/bzImage", "flat/vmlinux", "", 0 },
		{ "source", NULL, NULL, NULL, NULL, NULL, X_NO_KERNEL },
		{ "empty", NULL, NULL, NULL, NULL, NULL, X_NO_KERNEL },
		{ "missing", NULL, NULL, NULL, NULL, NULL, X_NO_INPUT },
		{ "text", NULL, NULL, NULL, NULL, NULL, X_BAD_KERNEL },
	};
	const char *dir = *state;

	make_trees(dir);
	for (size_t i = 0; i < countof(cases); i++) {
		auto_free char *id = xasprintf("%s/%s", dir, cases[i].id);
		auto_kernel struct kernel k = { 0 };
		struct err e = { 0 };
		int r = kernel_resolve(&k, id, NULL, &e);

		if (cases[i].code) {
			assert_true(r < 0);
			assert_int_equal(e.code, cases[i].code);
			continue;
		}
		const char *const have[] = { k.image, k.vmlinux, k.config };
		const char *const want[] = { cases[i].image, cases[i].vmlinux, cases[i].config };

		assert_int_equal(r, 0);
		assert_string_equal(k.name, cases[i].name);
		assert_string_equal(k.label, cases[i].label);
		for (size_t f = 0; f < countof(have); f++) {
			if (*want[f])
				assert_string_equal(have[f] + strlen(dir) + 1, want[f]);
			else
				assert_null(have[f]);
		}
	}
}

static void bare_names_and_home(void **state)
{
	auto_free char *cwd = getcwd(NULL, 0);
	auto_kernel struct kernel k = { 0 };
	struct err e = { 0 };

	make_trees(*state);
	setenv("KTSTR_CACHE_DIR", "/nonexistent", 1);
	setenv("HOME", *state, 1);
	assert_int_equal(chdir(*state), 0);
	assert_int_equal(kernel_resolve(&k, "tree", NULL, &e), 0);
	assert_int_equal(k.image[0], '/');
	kernel_free(&k);
	assert_int_equal(kernel_resolve(&k, "~/flat", NULL, &e), 0);
	assert_string_equal(k.name, "flat");
	kernel_free(&k);
	assert_true(kernel_resolve(&k, "~other/flat", NULL, &e) < 0);
	assert_int_equal(e.code, X_NO_INPUT);
	assert_int_equal(chdir(cwd), 0);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(kinds),  cmocka_unit_test(versions),       cmocka_unit_test(distances),
		in_scratch(in_the_cache), in_scratch(from_the_environment), in_scratch(an_empty_cache_says_what_to_do),
		in_scratch(by_path),      in_scratch(bare_names_and_home),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
