/* What --kernel means. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>
#include <cmocka.h>

#include "fake_kernel.h"
#include "kernel_words.h"
#include "kernel/cache/entry.h"
#include "kernel/name/id.h"
#include "text/distance.h"
#include "text/kver.h"
#include "kernel/name/locate.h"
#include "kernel/name/nearest.h"
#include "scratch.h"

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
		{ "6.21", "6.12.117", 1 },
	};

	(void)state;
	for (size_t i = 0; i < countof(cases); i++)
		assert_int_equal(edit_distance_prefix(cases[i].id, cases[i].name), cases[i].d);
}

static struct kernel_host here(const char *root)
{
	struct kernel_host h;

	kernel_host_here(&h);
	h.root = root;
	snprintf(h.release, sizeof(h.release), "6.99.1-test");
	return h;
}

struct fake {
	const char *key, *source, *version, *release, *built_at, *kconfig, *own_kconfig, *ktstr, *arch;
};

static void entry(const char *dir, const struct fake *k)
{
	auto_free char *image = xasprintf("%s/image", dir);
	struct kernel_files f = { .image = image };
	struct kernel_host h = here("");
	struct kernel_meta m = {
		.version = (char *)k->version,
		.source = (char *)k->source,
		.arch = (char *)(k->arch ? k->arch : h.machine),
		.image_name = (char *)"bzImage",
		.built_at = (char *)k->built_at,
		.release = (char *)k->release,
		.ktstr_kconfig_hash = (char *)k->kconfig,
		.ktstr_git_hash = (char *)k->ktstr,
		.extra_kconfig_hash = (char *)k->own_kconfig,
	};
	struct err e = { 0 };

	scratch_text(dir, "image", "x");
	assert_int_equal(kernel_store(k->key, &m, &f, &e), 0);
}

static char *use_cache(const char *dir)
{
	char *root = xasprintf("%s/cache", dir);

	setenv("KTSTR_CACHE_DIR", root, 1);
	unsetenv("KTSTR_KERNEL");
	return root;
}

static char *fill(const char *dir)
{
	static const struct fake kernels[] = {
		{ "6.12.9-import-a", "import", "6.12.9", "6.12.9-one", .built_at = "2026-03-01T00:00:00Z" },
		{ "6.12.117-import-old", "import", "6.12.117", "6.12.117-two", .built_at = "2026-01-01T00:00:00Z" },
		{ "6.12.117-import-new", "import", "6.12.117", "6.12.117-two", .built_at = "2026-02-01T00:00:00Z" },
		{ "local-6.13.0-abc", "local", NULL, "6.13.0", .built_at = "2026-04-01T00:00:00Z", "current1" },
		/* Somebody's tree that calls itself as a release does, and is newer. */
		{ "local-6.12.117-fff", "local", NULL, "6.12.117", .built_at = "2026-04-01T01:00:00Z", "current1" },
		{ "stale", "local", NULL, "6.16.0", .built_at = "2026-05-01T00:00:00Z", "another1" },
		{ "6.17.3-tarball-fresh", "tarball", "6.17.3", "6.17.3", .built_at = "2026-01-01T00:00:00Z",
		  "current1" },
		{ "6.17.3-tarball-stale", "tarball", "6.17.3", "6.17.3", .built_at = "2026-05-02T00:00:00Z",
		  "another1" },
		{ "upstream", "tarball", "6.18.1", NULL, .built_at = "2026-05-03T00:00:00Z", "current1", NULL,
		  "0123abc" },
		{ "candidate", "import", "6.12-rc3", "6.12.0-rc3", .built_at = "2026-04-02T00:00:00Z" },
		{ "6.19.1-tarball-xfeed", "tarball", "6.19.1", "6.19.1", .built_at = "2026-07-01T00:00:00Z", "current1",
		  "feed" },
		{ "9.9.9-for-mips", "import", "9.9.9", "9.9.9", .built_at = "2026-06-01T00:00:00Z", .arch = "mips" },
	};
	char *root = use_cache(dir);

	for (size_t i = 0; i < countof(kernels); i++)
		entry(dir, &kernels[i]);
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
		{ "6.17", "6.17.3-tarball-fresh", NULL },
		{ "6.17.3-tarball-stale", "6.17.3-tarball-stale", NULL },
		{ "6.18.1", "upstream", NULL },
		{ "6.19.1-tarball-xfeed", "6.19.1-tarball-xfeed", NULL },
		{ "6.19.1-tarball-", "6.19.1-tarball-xfeed", NULL },
		{ "local-6.12", "local-6.12.117-fff", NULL },
		{ "stale", "stale", NULL },
		{ "6.12.117-two", "6.12.117-import-new", NULL },
		{ "6.12.117-import-old", "6.12.117-import-old", NULL },
		{ "6.12.117-import-o", "6.12.117-import-old", NULL },
		{ "9.9.9-for-mips", "9.9.9-for-mips", NULL },
		{ NULL, "candidate", NULL },
		{ "", "candidate", NULL },
		{ "6.12.117-import-", NULL, "6.12.117-import-new, 6.12.117-import-old" },
		{ "6.12.11", NULL, "near: 6.12.9, 6.12-rc3, 6.12.117; cargo ktstr kernel build 6.12.11 makes it" },
		{ "6.12.118", NULL, "near: 6.12.117, 6.12.9" },
		{ "6.12.5000", NULL, "near: 6.12.117, 6.12.9" },
		{ "6.19.1", NULL, "near: 6.19.1-tarball-xfeed" },
		{ "6.19", NULL, "near: 6.19.1-tarball-xfeed" },
		{ "6.99.9", NULL, "near: 6.19.1-tarball-xfeed, 6.18.1, 6.17.3" },
		{ "6.14.9", NULL, "near: 6.12.9, 6.13.0, 6.12.117" },
		{ "6.12..6.13", NULL, "range" },
		{ "lokal-6.13", NULL, "near: local-6.13.0-abc" },
		{ "9.9.9", NULL, "near: 9.9.9-for-mips" },
		{ "zzzzzz", NULL, "kernel list" },
		{ "junk", NULL, "damaged" },
	};
	auto_free char *root = fill(*state);

	for (size_t i = 0; i < countof(cases); i++) {
		auto_kernel struct kernel k = { 0 };
		struct err e = { 0 };
		int r = resolve_text(&k, cases[i].id, "current1", &e);

		if (cases[i].key) {
			auto_free char *image = xasprintf("%s/%s/bzImage", root, cases[i].key);

			assert_int_equal(r, 0);
			assert_string_equal(k.name, cases[i].key);
			assert_string_equal(k.key, cases[i].key);
			assert_string_equal(k.image, image);
		} else {
			assert_true(r < 0);
			assert_int_equal(e.code, strstr(cases[i].id, "..") ? X_USAGE : X_NO_KERNEL);
			if (!strstr(e.msg, cases[i].word))
				fail_msg("%s: %s", cases[i].id, e.msg);
		}
	}
}

