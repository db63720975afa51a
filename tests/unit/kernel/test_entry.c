/* The kernel cache folder: storing, replacing, listing, and what other programs leave there. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>
#include <cmocka.h>

#include <dirent.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <time.h>

#include "kernel/cache/entry.h"
#include "kernel/cache/usage.h"
#include "scratch.h"

static struct kernel_meta meta(const char *built_at)
{
	return (struct kernel_meta){
		.source = (char *)"local",
		.arch = (char *)"x86_64",
		.image_name = (char *)"bzImage",
		.built_at = (char *)built_at,
		.ktstr_kconfig_hash = (char *)"11112222",
	};
}

static void keys(void **state)
{
	static const struct {
		const char *key;
		int r;
	} cases[] = {
		{ "6.14.2-tarball-x86_64-kc4a386fe9-0123456", 0 },
		{ "7.3.4+deb13-import", 0 },
		{ "a", 0 },
		{ "", -1 },
		{ " \t", -1 },
		{ "a/b", -1 },
		{ "a\\b", -1 },
		{ ".", -1 },
		{ "..", -1 },
		{ "a..b", -1 },
		{ ".tmp-a", -1 },
		{ ".lock-a", -1 },
	};

	(void)state;
	for (size_t i = 0; i < countof(cases); i++) {
		struct err e = { 0 };

		assert_int_equal(kernel_key_check(cases[i].key, &e), cases[i].r);
		assert_int_equal(e.msg[0] != '\0', cases[i].r < 0);
	}
}

static void roots(void **state)
{
	static const struct {
		const char *own, *xdg, *home, *root;
	} cases[] = {
		{ "/a/b", "/x", "/h", "/a/b" },
		{ "", "/x", "/h", "/x/ktstr/kernels" },
		{ NULL, "/x", "/h", "/x/ktstr/kernels" },
		{ NULL, "", "/h", "/h/.cache/ktstr/kernels" },
		{ NULL, NULL, NULL, NULL },
	};
	static const char *const names[] = { "KTSTR_CACHE_DIR", "XDG_CACHE_HOME", "HOME" };

	(void)state;
	for (size_t i = 0; i < countof(cases); i++) {
		const char *const values[] = { cases[i].own, cases[i].xdg, cases[i].home };
		auto_free char *root = NULL;
		struct err e;

		for (size_t v = 0; v < countof(names); v++) {
			if (values[v])
				setenv(names[v], values[v], 1);
			else
				unsetenv(names[v]);
		}
		root = kernel_root(&e);
		if (cases[i].root)
			assert_string_equal(root, cases[i].root);
		else
			assert_null(root);
	}
	setenv("KTSTR_CACHE_DIR", "relative", 1);

	auto_free char *cwd = getcwd(NULL, 0);
	auto_free char *expected = xasprintf("%s/relative", cwd);
	struct err e;
	auto_free char *root = kernel_root(&e);

	assert_string_equal(root, expected);
}

static unsigned count(const char *dir)
{
	DIR *d = opendir(dir);
	unsigned n = 0;

	assert_non_null(d);
	for (const struct dirent *ent; (ent = readdir(d));)
		n += strcmp(ent->d_name, ".") && strcmp(ent->d_name, "..");
	closedir(d);
	return n;
}

static void store(const char *dir, const char *key, const char *built_at, const char *image)
{
	auto_free char *image_path = xasprintf("%s/in/image", dir);
	auto_free char *config_path = xasprintf("%s/in/config", dir);
	struct kernel_files f = { .image = image_path, .config = config_path };
	struct kernel_meta m = meta(built_at);
	struct err e = { 0 };

	scratch_text(dir, "in/image", image);
	scratch_text(dir, "in/config", "123456789");
	assert_int_equal(kernel_store(key, &m, &f, &e), 0);
}

static char *use_cache(const char *dir)
{
	char *root = xasprintf("%s/cache", dir);

	setenv("KTSTR_CACHE_DIR", root, 1);
	return root;
}

static void stores_and_replaces(void **state)
{
	auto_kernel_list struct kernel_list l = { 0 };
	auto_free char *root = use_cache(*state);
	auto_free char *image = xasprintf("%s/one/bzImage", root);
	auto_free char *text = NULL;
	struct err e;

	store(*state, "one", "2026-01-01T00:00:00Z", "old");
	store(*state, "one", NULL, "new");
	assert_int_equal(file_read(AT_FDCWD, image, 100, &text, NULL, &e), 0);
	assert_string_equal(text, "new");
	assert_int_equal(count(root), 1);
	assert_int_equal(kernel_list(&l, "11112222", &e), 0);
	assert_int_equal(l.n, 1);
	assert_string_equal(l.v[0].key, "one");
	assert_string_equal(l.v[0].meta.config_hash, "cbf43926");
	assert_null(l.v[0].meta.vmlinux_name);
	assert_int_equal(strlen(l.v[0].meta.built_at), 20);
	assert_false(l.v[0].stale_kconfig);
}

static void a_file_in_the_way_is_replaced(void **state)
{
	auto_free char *root = use_cache(*state);
	auto_free char *image = xasprintf("%s/one/bzImage", root);

	scratch_text(root, "one", "no folder");
	store(*state, "one", NULL, "new");
	assert_true(file_exists(image));
	assert_int_equal(count(root), 1);
}

static void failures_leave_nothing(void **state)
{
	auto_free char *root = use_cache(*state);
	auto_free char *missing = xasprintf("%s/nothing", (char *)*state);
	struct kernel_files f = { .image = missing };
	struct kernel_meta m = meta(NULL);
	struct err e = { 0 };

	assert_true(kernel_store("one", &m, &f, &e) < 0);
	assert_non_null(strstr(e.msg, "one"));
	assert_int_equal(count(root), 0);
	assert_true(kernel_store("a/b", &m, &f, &e) < 0);
	setenv("KTSTR_CACHE_DIR", "/dev/null/x", 1);
	assert_true(kernel_store("one", &m, &f, &e) < 0);
	assert_int_equal(e.code, X_STORE);
}

static void leftovers_of_the_dead_are_collected(void **state)
{
	auto_free char *root = use_cache(*state);
	auto_free char *parents = xasprintf(".tmp-one.pid%d/x", getppid());
	auto_free char *own = xasprintf(".tmp-one.pid%d/x", getpid());
	auto_free char *alive = xasprintf(".tmp-one-%d/x", getppid());

	scratch_text(root, parents, "");
	scratch_text(root, own, "");
	scratch_text(root, ".tmp-other.pid1/x", "");
	scratch_text(root, alive, "");
	scratch_text(root, ".tmp-one-4194999/x", "");
	scratch_text(root, ".tmp-one-two-1/x", "");
	store(*state, "one", NULL, "image");
	assert_int_equal(count(root), 5);
}

/* Names that are no drafts, or hardly. */
static void drafts_of_nobody(void **state)
{
	static const char *const names[] = { ".tmp-",
					     ".tmp-1",
					     ".tmp--1",
					     ".tmp-.pid1",
					     ".tmp-a.pid",
					     ".tmp-a.pid0",
					     ".tmp-a.pid99999999999999999999",
					     ".tmp-a.1" };
	auto_free char *root = use_cache(*state);

	for (size_t i = 0; i < countof(names); i++) {
		auto_free char *file = xasprintf("%s/x", names[i]);

		scratch_text(root, file, "");
	}
	store(*state, "a", NULL, "image");
	kernel_collect();
	assert_int_equal(count(root), countof(names) + 1);
}