static void ranges(void **state)
{
	static const struct {
		const char *range, *keys; /* or refused with this word and code */
		int code;
	} cases[] = {
		{ "6.12..6.13", "6.12.117-import-new local-6.13.0-abc ", 0 },
		{ "6.13..6.17", "local-6.13.0-abc stale 6.17.3-tarball-fresh ", 0 },
		{ "6.12..6.12", "6.12.117-import-new ", 0 },
		{ "1.0..99.0", "6.12.117-import-new local-6.13.0-abc stale 6.17.3-tarball-fresh upstream ", 0 },
		{ "6.19..7.0", "which has 6.18.1, 6.17.3, 6.16.0, 6.12-rc3, 6.12.117, 6.13.0, 6.12.9", X_NO_KERNEL },
		{ "6.13..6.12", "older", X_USAGE },
		{ "6.12.1..6.13", "not a range", X_USAGE },
		{ "6.12..", "not a range", X_USAGE },
		{ "..", "not a range", X_USAGE },
		{ "6.12", "not a range", X_USAGE },
	};
	auto_free char *root = fill(*state);

	for (size_t i = 0; i < countof(cases); i++) {
		auto_free struct kernel *v = NULL;
		auto_free char *keys = NULL;
		struct err e = { 0 };
		size_t n = 0, size;
		FILE *f = xmemstream(&keys, &size);
		struct kernel_word w;
		int r = kernel_word_parse(&w, cases[i].range, &e);

		auto_kernel_cache struct kernel_cache c = { .kconfig_hash = "current1" };

		if (r == 0)
			r = kernel_range(&v, &n, &w, &c, &e);

		for (size_t k = 0; k < n; k++) {
			fprintf(f, "%s ", v[k].key);
			kernel_free(&v[k]);
		}
		fclose(f);
		assert_int_equal(e.code, cases[i].code);
		assert_int_equal(r < 0, cases[i].code != 0);
		if (cases[i].code && !strstr(e.msg, cases[i].keys))
			fail_msg("%s: %s", cases[i].range, e.msg);
		if (!cases[i].code)
			assert_string_equal(keys, cases[i].keys);
	}
}