static void list_order(void **state)
{
	static const char *const expected[] = { "newest", "a-middle", "b-middle", "oldest", "broken", "junk" };
	auto_kernel_list struct kernel_list l = { 0 };
	auto_free char *root = use_cache(*state);
	struct err e;

	store(*state, "oldest", "2025-01-01T00:00:00Z", "x");
	store(*state, "b-middle", "2025-06-01T00:00:00Z", "x");
	store(*state, "newest", "2026-01-01T00:00:00Z", "x");
	store(*state, "a-middle", "2025-06-01T00:00:00Z", "x");
	scratch_text(root, "junk/metadata.json", "{");
	store(*state, "broken", "2027-01-01T00:00:00Z", "x");
	auto_free char *image = xasprintf("%s/broken/bzImage", root);
	unlink(image);
	scratch_text(root, ".tmp-x-1/metadata.json", "{}");
	scratch_text(root, "a file", "");

	assert_int_equal(kernel_list(&l, "00000000", &e), 0);
	assert_int_equal(l.n, countof(expected));
	for (size_t i = 0; i < countof(expected); i++) {
		assert_string_equal(l.v[i].key, expected[i]);
		assert_int_equal(l.v[i].corrupt != NULL, i >= 4);
		assert_int_equal(l.v[i].stale_kconfig, i < 4);
	}
	assert_non_null(strstr(l.v[4].corrupt, "bzImage is missing"));
}

static void no_cache_is_empty_and_not_made(void **state)
{
	auto_kernel_list struct kernel_list l = { 0 };
	auto_free char *root = use_cache(*state);
	struct err e;

	assert_int_equal(kernel_list(&l, NULL, &e), 0);
	assert_int_equal(l.n, 0);
	assert_false(file_exists(root));
}

static void stale_marks(void **state)
{
	static const struct {
		const char *kconfig, *ktstr, *source;
		bool stale_kconfig, stale_ktstr;
	} cases[] = {
		{ "11112222", NULL, "local", false, false },   { "33334444", NULL, "tarball", true, false },
		{ "11112222", "0123456", "git", false, true }, { "33334444", "unknown", "tarball", true, true },
		{ "33334444", NULL, "import", false, false },  { NULL, NULL, "tarball", false, false },
	};
	auto_free char *root = use_cache(*state);
	auto_free char *dir = xasprintf("%s/one", root);
	auto_free char *image = xasprintf("%s/in/image", (char *)*state);
	struct kernel_files f = { .image = image };

	store(*state, "one", NULL, "image");
	for (size_t i = 0; i < countof(cases); i++) {
		struct kernel_meta m = meta(NULL);
		struct kernel_entry k;
		struct err e;

		m.ktstr_kconfig_hash = (char *)cases[i].kconfig;
		m.ktstr_git_hash = (char *)cases[i].ktstr;
		m.source = (char *)cases[i].source;
		assert_int_equal(kernel_store("one", &m, &f, &e), 0);
		kernel_entry_read(&k, dir, "11112222");
		assert_null(k.corrupt);
		assert_int_equal(k.stale_kconfig, cases[i].stale_kconfig);
		assert_int_equal(k.stale_ktstr, cases[i].stale_ktstr);
		kernel_entry_free(&k);
	}
}

static void size_and_last_use(void **state)
{
	auto_free char *root = use_cache(*state);
	auto_free char *dir = xasprintf("%s/one", root);
	auto_free char *nothing = xasprintf("%s/nothing", root);
	auto_free char *meta_file = xasprintf("%s/metadata.json", dir);
	time_t before = time(NULL) - 2;
	struct stat st;

	store(*state, "one", NULL, "12345");
	assert_int_equal(stat(meta_file, &st), 0);
	assert_int_equal(kernel_usage(dir).bytes, 5 + 9 + st.st_size);
	assert_int_equal(kernel_usage(dir).used, 0);
	kernel_mark_used(dir);
	assert_true(kernel_usage(dir).used > before);
	kernel_mark_used(nothing);
	assert_int_equal(kernel_usage(nothing).bytes, 0);
	assert_false(file_exists(nothing));
}

static void removing(void **state)
{
	auto_kernel_list struct kernel_list l = { 0 };
	auto_free char *root = use_cache(*state);
	struct err e = { 0 };

	store(*state, "one", NULL, "old");
	assert_int_equal(kernel_list(&l, NULL, &e), 0);
	store(*state, "one", NULL, "new");
	assert_int_equal(kernel_remove(&l.v[0], &e), KERNEL_IN_WORK);
	kernel_list_free(&l);
	assert_int_equal(kernel_list(&l, NULL, &e), 0);
	assert_int_equal(kernel_remove(&l.v[0], &e), KERNEL_REMOVED);
	assert_int_equal(kernel_remove(&l.v[0], &e), KERNEL_REMOVED);
	assert_int_equal(count(root), 0);
}

/* Writers of one key at once: a reader that looks again and again never misses the entry. */
static void a_crowd_never_hides_the_entry(void **state)
{
	enum { WRITERS = 4, ROUNDS = 10 };
	auto_free char *root = use_cache(*state);
	pid_t pid[WRITERS];
	int status, ended = 0;

	store(*state, "one", NULL, "first");
	for (int w = 0; w < WRITERS; w++) {
		if ((pid[w] = fork()) != 0)
			continue;

		auto_free char *image = xasprintf("%s/in/image", (char *)*state);
		struct kernel_files f = { .image = image };
		struct kernel_meta m = meta(NULL);
		struct err e;

		for (int i = 0; i < ROUNDS; i++)
			if (kernel_store("one", &m, &f, &e) < 0)
				_exit(1);
		_exit(0);
	}
	while (ended < WRITERS) {
		auto_kernel_list struct kernel_list l = { 0 };
		struct err e;

		assert_int_equal(kernel_list(&l, NULL, &e), 0);
		assert_int_equal(l.n, 1);
		assert_true(file_exists(l.v[0].dir));
		while (waitpid(-1, &status, WNOHANG) > 0) {
			assert_int_equal(status, 0);
			ended++;
		}
	}
	assert_int_equal(count(root), 1);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(keys),
		cmocka_unit_test(roots),
		in_scratch(stores_and_replaces),
		in_scratch(a_file_in_the_way_is_replaced),
		in_scratch(failures_leave_nothing),
		in_scratch(leftovers_of_the_dead_are_collected),
		in_scratch(drafts_of_nobody),
		in_scratch(list_order),
		in_scratch(no_cache_is_empty_and_not_made),
		in_scratch(stale_marks),
		in_scratch(size_and_last_use),
		in_scratch(removing),
		in_scratch(a_crowd_never_hides_the_entry),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