/* However many words a request has. */
static void the_cache_is_read_once(void **state)
{
	auto_kernel_cache struct kernel_cache c = { .kconfig_hash = "current1" };
	auto_free char *root = fill(*state), *aside = xasprintf("%s/aside", (char *)*state);
	static const char *const ids[] = { "6.12.117", "6.13" };
	struct err e = { 0 };

	for (size_t i = 0; i < countof(ids); i++) {
		const struct kernel_word w = word_of(ids[i]);
		auto_kernel struct kernel k = { 0 };

		assert_int_equal(kernel_resolve(&k, &w, &c, &e), 0);
		assert_non_null(strstr(k.name, ids[i]));
		assert_int_equal(rename(i ? aside : root, i ? root : aside), 0);
	}
}

static void from_the_environment(void **state)
{
	auto_free char *root = fill(*state);
	auto_kernel struct kernel k = { 0 };
	struct err e = { 0 };

	setenv("KTSTR_KERNEL", "  6.12.9\n", 1);
	assert_int_equal(resolve_text(&k, NULL, NULL, &e), 0);
	assert_string_equal(k.label, "6.12.9");
	kernel_free(&k);
	assert_int_equal(resolve_text(&k, "6.12.117", NULL, &e), 0);
	assert_string_equal(k.label, "6.12.117");
	setenv("KTSTR_KERNEL", "nothing", 1);
	kernel_free(&k);
	assert_true(resolve_text(&k, NULL, NULL, &e) < 0);
	assert_non_null(strstr(e.msg, "KTSTR_KERNEL"));
	unsetenv("KTSTR_KERNEL");
}

static void an_empty_cache_says_what_to_do(void **state)
{
	auto_kernel struct kernel k = { 0 };
	struct kernel_host h = here(*state);
	auto_kernel_cache struct kernel_cache c = { 0 };
	auto_free char *cwd = getcwd(NULL, 0);
	struct err e = { 0 };

	setenv("KTSTR_CACHE_DIR", *state, 1);
	unsetenv("KTSTR_KERNEL");
	assert_int_equal(chdir(*state), 0);
	assert_true(kernel_resolve_on(&h, &k, NULL, &c, &e) < 0);
	assert_int_equal(e.code, X_NO_KERNEL);
	assert_non_null(strstr(e.msg, "kernel import"));
	assert_true(resolve_text(&k, "6.12", NULL, &e) < 0);
	assert_non_null(strstr(e.msg, "kernel build 6.12)"));
	assert_int_equal(chdir(cwd), 0);
}

/* Each of the places comes up once those before it are gone. */
static void without_an_id(void **state)
{
	static const struct {
		const char *label, *image, *remove;
	} cases[] = {
		{ "6.1.1", "cache/fresh/bzImage", "cache/fresh" },
		{ "linux", "work/linux/vmlinux", "work/linux" },
		{ "linux", "linux/bzImage", "linux" },
		{ "build", "lib/modules/6.99.1-test/build/vmlinux", "lib/modules/6.99.1-test/build" },
		{ "6.99.1-test", "lib/modules/6.99.1-test/vmlinuz", "lib/modules/6.99.1-test/vmlinuz" },
		{ "6.99.1-test", "boot/vmlinuz-6.99.1-test", "boot/vmlinuz-6.99.1-test" },
		{ "6.99.1-test", "boot/vmlinuz", "boot/vmlinuz" },
	};
	static const struct fake skipped[] = {
		{ "fresh", "tarball", "6.1.1", NULL, .built_at = "2026-01-01T00:00:00Z", "current1" },
		{ "stale", "tarball", "6.1.2", NULL, .built_at = "2026-02-01T00:00:00Z", "another1" },
		{ "upstream", "tarball", "6.1.3", NULL, .built_at = "2026-03-01T00:00:00Z", "current1", NULL,
		  "unknown" },
		{ "own", "tarball", "6.1.4", NULL, .built_at = "2026-04-01T00:00:00Z", "current1", "feed" },
		{ "mips", "tarball", "6.1.5", NULL, .built_at = "2026-05-01T00:00:00Z", "current1", .arch = "mips" },
	};
	const char *dir = *state;
	auto_free char *cwd = getcwd(NULL, 0);
	auto_free char *root = use_cache(dir);
	auto_free char *work = xasprintf("%s/work", dir);
	struct kernel_host h = here(dir);
	struct bytes elf = fake_elf("6.99.1-test", "sched_ext_ops", EM_X86_64);
	struct bytes image = fake_bzimage("6.99.1-test", elf);
	auto_kernel struct kernel none = { 0 };
	struct err e = { 0 };

	snprintf(h.machine, sizeof(h.machine), "x86_64");
	for (size_t i = 0; i < countof(skipped); i++) {
		struct fake k = skipped[i];

		k.arch = k.arch ? k.arch : "x86_64";
		entry(dir, &k);
	}
	for (size_t i = 1; i < countof(cases); i++)
		scratch_file(dir, cases[i].image, image.p, image.n);
	scratch_text(dir, "sys/kernel/sched_ext/state", "disabled\n");
	assert_int_equal(chdir(work), 0);
	for (size_t i = 0; i < countof(cases); i++) {
		auto_kernel_cache struct kernel_cache c = { .kconfig_hash = "current1" };
		auto_kernel struct kernel k = { 0 };

		assert_int_equal(kernel_resolve_on(&h, &k, NULL, &c, &e), 0);
		assert_string_equal(k.image + strlen(dir) + 1, cases[i].image);
		assert_string_equal(k.label, cases[i].label);
		auto_free char *gone = xasprintf("%s/%s", dir, cases[i].remove);

		assert_int_equal(rmtree(AT_FDCWD, gone, &e), 0);
	}
	auto_kernel_cache struct kernel_cache c = { .kconfig_hash = "current1" };

	assert_true(kernel_resolve_on(&h, &none, NULL, &c, &e) < 0);
	assert_int_equal(e.code, X_NO_KERNEL);
	assert_non_null(strstr(e.msg, "is current"));
	free(elf.p);
	free(image.p);
	assert_int_equal(chdir(cwd), 0);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(versions),
		cmocka_unit_test(distances),
		in_scratch(in_the_cache),
		in_scratch(ranges),
		in_scratch(the_cache_is_read_once),
		in_scratch(from_the_environment),
		in_scratch(an_empty_cache_says_what_to_do),
		in_scratch(without_an_id),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
